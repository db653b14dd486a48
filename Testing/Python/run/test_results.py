"""What `run` leaves: whose name stands where, what it replaces, and what others make of it."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from cases.commands import aslmyoseg
from cases.dicom_out import Made, invent

from ASLMyoSegLib.errors import OutputError
from ASLMyoSegLib.io import read_masks, read_posterior, read_series, write_series
from ASLMyoSegLib.io.images.nrrd import write_nrrd
from ASLMyoSegLib.network import LoadedModel
from ASLMyoSegLib.run import pipeline
from ASLMyoSegLib.series import ASLSeries, Posterior
from ASLMyoSegLib.uncertainty.ways import HEART, Way


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that finds what `invent` does."""

    def segment(
        series: ASLSeries, model: LoadedModel, *, seed: int, way: Way = HEART, **_: object
    ) -> Posterior:
        interval = np.full((*series.images.shape[:2], 2), np.nan)
        named = {"name": "invented", "sha256": model.sha256}
        found = invent(series)[1]
        return dataclasses.replace(
            found, seed=seed, mcd_interval=interval, model=named, way=way.name
        )

    monkeypatch.setattr(pipeline, "segment", segment)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Made:
    made = Made(tmp_path_factory.mktemp("dicom"), "classic", 1)
    assert made.write() == ""
    return made


@pytest.mark.usefixtures("invented")
def test_run_on_dicom_writes_objects_and_names_the_patient_in_them_alone(
    single: Made, small_model: LoadedModel, tmp_path: Path
):
    (outcome,) = pipeline.run(single.images, tmp_path / "out", model=small_model, precision=0.1)
    objects = sorted(p.name for p in (tmp_path / "out" / "dicom").iterdir())
    assert len([name for name in objects if name.startswith("myocardium")]) == 5
    assert len([name for name in objects if name.startswith("uncertainty")]) == 5
    summary = json.loads((outcome.report.parent / "summary.json").read_text())
    assert f"dicom/{objects[0]}" in summary["files"]
    for path in (tmp_path / "out").rglob("*"):
        told = path.is_file() and (b"Doe^Jane" in path.read_bytes())
        assert told == (path.suffix == ".dcm"), path
        assert "Doe" not in path.name
    masks = sitk.GetArrayFromImage(
        sitk.ReadImage(str(next((tmp_path / "out").glob("*_desc-myocardium_mask.nii.gz"))))
    )
    found = read_masks(tmp_path / "out" / "dicom", single.series, None, single.sources)
    assert np.array_equal(found, masks > 0)
    assert np.array_equal(found, single.masks)
    done = aslmyoseg("quantify", single.images, "--masks", tmp_path / "out" / "dicom")
    flows = (json.loads(done.printed)["mbf"]["segments"], summary["mbf"]["segments"])
    again, first = ([(s["aha"], s["pixels"], s["paper"]) for s in found] for found in flows)
    assert again == first  # its weights need the posterior, which no DICOM object holds


@pytest.mark.usefixtures("invented")
def test_the_patient_of_a_dicom_series_is_named_where_asked_for(
    single: Made, small_model: LoadedModel, tmp_path: Path
):
    options = {"model": small_model, "precision": 0.1, "keep_identifiers": True}
    pipeline.run(single.images, tmp_path / "out", **options)
    assert "PatientName Doe^Jane" in (tmp_path / "out" / "report.html").read_text()
    assert not list((tmp_path / "out").rglob("*Doe*"))
    (again,) = pipeline.run(single.images, tmp_path / "out", **options)
    assert again.resumed


@pytest.fixture
def named(tmp_path: Path, single: Made) -> Path:
    """A BIDS series whose side-car says too much."""
    path = tmp_path / "in" / "sub-01_asl.nii.gz"
    path.parent.mkdir()
    write_series(single.series, path)
    side = path.with_name("sub-01_asl.json")
    told = {
        "PatientName": "Doewell^Jane", "PatientID": "H4711x", "InstitutionName": "Saint Elsewhere",
        "AccessionNumber": "ACC998877", "Dicom": {"PatientBirthDate": "19500102"},
        "SeriesDescription": "rest of Doewell", "MagneticFieldStrength": 3.0,
    }  # fmt: skip
    side.write_text(json.dumps({**json.loads(side.read_text()), **told}))
    return path


