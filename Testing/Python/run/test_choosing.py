"""Which series of a data set are done, how many at once, and what is told before."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from unittest import mock

import pytest
from cases.commands import aslmyoseg, write_good_files

from ASLMyoSegLib.commands import bids_app
from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.processes.pool import done_by_processes
from ASLMyoSegLib.run.choosing import Choice

NAMES = ("sub-01_ses-a_acq-rest", "sub-01_ses-a_acq-stress", "sub-02_ses-a_acq-rest")


@pytest.fixture
def data_set(tmp_path: Path) -> Path:
    """Three tiny series, the last of which is broken."""
    root = tmp_path / "data"
    write_good_files(tmp_path)
    for name in NAMES:
        folder = root / name[:6] / "ses-a" / "perf"
        folder.mkdir(parents=True, exist_ok=True)
        for file in tmp_path.glob("sub-01_*"):
            shutil.copy(file, folder / file.name.replace("sub-01", name))
    (root / f"sub-02/ses-a/perf/{NAMES[2]}_asl.nii.gz").write_bytes(b"junk")
    (root / "participants.tsv").write_text("participant_id\tgroup\nsub-01\tpatient\n")
    return root


def bids_command(*words: object) -> int:
    argv = mock.patch.object(sys, "argv", ["aslmyoseg-bids", *map(str, words)])
    with argv, pytest.raises(SystemExit) as end:
        bids_app.main()
    return int(end.value.code or 0)


def test_labels_and_entities_choose_and_a_label_that_nobody_has_is_named():
    sources = [Path(f"/d/{name[:6]}/ses-a/perf/{name}_asl.nii.gz") for name in NAMES]
    assert Choice(("01",), ("ses-a",), {"acq": "stress"}).of(sources, Path("/d")) == [sources[1]]
    assert Choice().of(sources, Path("/d")) == sources
    with pytest.raises(SeriesError, match="/d: no series of sub-7; there are 01, 02"):
        Choice(("sub-7",)).of(sources, Path("/d"))
    with pytest.raises(SeriesError, match="none of its 3 series is chosen"):
        Choice(entities={"acq": "exercise"}).of(sources, Path("/d"))


def test_a_dry_run_tells_of_each_series_what_would_become_of_it_and_writes_nothing(
    data_set: Path, tmp_path: Path
):
    words = ["run", data_set, "-o", tmp_path / "out", "--model", tmp_path / "tiny.safetensors"]
    words += ["--trials", 2]
    told = aslmyoseg(*words, "--dry-run")
    assert told.status == 2
    assert told.printed.splitlines() == [f"{tmp_path}/out/{n}.html (to do)" for n in NAMES[:2]]
    assert len(told.lines) == 1
    assert NAMES[2] in told.lines[0]
    assert not (tmp_path / "out").exists()
    assert aslmyoseg(*words, "--filter", "acq=stress").status == 0
    told = aslmyoseg(*words, "--dry-run", "--participant-label", "01")
    reports = [f"{tmp_path}/out/{name}.html" for name in NAMES]
    assert told.printed.splitlines() == [f"{reports[0]} (to do)", f"{reports[1]} (finished before)"]
    assert "--filter acq: write an entity" in aslmyoseg(*words, "--filter", "acq").errors


def test_the_bids_app_does_participants_one_call_each_and_then_the_group(
    data_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    options = ["--model", tmp_path / "tiny.safetensors", "--trials", 2]
    for label, status in (("01", 0), ("02", 2)):
        words = [data_set, tmp_path / "out", "participant", "--participant_label", label]
        assert bids_command(*words, *options) == status
    assert not (tmp_path / "out" / "index.html").exists()
    assert bids_command(data_set, tmp_path / "out", "group") == 0
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("<tr><td>") == 2
    assert f"{NAMES[2]}_asl.nii.gz</b>" in page  # the one that failed, with its reason
    assert str(tmp_path / "out" / "index.html") in capsys.readouterr().out


def half(number: int) -> float:
    if number == 3:
        os._exit(1)
    return number / 2


def test_a_process_that_dies_costs_only_what_it_was_at():
    found = list(done_by_processes(half, [1, 2, 3, 4], jobs=2, died=lambda number: -number))
    assert found == [0.5, 1.0, -3, 2.0]


def test_series_are_done_side_by_side_and_a_broken_one_costs_only_itself(
    data_set: Path, tmp_path: Path
):
    done = aslmyoseg(
        "run", data_set, "-o", tmp_path / "out", "--model", tmp_path / "tiny.safetensors",
        "--trials", 2, "--jobs", 2,
    )  # fmt: skip
    assert done.status == 2
    assert done.printed.splitlines() == [f"{tmp_path}/out/{n}.html" for n in NAMES[:2]]
    noted = json.loads((tmp_path / "out" / "logs" / f"{NAMES[2]}_failed.json").read_text())
    assert noted["reason"] == done.lines[0].removeprefix("failed: ")
