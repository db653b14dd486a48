"""The whole way, as users go it: the command, and the five lines of Python."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from cases.commands import aslmyoseg

import ASLMyoSegLib
from ASLMyoSegLib.io import read_series, write_series
from ASLMyoSegLib.run.pipeline import run
from ASLMyoSegLib.studies.agreement import agreement

PERF = Path("sub-01") / "perf"
SUMMARY = PERF / "sub-01_acq-rest_desc-aslmyoseg_summary.json"
COMMAND = [sys.executable, "-m", "ASLMyoSegLib.cli"]


@pytest.fixture(scope="module")
def results(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("run") / "out"
    command = [*COMMAND, "run", dataset / "sub-01", "-o", output, "--trials", "8", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(output / "sub-01_acq-rest.html")
    return output


def test_run_writes_everything_in_the_geometry_of_the_input(dataset: Path, results: Path):
    source = sitk.ReadImage(str(dataset / "sub-01/perf/sub-01_acq-rest_asl.nii.gz"))
    for name in ("desc-myocardium_mask", "desc-myocardium_probseg", "desc-uncertainty_map"):
        image = sitk.ReadImage(str(results / PERF / f"sub-01_acq-rest_space-orig_{name}.nii.gz"))
        assert image.GetSize() == source.GetSize()
        assert image.GetDirection() == pytest.approx(source.GetDirection(), abs=1e-4)
        assert image.GetOrigin() == pytest.approx(source.GetOrigin(), abs=1e-3)
    assert {p.name for p in results.iterdir()} == {
        ".bidsignore", "dataset_description.json", "logs", "sub-01", "sub-01_acq-rest.html",
    }  # fmt: skip
    names = {p.name for p in (results / "sub-01" / "figures").iterdir()}
    assert names == {
        f"sub-01_acq-rest_desc-{name}"
        for name in ("bullseye_mbf.png", "bullseye_mbf.svg", "thumbnail_mbf.png")
    }


def test_summary_tells_model_frames_flow_and_warnings(results: Path):
    summary = json.loads((results / SUMMARY).read_text())
    assert summary["model"]["name"] == "mcd_unet"
    assert summary["trials"] == 8
    assert [f["volume_type"] for f in summary["frames"][:3]] == ["m0scan", "control", "label"]
    mask = sitk.GetArrayFromImage(
        sitk.ReadImage(
            str(results / PERF / "sub-01_acq-rest_space-orig_desc-myocardium_mask.nii.gz")
        )
    )
    assert [f["mask_pixels"] for f in summary["frames"]] == mask.sum((1, 2, 3)).tolist()
    assert summary["mbf"]["unit"] == "mL/g/min"
    assert summary["mbf"]["t1_blood_from"] == "MagneticFieldStrength 3 T"
    assert [s["aha"] for s in summary["mbf"]["segments"]] == list(range(7, 13))
    assert len(summary["mbf"]["pairs"]) == 6
    assert any("Rotation unknown" in w for w in summary["warnings"])


def test_default_model_finds_hearts_that_it_never_saw(dataset: Path, tmp_path: Path):
    done = aslmyoseg("evaluate", dataset, "-o", tmp_path / "m.json", "--trials", 12)
    assert done.status == 0, done.errors
    metrics = json.loads((tmp_path / "m.json").read_text())
    assert metrics["n_images"] == 24
    assert metrics["dice"]["control"]["mean"] > 0.8
    assert metrics["dice"]["label"]["mean"] > 0.75
    assert metrics["mbf"]["n"] >= 10
    assert metrics["observers"]["mbf"]["n"] == 12
    assert 0.9 < metrics["observers"]["dice"]["all"]["mean"] < 0.99
    shutil.rmtree(shutil.copytree(dataset, tmp_path / "alone") / "derivatives/second-observer")
    done = aslmyoseg("evaluate", tmp_path / "alone", "-o", tmp_path / "n.json", "--trials", 2)
    assert json.loads((tmp_path / "n.json").read_text())["observers"] is None


@pytest.fixture
def short(dataset: Path, tmp_path: Path) -> Path:
    """A series of M0 and one pair, alone in its folder."""
    series = read_series(dataset / "sub-01")
    path = tmp_path / "short" / "sub-01_asl.nii.gz"
    path.parent.mkdir()
    write_series(series.only(range(3)), path)
    return path


def test_run_to_a_precision_tells_passes_and_interval_of_each_image(short: Path, tmp_path: Path):
    arguments = ["run", short, "-o", tmp_path / "out", "--precision", 0.2]
    done = aslmyoseg(*arguments)
    assert done.status == 0, done.errors
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["precision"] == 0.2
    assert summary["trials"] == max(frame["trials"] for frame in summary["frames"])
    for frame in summary["frames"]:
        low, high = frame["mcd_interval"]
        assert low < frame["mcd_uncertainty"] < high
        assert high - low < 4 * 0.2 * frame["mcd_uncertainty"]
        assert frame["trials"] >= 64
    assert "finished before" in aslmyoseg(*arguments).printed


def test_trials_and_precision_exclude_each_other(dataset: Path, tmp_path: Path):
    arguments = ["run", dataset, "-o", tmp_path / "out", "--trials", 4, "--precision", 0.1]
    done = aslmyoseg(*arguments)
    assert done.status == 2
    assert "either trials or a precision" in done.errors
    assert not (tmp_path / "out").exists()


def test_run_again_leaves_finished_results_alone_and_other_series_come_beside_them(
    dataset: Path, results: Path, tmp_path: Path
):
    shared = Path(shutil.copytree(results, tmp_path / "shared"))

    def times() -> dict[Path, int]:
        found = (p for p in shared.rglob("sub-01_*") if "logs" not in p.parts)
        return {p: p.stat().st_mtime_ns for p in found}

    before = times()
    again = aslmyoseg("run", dataset / "sub-01", "-o", shared, "--trials", 8, "--seed", 3)
    assert again.status == 0
    assert "finished before" in again.printed
    other = aslmyoseg("run", dataset / "sub-02", "-o", shared, "--trials", 2)
    assert other.status == 0
    otherwise = aslmyoseg("run", dataset / "sub-01", "-o", shared, "--trials", 2)
    assert otherwise.status == 2
    assert "holds results of other images or settings" in otherwise.errors
    assert times() == before


def test_run_on_a_folder_goes_on_after_a_bad_series_and_names_it(dataset: Path, tmp_path: Path):
    shutil.copytree(dataset, tmp_path / "data")
    (tmp_path / "data/sub-01/perf/sub-01_acq-rest_aslcontext.tsv").unlink()
    done = aslmyoseg("run", tmp_path / "data", "-o", tmp_path / "out", "--trials", 2)
    assert done.status == 2
    assert "nothing says which of its 13 frames" in done.errors
    assert "sub-01_acq-rest_aslcontext.tsv" in done.errors
    names = {p.name for p in (tmp_path / "out").iterdir()}
    study = {"index.html", "group_mbf.tsv", "group_mbf.json", "logs"}
    described = {"dataset_description.json", ".bidsignore"}
    assert names == {"sub-02", "sub-02_acq-rest.html", *described, *study}


def test_interrupt_ends_cleanly_and_leaves_nothing(dataset: Path, tmp_path: Path):
    command = [*COMMAND, "run", dataset / "sub-01", "-o", tmp_path / "out", "--trials", "100000"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    time.sleep(8)
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=30)
    assert process.returncode not in (0, 2)
    assert "Traceback" not in words
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["series", "model", "nothing"])
def test_wrong_input_is_one_line_status_2_and_no_output(dataset: Path, tmp_path: Path, what: str):
    series = dataset / "sub-01"
    arguments = ["run", series, "-o", tmp_path / "out", "--trials", 2]
    if what == "series":
        (tmp_path / "bad_asl.nii.gz").write_bytes(b"\x1f\x8bno gzip")
        arguments[1] = tmp_path / "bad_asl.nii.gz"
    elif what == "model":
        (tmp_path / "m.safetensors").write_text("no model")
        arguments += ["--model", tmp_path / "m.safetensors"]
    else:
        arguments[1] = tmp_path / "not there"
    done = aslmyoseg(*arguments)
    assert done.status == 2
    assert "Traceback" not in done.errors
    assert len([line for line in done.errors.splitlines() if line.startswith("aslmyoseg:")]) == 1
    assert not (tmp_path / "out").exists()


def test_masks_of_a_person_can_be_quantified(dataset: Path):
    stem = dataset / "derivatives/observer/sub-01/perf/sub-01_acq-rest"
    done = aslmyoseg(
        "quantify", dataset / "sub-01", "--masks", f"{stem}_desc-myocardium_mask.nii.gz",
        "--rv-insertion", f"{stem}_rvinsertion.json",
    )  # fmt: skip
    flow = json.loads(done.printed)
    assert 0.3 < flow["mbf"]["global"]["mbf"] < 2.0
    assert flow["mbf"]["rotation_known"]


def test_the_lines_of_python_in_the_readme_work(short: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(short.parent)
    readme = Path(ASLMyoSegLib.__file__).parents[1] / "README.md"
    (code,) = re.findall(r"```python\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    names: dict = {}
    exec(code, names)
    assert np.isfinite(names["result"].whole.mbf)
    assert names["posterior"].mean.shape == read_series(short).images.shape


def test_run_is_a_function_too_and_takes_landmarks_that_lie_beside_the_series(
    dataset: Path, tmp_path: Path
):
    shutil.copytree(dataset / "sub-01", tmp_path / "in")
    points = next((dataset / "derivatives/observer/sub-01").rglob("*_rvinsertion.json"))
    shutil.copy(points, tmp_path / "in/perf")
    (outcome,) = run(tmp_path / "in", tmp_path / "out", trials=2)
    assert outcome.report == tmp_path / "out" / "report.html"
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["mbf"]["rotation_known"]


def test_no_m0_gives_masks_but_no_flow_and_says_why(dataset: Path, tmp_path: Path):
    without = read_series(dataset / "sub-01").only(range(1, 13))
    write_series(without, tmp_path / "sub-01_asl.nii.gz")
    done = aslmyoseg("run", tmp_path, "-o", tmp_path / "out", "--trials", 2)
    assert done.status == 0, done.errors
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["mbf"] is None
    assert any("no m0scan" in w for w in summary["warnings"])


def test_concordance_is_one_only_on_the_line_of_identity():
    x = np.linspace(0, 4, 9)
    same, shifted = (agreement(np.stack([x, y], axis=1)) for y in (x, x + 1))
    assert same["ccc"] == pytest.approx(1)
    assert shifted["r2"] == pytest.approx(1)
    # Lin (1989): 2 s_xy / (s_x^2 + s_y^2 + (mean difference)^2)
    assert shifted["ccc"] == pytest.approx(2 * x.var() / (2 * x.var() + 1))


def test_scene_gives_the_flow_of_its_masks(dataset: Path, tmp_path: Path):
    pytest.importorskip("slicer", reason="Slicer's MRML (slicer-core) is not installed")
    done = aslmyoseg("run", dataset / "sub-01", "-o", tmp_path / "out", "--trials", 4, "--scene")
    assert done.status == 0, done.errors
    flow = aslmyoseg("quantify", tmp_path / "out" / PERF / "sub-01_acq-rest_scene.mrb")
    summary = json.loads((tmp_path / "out" / SUMMARY).read_text())
    assert flow.status == 0, flow.errors
    found = json.loads(flow.printed)["mbf"]["segments"]
    assert [s["mbf"] for s in found] == pytest.approx(
        [s["mbf"] for s in summary["mbf"]["segments"]], abs=1e-4
    )