def content(path: Path) -> bytes:
    if path.suffix != ".mrb":
        return path.read_bytes()
    with zipfile.ZipFile(path) as bundle:
        return b"".join(map(bundle.read, bundle.namelist()))


@pytest.mark.usefixtures("invented")
def test_identifiers_of_a_side_car_appear_only_where_asked_for(
    named: Path, small_model: LoadedModel, tmp_path: Path
):
    try:
        from ASLMyoSegLib.scene import write_scene
    except ImportError:
        write_scene = None
    told = (b"Doewell", b"H4711x", b"Saint Elsewhere", b"ACC998877", b"19500102")
    options = {"model": small_model, "precision": 0.1, "write_scene": write_scene}
    pipeline.run(named, tmp_path / "out", **options)
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert not [word for word in told if word in content(path)], path
    assert read_series(named).metadata["MagneticFieldStrength"] == 3.0
    pipeline.run(named, tmp_path / "kept", keep_identifiers=True, **options)
    summary = json.loads((tmp_path / "kept" / "summary.json").read_text())
    assert summary["identifiers"]["PatientName"] == "Doewell^Jane"
    report = (tmp_path / "kept" / "report.html").read_text()
    assert "PatientName Doewell^Jane" in report
    with pytest.raises(OutputError):  # results without names are not taken for those with
        pipeline.run(named, tmp_path / "out", keep_identifiers=True, **options)


@pytest.mark.usefixtures("invented")
def test_overwrite_replaces_results_and_nothing_else(
    named: Path, small_model: LoadedModel, tmp_path: Path
):
    out = tmp_path / "out"

    def run(seed: int, overwrite: bool) -> None:
        pipeline.run(
            named, out, model=small_model, precision=0.1, seed=seed, overwrite=overwrite
        )  # fmt: skip

    run(0, False)
    with pytest.raises(OutputError, match="--overwrite"):
        run(1, False)
    run(1, True)
    assert json.loads((out / "summary.json").read_text())["seed"] == 1
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    (out / "notes.txt").write_text("mine")
    before = {p.name: p.stat().st_mtime_ns for p in out.iterdir()}
    with pytest.raises(OutputError, match="holds something else"):
        run(2, True)
    assert {p.name: p.stat().st_mtime_ns for p in out.iterdir()} == before


@pytest.mark.usefixtures("invented")
def test_results_describe_themselves_as_bids_derivatives(
    dataset: Path, small_model: LoadedModel, tmp_path: Path
):
    pipeline.run(dataset, tmp_path / "out", model=small_model, precision=0.1)
    description = json.loads((tmp_path / "out" / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    assert description["GeneratedBy"][0]["Name"] == "ASLMyoSeg"
    assert description["GeneratedBy"][0]["Version"]
    source = description["SourceDatasets"][0]["URL"]
    assert (tmp_path / "out" / source).resolve() == dataset.resolve()
    maps = list((tmp_path / "out").rglob("*_space-orig_*.nii.gz"))
    assert maps
    for image in maps:
        side = image.with_name(image.name.replace(".nii.gz", ".json"))
        said = json.loads(side.read_text())
        assert said["Description"]
        (uri,) = said["Sources"]
        assert (dataset / uri.removeprefix("bids:raw:")).is_file()


@pytest.mark.usefixtures("invented")
def test_results_of_a_sequence_of_slicer_are_sequences(
    single: Made, small_model: LoadedModel, tmp_path: Path
):
    write_nrrd(tmp_path / "scan.seq.nrrd", single.series.images, single.series.geometry)
    write_series(single.series, tmp_path / "scan_asl.nii.gz")  # for its side-cars
    (tmp_path / "scan_asl.nii.gz").unlink()
    pipeline.run(tmp_path / "scan.seq.nrrd", tmp_path / "out", model=small_model, precision=0.1)
    series = read_series(tmp_path / "scan.seq.nrrd")
    assert np.array_equal(series.images, single.series.images)
    image = sitk.ReadImage(str(tmp_path / "out" / "scan_desc-uncertainty_map.seq.nrrd"))
    assert image.GetSize() == single.series.images.shape[:0:-1]
    assert image.GetNumberOfComponentsPerPixel() == len(series.images)
    assert image.GetOrigin() == pytest.approx(series.on_file.geometry.origin)
    posterior = read_posterior(tmp_path / "out")
    assert np.array_equal(posterior.std, invent(series)[1].std)
