"""The command on odd input: one line, status 2, nothing overwritten, nothing mixed up."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import scipy.io
from cases.commands import aslmyoseg
from cases.dicom import pixels, write_classic

from ASLMyoSegLib import cli
from ASLMyoSegLib.io import read_masks, read_series, write_volume
from ASLMyoSegLib.network import Architecture, MCDUNet, save_model
from ASLMyoSegLib.run import pipeline
from ASLMyoSegLib.series import Geometry


@pytest.fixture
def tiny(tmp_path: Path) -> list[object]:
    """Options that make `run` quick."""
    path = tmp_path / "tiny.safetensors"
    save_model(path, MCDUNet(Architecture(2, 2, 3, 0.5)), {})
    return ["--model", path, "--trials", 2]


def copy_series(dataset: Path, subject: str, folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    for file in (dataset / subject / "perf").iterdir():
        shutil.copy(file, folder / file.name.replace(f"{subject}_acq-rest", name))


def test_series_of_the_same_name_do_not_get_each_others_results(
    dataset: Path, tmp_path: Path, tiny: list
):
    for subject in ("sub-01", "sub-02"):
        copy_series(dataset, subject, tmp_path / "in" / subject, "perfusion")
    done = aslmyoseg("run", tmp_path / "in", "-o", tmp_path / "out", *tiny)
    reports = [tmp_path / f"out/{s}/perfusion/report.html" for s in ("sub-01", "sub-02")]
    assert done.printed.split() == list(map(str, reports))
    digests = {json.loads((r.parent / "summary.json").read_text())["input_sha256"] for r in reports}
    assert len(digests) == 2
    again = aslmyoseg("run", tmp_path / "in", "-o", tmp_path / "out", *tiny)
    assert again.printed.count("finished before") == 2
    first, second = (tmp_path / "in" / s / "perfusion_asl.nii.gz" for s in ("sub-01", "sub-02"))
    assert aslmyoseg("run", first, "-o", tmp_path / "one", *tiny).status == 0
    other = aslmyoseg("run", second, "-o", tmp_path / "one", *tiny)
    assert other.status == 2
    assert "results of other images" in other.lines[0]


def test_a_dicom_study_is_run_and_what_was_left_out_of_it_is_told(tmp_path: Path, tiny: list):
    write_classic(tmp_path / "in" / "loc", pixels(1), number=1, description="Doe loc")
    write_classic(tmp_path / "in" / "asl", pixels(size=(32, 32)))
    done = aslmyoseg("run", tmp_path / "in", "-o", tmp_path / "out", *tiny)
    assert (done.status, done.printed.strip()) == (0, str(tmp_path / "out" / "report.html"))
    assert done.lines == [
        f"left out: {tmp_path}/in/loc/IM1 (series-001_loc): one image of each place, where control "
        "and label are needed."
    ]
    assert (tmp_path / "out" / "series-003_asl-rest_desc-myocardium_mask.nii.gz").is_file()
    again = aslmyoseg("run", tmp_path / "in" / "asl" / "IM4", "-o", tmp_path / "out", *tiny)
    assert "finished before" in again.printed


def test_landmarks_and_scene_that_are_asked_for_later_are_not_ignored(
    dataset: Path, tmp_path: Path, tiny: list
):
    arguments = ["run", dataset / "sub-01", "-o", tmp_path / "out", *tiny]
    assert aslmyoseg(*arguments).status == 0
    points = next((dataset / "derivatives/observer/sub-01").rglob("*_rvinsertion.json"))
    for more in (["--rv-insertion", points], ["--scene"]):
        assert aslmyoseg(*arguments, *more).status == 2
    assert "finished before" in aslmyoseg(*arguments).printed


@pytest.fixture
def array(dataset: Path, tmp_path: Path) -> Path:
    """The images of a series as a lab keeps them: an array in a MATLAB file."""
    series = read_series(dataset / "sub-01")
    path = tmp_path / "lab" / "heart 1.mat"
    path.parent.mkdir()
    scipy.io.savemat(path, {"perf": {"images": series.images[:, 0].transpose(1, 2, 0)}, "ti": 1.0})
    return path


STATED = (
    "--volume-types", "m0scan, (control,label)*6", "--axes", "y,x,frame",
    "--variable", "perf.images",
)  # fmt: skip


def test_a_series_of_which_a_person_says_what_it_is_gives_the_results_of_its_bids_twin(
    dataset: Path, array: Path, tmp_path: Path, tiny: list
):
    series = read_series(dataset / "sub-01")
    time = series.inversion_time[1]
    stated = (*STATED, "--inversion-time", time, "--pixel-size")
    size = ",".join(map(str, series.geometry.spacing))
    done = aslmyoseg("run", array, "-o", tmp_path / "out", *tiny, *stated, size)
    assert (done.status, done.lines) == (0, [])
    assert aslmyoseg("run", dataset / "sub-01", "-o", tmp_path / "bids", *tiny).status == 0
    ours, twin = (
        json.loads(next((tmp_path / f).rglob("*summary.json")).read_text()) for f in ("out", "bids")
    )
    assert ours["frames"] == twin["frames"]
    assert ours["stated"]["inversion_time"] == time
    assert ours["stated"]["volume_types"] == list(series.volume_types)
    assert twin["stated"] == {}
    again = aslmyoseg("run", array, "-o", tmp_path / "out", *tiny, *stated, size)
    assert "finished before" in again.printed
    other = aslmyoseg("run", array, "-o", tmp_path / "out", *tiny, *stated, "2,2")
    assert (other.status, len(other.lines)) == (2, 1)
    assert "results of other images or settings" in other.lines[0]
    masks = next(
        (dataset / "derivatives/observer/sub-01").rglob("*acq-rest_desc-myocardium_mask.nii.gz")
    )
    stack = tmp_path / "masks.nii.gz"
    write_volume(stack, read_masks(masks, series), Geometry(series.geometry.spacing))
    paper = ("--kinetics", "paper")  # which asks for no more than is stated
    flow = aslmyoseg("quantify", array, "--masks", stack, *stated, size, *paper)
    assert flow.status == 0, flow.errors
    truth = aslmyoseg("quantify", dataset / "sub-01", "--masks", masks, *paper)
    found = [json.loads(d.printed)["mbf"]["global"]["mbf"] for d in (flow, truth)]
    assert found[0] == pytest.approx(found[1])


@pytest.mark.parametrize(
    "stated",
    [
        ["--volume-types", "control label"],
        ["--volume-types", "m0scan,(control,label"],
        ["--volume-types", "(control,label)*999999"],
        ["--volume-types", "((control,label)*2)*3"],
        ["--volume-types", "control,tag"],
        ["--volume-types", ""],
        ["--axes", "y,x"],
        ["--axes", "yxt"],
        ["--pixel-size", "2 mm"],
        ["--pixel-size", "2"],
        ["--pixel-size", "2,-2"],
        ["--variable", "nothing"],
        ["--inversion-time", "1670"],
    ],
)
def test_what_cannot_be_understood_of_a_series_is_one_line(
    array: Path, tmp_path: Path, tiny: list, stated: list
):
    done = aslmyoseg(
        "run", array, "-o", tmp_path / "out", *tiny, *STATED, "--inversion-time", 1.5,
        "--pixel-size", "2,2", *stated,
    )  # fmt: skip
    assert (done.status, len(done.lines)) == (2, 1), done.lines
    assert stated[0] in done.lines[0]
    assert not (tmp_path / "out").exists()


def test_two_files_of_one_series_are_refused(dataset: Path, tmp_path: Path, tiny: list):
    copy_series(dataset, "sub-01", tmp_path / "in", "a")
    shutil.copy(tmp_path / "in/a_asl.nii.gz", tmp_path / "in/a_asl.nii")
    done = aslmyoseg("run", tmp_path / "in", "-o", tmp_path / "out", *tiny)
    assert done.status == 2
    assert "a_asl.nii and a_asl.nii.gz" in done.lines[0]


def test_a_fault_of_the_program_is_one_line_and_does_not_stop_other_series(
    dataset: Path, tmp_path: Path, tiny: list,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    healthy = pipeline.segment

    def faulty(series: object, *arguments: object, **options: object) -> object:
        if series.name.startswith("sub-01"):
            raise RuntimeError("a fault\nof two lines")
        return healthy(series, *arguments, **options)

    monkeypatch.setattr(pipeline, "segment", faulty)
    done = aslmyoseg("run", dataset, "-o", tmp_path / "out", *tiny)
    assert done.status == 2
    assert len(done.lines) == 1
    assert "sub-01" in done.lines[0]
    assert "fault of the program: RuntimeError: a fault of two lines" in done.lines[0]
    assert "sub-02" in done.printed
    alone = aslmyoseg("run", dataset / "sub-01", "-o", tmp_path / "alone", *tiny)
    assert (alone.status, len(alone.lines)) == (2, 1)
    noted = json.loads((tmp_path / "alone/logs/sub-01_acq-rest_failed.json").read_text())
    assert noted["reason"].endswith("RuntimeError: a fault of two lines")
    assert not list((tmp_path / "alone").glob("sub-01*"))


def test_paths_that_cannot_be_are_one_line(dataset: Path, tmp_path: Path, tiny: list):
    (tmp_path / "file").write_text("mine")
    for series, output in (
        (tmp_path / ("x" * 300), tmp_path / "out"),
        (dataset / "sub-01", tmp_path / ("x" * 300)),
        (dataset / "sub-01", tmp_path / "file" / "out"),
        ("/dev/null", tmp_path / "out"),
    ):
        done = aslmyoseg("run", series, "-o", output, *tiny)
        assert (done.status, len(done.lines)) == (2, 1), done.lines
    assert (tmp_path / "file").read_text() == "mine"
    assert not (tmp_path / "out").exists()


def test_files_of_others_are_not_replaced_by_metrics(dataset: Path, tmp_path: Path, tiny: list):
    mine = tmp_path / "notes.json"
    mine.write_text('{"mine": 1}')
    for arguments in (["evaluate", dataset, *tiny], ["bench", "--base-maps", 1, "--scales", 2]):
        done = aslmyoseg(*arguments, "-o", mine)
        assert (done.status, len(done.lines)) == (2, 1)
    assert mine.read_text() == '{"mine": 1}'
    for _ in range(2):  # its own are, and what does not exist is null there
        assert aslmyoseg("evaluate", dataset, *tiny, "-o", tmp_path / "metrics.json").status == 0
    metrics = (tmp_path / "metrics.json").read_text()
    assert "NaN" not in metrics
    assert json.loads(metrics)["n_images"] == 24


def test_an_error_comes_alone_where_nobody_watches_the_progress(tmp_path: Path):
    done = aslmyoseg("train", tmp_path / "none", "-o", tmp_path / "m.safetensors")
    assert (done.status, len(done.lines)) == (2, 1)


@pytest.mark.parametrize(("waits", "spins"), [("ACTIVE", None), (None, "10000")])
def test_waiting_threads_do_not_starve_others_unless_the_user_says_how_they_wait(
    monkeypatch: pytest.MonkeyPatch, waits: str | None, spins: str | None
):
    """Two threads on two cores, one of which was busy: 65 to 122 ms a pass of the shipped model
    without this, 13 to 14 with it."""
    monkeypatch.setattr(sys, "argv", ["aslmyoseg", "--version"])
    for name, value in (("GOMP_SPINCOUNT", None), ("OMP_WAIT_POLICY", waits)):
        monkeypatch.setenv(name, value or "")  # so that what the command sets is undone
        if value is None:
            monkeypatch.delenv(name)
    with pytest.raises(SystemExit):
        cli.main()
    assert os.environ.get("GOMP_SPINCOUNT") == spins


def test_the_command_says_how_threads_wait_before_torch_is_loaded():
    early = "import sys, ASLMyoSegLib.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", early], check=False).returncode == 0


def test_damaged_scene_is_one_line_and_a_relative_path_is_read(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Slicer's MRML ends the process over a broken segmentation, and prints what it thinks."""
    pytest.importorskip("slicer", reason="Slicer's MRML (slicer-core) is not installed")
    monkeypatch.chdir(tmp_path)
    done = aslmyoseg("run", dataset / "sub-01", "-o", "out", "--trials", 2, "--scene")
    assert done.status == 0, done.errors
    flow = aslmyoseg("quantify", next(Path("out").rglob("*.mrb")))
    assert (flow.status, flow.errors) == (0, "")
    assert json.loads(flow.printed)["mbf"]["unit"] == "mL/g/min"
    whole = next((tmp_path / "out").rglob("*.mrb"))
    with (
        zipfile.ZipFile(whole) as source,
        zipfile.ZipFile(tmp_path / "broken.mrb", "w") as broken,
    ):
        for entry in source.infolist():
            content = source.read(entry)
            half = entry.filename.endswith(".nrrd")
            broken.writestr(entry.filename, content[: len(content) // 2] if half else content)
    found = aslmyoseg("quantify", "broken.mrb")
    assert (found.status, len(found.lines)) == (2, 1)
    assert "broken.mrb" in found.errors
