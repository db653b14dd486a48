"""The page over a study in a real browser: Chromium without a window, driven by Selenium."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cases.studies import finish_many

from ASLMyoSegLib.run.cohort import write_cohort

webdriver = pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="there is no chromium with its chromedriver (apt install)"
)
SUBJECTS = 500


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 1,000 series."""
    root = tmp_path_factory.mktemp("study")
    finish_many(root, SUBJECTS)
    return write_cohort(root)


@pytest.fixture(scope="module")
def browser(page: Path) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1200,900"):
        options.add_argument(word)
    service = webdriver.ChromeService(DRIVER)
    with webdriver.Chrome(options, service) as driver:
        driver.get(page.as_uri())
        yield driver


def names(browser: webdriver.Chrome) -> list[str]:
    """Of the series that are shown, in their order."""
    return browser.execute_script(
        "return [...document.querySelectorAll('#series tbody tr:not([hidden]) td:nth-child(2) a')]"
        ".map(a => a.textContent)"
    )


def press(browser: webdriver.Chrome, *keys: str) -> None:
    webdriver.ActionChains(browser).send_keys(*keys).perform()


def tab_to(browser: webdriver.Chrome, selector: str) -> None:
    """Go there with the key alone, from the element before its section."""
    start = "document.querySelector('#filter').focus()"
    browser.execute_script(start)
    for _ in range(12):
        if browser.execute_script(f"return document.activeElement.matches('{selector}')"):
            return
        press(browser, webdriver.Keys.TAB)
    raise AssertionError(f"{selector} cannot be reached by Tab")


def test_all_series_stand_there_the_most_doubtful_first_and_what_failed_with_its_reason(browser):
    assert len(names(browser)) == 2 * SUBJECTS
    first = browser.find_element("css selector", "#series tbody tr")
    assert "check" in first.text
    failed = browser.find_element("css selector", ".failed").text
    assert "sub-999_acq-rest_asl.nii.gz" in failed
    assert "not a NIfTI file" in failed
    assert browser.get_log("browser") == []


def test_the_keyboard_alone_sorts_and_filters(browser):
    tab_to(browser, "#series th:nth-child(6) button")  # flow
    press(browser, webdriver.Keys.ENTER)
    flows = browser.execute_script(
        "return [...document.querySelectorAll('#series tbody tr td:nth-child(6)')]"
        ".map(td => Number(td.dataset.key))"
    )
    assert flows == sorted(flows)
    head = browser.find_element("css selector", "#series th:nth-child(6)")
    assert head.get_attribute("aria-sort") == "ascending"
    press(browser, webdriver.Keys.ENTER)
    assert head.get_attribute("aria-sort") == "descending"
    browser.execute_script("document.querySelector('#filter').focus()")
    press(browser, "sub-007 stress")
    assert names(browser) == ["sub-007_acq-stress"]
    assert browser.find_element("id", "shown").text == f"1 of {2 * SUBJECTS}"
    press(browser, *[webdriver.Keys.BACKSPACE] * len("sub-007 stress"))
    assert len(names(browser)) == 2 * SUBJECTS


def test_each_point_of_a_strip_leads_to_its_series(browser):
    strips = browser.find_elements("css selector", ".strip")
    titles = [strip.find_element("css selector", ".title").text for strip in strips]
    assert "MCD Uncertainty" in titles
    assert "Reserve" in titles
    assert len(strips[0].find_elements("css selector", "a circle")) == 2 * SUBJECTS
    links = browser.execute_script(
        "return [...document.querySelectorAll('.strip a')].map(a => a.getAttribute('href'))"
    )
    assert all(re.fullmatch(r"sub-\d+_acq-(rest|stress)/report\.html", link) for link in links)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_in_dark(browser, scheme: str):
    feature = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)
    for selector in ("body", ".facts", "#series td a", ".flag"):
        colour, paper = browser.execute_script(
            "return [getComputedStyle(document.querySelector(arguments[0])).color,"
            "getComputedStyle(document.body).backgroundColor]",
            selector,
        )
        assert contrast(colour, paper) >= 4.5, (selector, colour, paper)  # WCAG 2, level AA


def contrast(one: str, other: str) -> float:
    """Ratio of the luminances of two colours, as WCAG 2 defines it."""
    bright, dark = sorted(map(luminance, (one, other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(v) / 255 for v in re.findall(r"\d+", colour)[:3]]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_it_prints_on_a4_without_cutting_the_table(browser):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    wide = browser.execute_script(
        "document.body.style.width = '182mm';"  # of A4, between margins of 14 mm
        "const wide = document.body.scrollWidth - document.body.clientWidth;"
        "document.body.style.width = ''; return wide"
    )
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    assert wide <= 0
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", base64.b64decode(printed["data"]))
    assert boxes
    assert {(round(float(w)), round(float(h))) for w, h in boxes} <= {(595, 842), (596, 842)}
