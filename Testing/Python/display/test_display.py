"""The bullseye's sectors, and a report that is whole and safe."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from ASLMyoSegLib.display import report
from ASLMyoSegLib.display.bullseye import draw_bullseye, save_bullseye
from ASLMyoSegLib.display.overlays import window_around
from ASLMyoSegLib.display.report import write_report
from ASLMyoSegLib.phantom import simulate_subject
from ASLMyoSegLib.series import Posterior, Segmentation
from ASLMyoSegLib.uncertainty.scores import doubtful_images


def angle_of(figure, text: str) -> float:
    """Angle of the display at which a text stands."""
    (found,) = (t for t in figure.axes[0].texts if t.get_text() == text)
    x, y = found.get_position()
    return float(np.degrees(np.arctan2(y, x)) % 360)


@pytest.mark.parametrize(
    ("number", "degrees"), [(1, 90), (2, 150), (3, 210), (4, 270), (5, 330), (6, 30), (8, 150),
                            (13, 90), (14, 180), (15, 270), (16, 0)],
)  # fmt: skip
def test_values_stand_where_cerqueira_put_the_segments(number: int, degrees: float):
    values = {n: n / 10 for n in range(1, 17)}
    figure = draw_bullseye(values, {})
    found = angle_of(figure, f"{number / 10:.2f}")
    assert abs((found - degrees + 180) % 360 - 180) < 1


def test_unknown_flow_is_not_a_number_in_the_picture():
    texts = [t.get_text() for t in draw_bullseye({7: np.nan, 8: 1.0}, {}).axes[0].texts]
    assert "n/a" in texts
    assert not any("nan" in t for t in texts)


@pytest.mark.parametrize("sides", ["geometry", "assumed", "unknown"])
def test_sides_that_are_not_fixed_by_points_are_faint_and_said_in_the_picture(sides: str):
    texts = draw_bullseye({7: 1.0}, {}, sides=sides).axes[0].texts
    sure = {t.get_text(): t.get_color() for t in draw_bullseye({7: 1.0}, {}).axes[0].texts}
    drawn = {t.get_text(): t.get_color() for t in texts}
    assert any("no RV insertion points" in t for t in drawn)
    assert ("anterior" in drawn) == (sides != "unknown")
    assert "anterior" not in drawn or drawn["anterior"] > sure["anterior"]  # nearer to white


def test_same_bullseye_gives_the_same_bytes(tmp_path: Path):
    for name in ("a", "b"):
        figure = draw_bullseye({7: 1.0}, {7: 0.1})
        save_bullseye(figure, tmp_path / f"{name}.png", tmp_path / f"{name}.svg")
    for kind in ("png", "svg"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_window_holds_every_mask():
    masks = np.zeros((2, 96, 96), bool)
    masks[0, 3:10, 3:10] = masks[1, 40:50, 60:70] = True
    window = window_around(masks, (1.0, 1.0))
    assert masks[(slice(None), *window)].sum() == masks.sum()


def test_empty_masks_and_high_scores_are_doubtful():
    scores = np.array([[0.10], [0.11], [np.nan], [0.30]])
    assert doubtful_images(scores).ravel().tolist() == [False, False, True, True]
    assert doubtful_images(np.full((3, 1), 0.8)).all()


def test_report_is_one_file_escapes_names_and_shows_doubtful_images_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    series, truth = simulate_subject(1, 1)
    series = dataclasses.replace(series, name="<script>alert(1)</script>")
    scores = np.linspace(0.1, 0.4, 13)[:, None]
    scores[4] = np.nan
    segmentation = Segmentation(truth.observer, ("automatic",) * 13, scores)
    shape = series.images.shape
    posterior = Posterior(
        truth.observer * 0.9, np.zeros(shape), 2, np.zeros((2, 13, 1, 1152), np.uint8), 0, "cpu"
    )
    summary = {
        "version": "0", "model": {"name": "m", "sha256": "0" * 64}, "device": "cpu", "trials": 2,
        "precision": None, "seconds": 1.0, "mcd_uncertainty": 1.0, "mbf": None,
        "stated": {"volume_types": ["m0scan", *["control", "label"] * 6], "inversion_time": 1.4,
                   "variable": "<i>"},
        "motion": {"limit_mm": 3.0, "corrected": False},
        "frames": [
            {"index": 0, "slice": 0, "volume_type": "<b>", "shift_pixels": [3.0, -4.0],
             "moved": True, "trials": 2},
            {"index": 1, "slice": 0, "volume_type": "label", "shift_pixels": [None, None],
             "moved": False, "trials": 2},
        ],
        "warnings": ["No blood flow: <b>no m0scan</b>"],
    }  # fmt: skip

    def written() -> str:
        write_report(
            tmp_path / "r.html", series=series, posterior=posterior, segmentation=segmentation,
            summary=summary, bullseye_svg=None,
        )  # fmt: skip
        return (tmp_path / "r.html").read_text()

    page = written()
    assert "<script" not in page
    assert "&lt;b&gt;no m0scan" in page
    assert '<td>5.00 <span class="flag">moved</span></td>' in page
    assert "<td>&lt;b&gt;</td>" in page
    said = "volume types 1 m0scan, 6 control, 6 label · inversion time 1.4 s"
    assert f"Stated by hand: {said} · variable &lt;i&gt;</p>" in page
    assert "more than 3 mm from the usual place of\nthe heart: 1 of 2" in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    order = [int(n) for n in re.findall(r'alt="frame (\d+)"', page)]
    assert order == [4, 12, 11, 10, 9, 8, 7, 6, 5, 3, 2, 1, 0]
    assert "not for clinical use" in page
    summary["stated"] = {}
    monkeypatch.setattr(report, "LARGEST_GALLERY", 3)  # of long series
    page = written()
    assert "Stated by hand" not in page
    assert re.findall(r'alt="frame (\d+)"', page) == ["4", "12", "11"]
    assert "most doubtful first: 3 of 13" in page
