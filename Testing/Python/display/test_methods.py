"""The paragraph for a paper tells what was really done."""

from __future__ import annotations

import copy
import re

from ASLMyoSegLib.display.methods import CITED, methods_section, methods_text, references

FRAME = {"trials": 64, "status": "automatic"}
SUMMARY = {
    "version": "0.2.0",
    "model": {"name": "mcd_unet", "sha256": "abcdef0123456789"},
    "precision": 0.02,
    "motion": {"corrected": False},
    "frames": [FRAME, {**FRAME, "trials": 210}],
    "mbf": {
        "kinetics": "general",
        "weights": "posterior",
        "pairs": [1.0] * 6,
        "constants": {"t1_blood": 1.65},
        "rotation_known": True,
    },
}


def test_numbers_and_versions_are_those_of_the_summary():
    text = methods_text([SUMMARY])
    assert "2 images of 1 series with ASLMyoSeg 0.2.0" in text
    assert "mcd_unet, sha256 abcdef012345" in text
    assert "64 to 210 stochastic passes" in text
    assert "below 2 %" in text
    assert "from 6 pairs" in text
    assert "T1 of blood 1.65 s" in text
    assert "No mask was corrected by hand" in text


def test_what_differs_between_series_is_told_with_all_its_values():
    other = copy.deepcopy(SUMMARY)
    other["version"] = "0.3.0"
    other["precision"] = None
    other["frames"][0]["status"] = "corrected"
    other["mbf"] |= {"kinetics": "paper", "constants": {"t1_blood": 1.55}, "rotation_known": False}
    text = methods_text([SUMMARY, other])
    assert "ASLMyoSeg 0.2.0, 0.3.0" in text
    assert "relative standard error" not in text
    assert "Of 4 masks, 1 were corrected by hand" in text
    assert "general kinetic model" in text
    assert "MBF = 60" in text
    assert "T1 of blood 1.55, 1.65 s" in text
    assert "In 1 of 2 series no right-ventricular insertion points" in text


def test_papers_are_numbered_as_they_come_and_stand_in_the_bibliography():
    page = methods_section([{**SUMMARY, "mbf": None}, SUMMARY], "logs/CITATION.bib")
    assert page.index("[1]") < page.index("[2]") < page.index("[3]")
    assert "[do2020]" not in page
    assert 'href="logs/CITATION.bib"' in page
    assert set(re.findall(r"@article{(\w+)", references())) == set(CITED)
    assert methods_section([], "") == ""
