"""Masks that a person corrected, back among the results, and the list of those who want one."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from cases.commands import aslmyoseg, write_good_files
from cases.studies import finish

from ASLMyoSegLib.io import read_masks, read_series
from ASLMyoSegLib.io.posterior import image_of
from ASLMyoSegLib.io.results import find_results


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One tiny series of BIDS, and its model and masks beside."""
    write_good_files(tmp_path)
    folder = tmp_path / "data" / "sub-01" / "perf"
    folder.mkdir(parents=True)
    for file in tmp_path.glob("sub-01_*"):
        shutil.copy(file, folder)
    return tmp_path / "data"


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "group_mbf.tsv").open() as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_corrected_masks_go_into_the_results_and_are_never_overwritten(data: Path, tmp_path: Path):
    out = data / "derivatives" / "aslmyoseg"
    words = ["run", data, "-o", out, "--model", tmp_path / "tiny.safetensors", "--trials", 2]
    assert aslmyoseg(*words).status == 0
    done = aslmyoseg("correct", out, "sub-01", tmp_path / "masks.nii.gz")
    assert (done.status, done.printed.strip()) == (0, str(out / "sub-01.html")), done.errors
    (layout,) = find_results(out)
    series = read_series(data / "sub-01" / "perf" / "sub-01_asl.nii.gz")
    kept = read_masks(image_of(layout, "desc-myocardium_mask"), series)
    assert np.array_equal(kept, read_masks(tmp_path / "masks.nii.gz", series))
    summary = json.loads(layout.summary.read_text())
    assert {frame["status"] for frame in summary["frames"]} == {"corrected"}
    assert "Of 3 masks, 3 were corrected by hand" in layout.report.read_text()
    assert aslmyoseg("group", out).status == 0
    assert {row["images_corrected"] for row in rows(out)} == {"3"}
    assert {row["images_to_check"] for row in rows(out)} == {"0"}
    assert aslmyoseg("review", out).printed == ""
    assert "finished before" in aslmyoseg(*words).printed
    other = aslmyoseg(*words, "--seed", 5, "--overwrite")
    assert other.status == 2
    assert "masks that a person corrected or accepted" in other.errors


def test_review_lists_those_who_want_a_person_the_most_doubtful_first(tmp_path: Path):
    for name, score in (("sure", 0.1), ("doubtful", 0.9), ("empty", None), ("middling", 0.5)):
        finish(tmp_path, name, 1.0, score)
    listed = aslmyoseg("review", tmp_path).printed.splitlines()
    assert [line.split("\t")[0] for line in listed] == ["empty", "doubtful", "middling"]
    assert listed[1].split("\t")[1:] == ["2 of 2", "0.90", f"{tmp_path}/doubtful/report.html"]


def test_masks_without_their_images_are_one_line(tmp_path: Path):
    finish(tmp_path, "heart", 1.0)
    done = aslmyoseg("correct", tmp_path, "heart", tmp_path / "masks.nii.gz")
    assert (done.status, len(done.lines)) == (2, 1)
    assert "summary.json" in done.errors
    assert "holds 0 results of lung" in aslmyoseg("correct", tmp_path, "lung", "m.nii.gz").errors
