"""Results of BIDS series as derivatives in one data set."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from cases.commands import write_good_files

from ASLMyoSegLib.errors import OutputError
from ASLMyoSegLib.io import read_posterior, read_series
from ASLMyoSegLib.io.results import find_results
from ASLMyoSegLib.network import LoadedModel
from ASLMyoSegLib.run import publishing
from ASLMyoSegLib.run.pipeline import run

NAMES = ("sub-01_ses-a_acq-rest_run-1", "sub-01_ses-a_acq-rest_run-2", "sub-01_ses-b_acq-rest")


@pytest.fixture
def data_set(tmp_path: Path) -> Path:
    """Three tiny series of one subject, in two sessions."""
    root = tmp_path / "data"
    files = tmp_path / "files"
    files.mkdir()
    write_good_files(files)
    for name in NAMES:
        folder = root / "sub-01" / name.split("_")[1] / "perf"
        folder.mkdir(parents=True, exist_ok=True)
        for file in files.glob("sub-01_*"):
            shutil.copy(file, folder / file.name.replace("sub-01", name))
    (root / "dataset_description.json").write_text('{"Name": "Hearts", "BIDSVersion": "1.10.0"}')
    return root


def content(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_sessions_runs_and_acquisitions_keep_their_names_and_folders(
    data_set: Path, small_model: LoadedModel, tmp_path: Path
):
    out = data_set / "derivatives" / "aslmyoseg"
    outcomes = run(data_set, out, model=small_model, trials=2)
    assert [o.report for o in outcomes] == [out / f"{name}.html" for name in NAMES]
    found = {layout.name: layout for layout in find_results(out)}
    assert tuple(found) == NAMES
    assert found[NAMES[2]].folder == out / "sub-01" / "ses-b" / "perf"
    for layout in found.values():
        posterior = read_posterior(layout)
        assert np.array_equal(posterior.mean.shape, (3, 1, 20, 24))
        assert layout.figure("thumbnail.png").parent == out / "sub-01" / "figures"
    assert all(o.resumed for o in run(data_set, out, model=small_model, trials=2))
    described = json.loads((out / "dataset_description.json").read_text())
    assert described["Name"] == "Myocardial blood flow of Hearts"
    assert described["DatasetLinks"] == {"raw": "../.."}


def test_results_of_an_earlier_version_and_the_data_set_itself_are_left_alone(
    data_set: Path, small_model: LoadedModel, tmp_path: Path
):
    earlier = tmp_path / "earlier"
    (earlier / NAMES[0]).mkdir(parents=True)
    (earlier / NAMES[0] / "summary.json").write_text("{}")
    made = {"GeneratedBy": [{"Name": "ASLMyoSeg", "Version": "0.1.0"}]}
    (earlier / "dataset_description.json").write_text(json.dumps(made))
    for folder, what in ((earlier, "results of an earlier version"), (data_set, "something else")):
        before = content(folder)
        with pytest.raises(OutputError, match=what):
            run(data_set, folder, model=small_model, trials=2)
        assert content(folder) == before


def test_what_a_killed_process_had_written_whole_is_moved_on(
    data_set: Path, small_model: LoadedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    series = next(data_set.rglob(f"{NAMES[0]}_asl.nii.gz"))
    run(series, tmp_path / "whole", model=small_model, trials=2)
    moved = []
    replace = Path.replace

    def die(path: Path, target: Path) -> None:
        if f"/{NAMES[0]}/" in str(path) and ".part-" not in str(target):
            moved.append(path)
            if len(moved) > 5:
                raise KeyboardInterrupt
        replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        patch.setattr(publishing.shutil, "rmtree", lambda *_, **__: None)  # it is dead
        with pytest.raises(KeyboardInterrupt):
            run(series, tmp_path / "out", model=small_model, trials=2)
    assert list(find_results(tmp_path / "out")) == []
    assert len(list((tmp_path / "out" / "sub-01").rglob("*_*"))) > 4
    (left,) = (f.parent for f in (tmp_path / "out").glob(f".part-*/{NAMES[0]}"))
    parts = left.name.split("-")
    left.rename(left.with_name("-".join((*parts[:2], "4194305", *parts[3:]))))  # of no process
    (outcome,) = run(series, tmp_path / "out", model=small_model, trials=2)
    assert outcome.resumed
    assert set(content(tmp_path / "out")) == set(content(tmp_path / "whole"))


def test_overwriting_takes_what_the_summary_names_and_never_files_of_others(
    data_set: Path, small_model: LoadedModel, tmp_path: Path
):
    series, out = next(data_set.rglob(f"{NAMES[0]}_asl.nii.gz")), tmp_path / "out"
    run(series, out, model=small_model, trials=2)
    (layout,) = find_results(out)
    mine = layout.folder / "notes.txt"
    mine.write_text("mine")
    with pytest.raises(OutputError, match="or replace these by --overwrite"):
        run(series, out, model=small_model, trials=3)
    run(series, out, model=small_model, trials=3, overwrite=True)
    assert json.loads(layout.summary.read_text())["trials"] == 3
    assert mine.read_text() == "mine"
    layout.summary.unlink()
    before = content(out)
    with pytest.raises(OutputError, match="is there already, and no summary names it"):
        run(series, out, model=small_model, trials=3, overwrite=True)
    assert content(out).items() >= before.items()


def test_series_that_were_moved_back_are_bids_and_no_series_of_the_next_run(
    data_set: Path, small_model: LoadedModel
):
    out = data_set / "results"
    run(data_set, out, model=small_model, trials=2, correct_motion=True)
    moved = sorted(out.rglob("*_space-orig_desc-motioncorrected_asl.nii.gz"))
    assert len(moved) == 3
    assert read_series(moved[0]).volume_types == ("m0scan", "control", "label")
    again = run(data_set, out, model=small_model, trials=2, correct_motion=True)
    assert [outcome.resumed for outcome in again] == [True] * 3
