"""Results as DICOM objects: valid, tied to their images, and read by others as they were made."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dicom_cases import (
    FRAME_OF_REFERENCE,
    change,
    complete_header,
    pixels,
    write_classic,
    write_enhanced,
)
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from typer.testing import CliRunner

from ASLMyoSegLib import cli, pipeline
from ASLMyoSegLib.errors import OutputError, SeriesError
from ASLMyoSegLib.io import read_masks, read_posterior, read_series, series_sources, write_series
from ASLMyoSegLib.io.dicom_objects import write_dicom
from ASLMyoSegLib.io.nrrd import write_nrrd
from ASLMyoSegLib.network import LoadedModel
from ASLMyoSegLib.series import ASLSeries, Posterior, Segmentation

STATUS = ("automatic", "automatic", "corrected", "automatic", "accepted")


class Made:
    """A DICOM series, what might have come of it, and the objects that were written."""

    def __init__(self, folder: Path, kind: str, slices: int) -> None:
        self.images, self.out = folder / "in", folder / "out"
        stored = pixels(5, slices, (52, 63))
        if kind == "classic":
            write_classic(self.images, stored, complete_header)
        else:
            write_enhanced(self.images / "all.dcm", stored, shuffled=True)
            header = Dataset()
            complete_header(header, 0, 0)
            change(self.images / "all.dcm", **{e.keyword: e.value for e in header})
        self.series = read_series(self.images)
        self.sources = series_sources(self.images)
        self.masks, self.posterior, self.flow = invent(self.series)
        self.segmentation = Segmentation(self.masks, STATUS, np.ones(self.masks.shape[:2]))

    def write(self) -> str:
        return write_dicom(
            self.out, self.series, self.posterior, self.segmentation, self.flow, self.sources
        )

    def file(self, kind: str, frame: int) -> Path:
        return self.out / f"{kind}_frame-{frame:03d}.dcm"


def invent(series: ASLSeries) -> tuple[np.ndarray, Posterior, np.ndarray]:
    rng = np.random.default_rng(2)
    masks = np.zeros(series.images.shape, bool)
    masks[..., 5:13, 6:15] = rng.random(masks[..., 5:13, 6:15].shape) > 0.4
    masks[1] = False
    std = (rng.random(masks.shape) * 0.5).astype(np.float32)
    counts = np.full(masks.shape[:2], 8)
    packed = np.zeros((0, *masks.shape[:2], 1), np.uint8)
    model = {"name": "mcd_unet", "sha256": "ab" * 32}
    flow = np.where(masks[3], 1.25, 0).astype(np.float32)
    return masks, Posterior(masks * np.float32(0.9), std, counts, packed, 0, "cpu", model), flow


@pytest.fixture(scope="module", params=["classic 1", "classic 3", "enhanced 1", "enhanced 3"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    kind, slices = request.param.split()
    made = Made(tmp_path_factory.mktemp("dicom"), kind, int(slices))
    assert made.write() == ""
    return made


def test_masks_come_back_to_the_pixel_and_to_their_frames(made: Made):
    assert np.array_equal(read_masks(made.out, made.series, None, made.sources), made.masks)
    with pytest.raises(SeriesError, match="two masks 'Myocardium' of one slice"):
        read_masks(made.out, made.series)  # as of a series that is no DICOM


def test_one_object_alone_serves_all_frames(made: Made):
    for sources in (made.sources, ()):
        masks = read_masks(made.file("myocardium", 2), made.series, None, sources)
        assert np.array_equal(masks, np.stack([made.masks[2]] * 5))


def test_each_image_of_an_object_refers_to_the_image_it_was_made_from(made: Made):
    slices = made.series.images.shape[1]
    for kind in ("myocardium", "uncertainty"):
        for frame in range(5):
            dataset = pydicom.dcmread(made.file(kind, frame))
            for k, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
                (item,) = group.DerivationImageSequence[0].SourceImageSequence
                source = made.sources[frame * slices + k]
                original = pydicom.dcmread(source.path)
                assert item.ReferencedSOPInstanceUID == original.SOPInstanceUID
                assert item.get("ReferencedFrameNumber") == source.number
                place = original if source.number is None else (
                    original.PerFrameFunctionalGroupsSequence[source.number - 1]
                    .PlanePositionSequence[0]
                )  # fmt: skip
                position = group.PlanePositionSequence[0].ImagePositionPatient
                assert position == pytest.approx(place.ImagePositionPatient, abs=1e-4)
            assert dataset.StudyInstanceUID == original.StudyInstanceUID
            assert dataset.FrameOfReferenceUID == FRAME_OF_REFERENCE
            assert str(dataset.PatientName) == "Doe^Jane"


def test_highdicom_reads_masks_codes_and_maps(made: Made):
    segmentation = highdicom.seg.segread(made.file("myocardium", 2))
    description = segmentation.get_segment_description(1)
    assert description.segmented_property_type == CodedConcept("49848007", "SCT", "any")
    assert description.algorithm_type.value == "SEMIAUTOMATIC"
    assert np.array_equal(segmentation.pixel_array.reshape(made.masks[2].shape), made.masks[2])
    volume = segmentation.get_volume(combine_segments=True)  # of the other handedness
    assert np.array_equal(volume.array[::-1] > 0, made.masks[2])
    tracked = {
        highdicom.seg.segread(made.file("myocardium", k)).get_segment_description(1).tracking_uid
        for k in range(5)
    }
    assert len(tracked) == 1
    for path, values in (
        (made.file("uncertainty", 4), made.posterior.std[4]),
        (made.out / "flow.dcm", made.flow),
    ):
        dataset = pydicom.dcmread(path)
        assert np.array_equal(dataset.pixel_array.reshape(values.shape), values)
        mapping = dataset.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
        assert mapping.MeasurementUnitsCodeSequence[0].CodingSchemeDesignator == "UCUM"


def test_dciodvfy_finds_no_error(made: Made):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (Debian's dicom3tools) is not installed")
    for path in sorted(made.out.iterdir()):
        words = subprocess.run(
            ["dciodvfy", path], capture_output=True, text=True, check=False
        ).stderr
        assert "Error" not in words, f"{path}: {words}"


def test_slicers_own_converter_reads_masks_and_maps(made: Made, tmp_path: Path):
    """dcmqi is what Slicer's QuantitativeReporting opens DICOM segmentations with."""
    scripts = Path(sys.executable).parent
    if not (scripts / "segimage2itkimage").is_file():
        pytest.skip("dcmqi is not installed")
    for tool, path, name, values in (
        ("segimage2itkimage", made.file("myocardium", 3), "x-1.nrrd", made.masks[3]),
        ("paramap2itkimage", made.file("uncertainty", 3), "x-pmap.nrrd", made.posterior.std[3]),
    ):
        command = [scripts / tool, "--inputDICOM", path, "--outputDirectory", tmp_path]
        command += ["--outputType", "nrrd", "--prefix", "x"]
        subprocess.run(command, capture_output=True, check=True)
        image = sitk.ReadImage(str(tmp_path / name))
        assert np.array_equal(sitk.GetArrayFromImage(image), values)
        assert image.GetSpacing() == pytest.approx(made.series.geometry.spacing, abs=1e-4)
        assert image.GetOrigin() == pytest.approx(made.series.geometry.origin, abs=1e-4)
        assert image.GetDirection() == pytest.approx(made.series.geometry.direction, abs=1e-4)


# Segmentations of others


def segment(number: int, label: str, code: str = "80891009") -> highdicom.seg.SegmentDescription:
    return highdicom.seg.SegmentDescription(
        number, label, CodedConcept("123037004", "SCT", "Anatomical Structure"),
        CodedConcept(code, "SCT", "something"), "MANUAL",
    )  # fmt: skip


def write_theirs(
    path: Path, made: Made, array: np.ndarray, kind: str, segments: list, frame: int = 2
) -> Path:
    slices = made.series.images.shape[1]
    sources = made.sources[frame * slices : (frame + 1) * slices]
    highdicom.seg.Segmentation(
        [pydicom.dcmread(s.path) for s in sources], array, kind, segments, generate_uid(), 1,
        generate_uid(), 1, "other", "other", "1", "1",
    ).save_as(path)  # fmt: skip
    return path


@pytest.fixture(scope="module")
def classic(tmp_path_factory: pytest.TempPathFactory) -> Made:
    made = Made(tmp_path_factory.mktemp("dicom"), "classic", 3)
    assert made.write() == ""
    return made


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_segments_of_other_writers_are_chosen_by_name_or_code(
    classic: Made, tmp_path: Path, kind: str
):
    mine, other = classic.masks[2].copy(), ~classic.masks[2]
    mine[1] = other[1] = False  # which is left out of the file
    array = np.stack([other, mine], -1).astype(np.float32 if kind == "FRACTIONAL" else np.uint8)
    for names in (("RV", "LV myocardium"), ("a", "b")):
        parts = [segment(1, names[0]), segment(2, names[1], "49848007")]
        path = write_theirs(tmp_path / f"{names[0]}.dcm", classic, array, kind, parts)
        assert np.array_equal(read_masks(path, classic.series)[0], mine)
    parts = [segment(1, "a"), segment(2, "b")]
    path = write_theirs(tmp_path / "unclear.dcm", classic, array, kind, parts)
    with pytest.raises(SeriesError, match=r"several things .'a', 'b'"):
        read_masks(path, classic.series)
    for wanted in ("b", "2"):
        assert np.array_equal(read_masks(path, classic.series, wanted)[4], mine)


def test_damaged_segmentations_are_one_line(classic: Made, tmp_path: Path):
    whole = classic.file("myocardium", 0).read_bytes()
    for size in (50, 900, len(whole) - 40):
        path = tmp_path / f"{size}.dcm"
        path.write_bytes(whole[:size])
        with pytest.raises(SeriesError) as refusal:
            read_masks(path, classic.series, None, classic.sources)
        assert len(str(refusal.value).splitlines()) == 1
        assert str(path) in str(refusal.value)


# The whole way


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that finds what `invent` does."""

    def segment(series: ASLSeries, model: LoadedModel, *, seed: int, **_: object) -> Posterior:
        interval = np.full((*series.images.shape[:2], 2), np.nan)
        named = {"name": "invented", "sha256": model.sha256}
        found = invent(series)[1]
        return dataclasses.replace(found, seed=seed, mcd_interval=interval, model=named)

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
    done = CliRunner().invoke(
        cli.app, ["quantify", str(single.images), "--masks", str(tmp_path / "out" / "dicom")]
    )
    flow = json.loads(done.stdout)["mbf"]
    assert flow == summary["mbf"]


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


def test_without_highdicom_one_line_says_how_to_get_it(
    classic: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "highdicom", None)
    monkeypatch.setattr(classic, "out", tmp_path / "none")
    assert "pip install highdicom" in classic.write()
    assert not (tmp_path / "none").exists()


def test_odd_headers_cost_the_objects_but_nothing_else(tmp_path: Path):
    for values, words in (
        ({"FrameOfReferenceUID": None}, "frame of reference"),
        ({"PatientSex": "unknown"}, "headers of the images do not allow it"),
    ):
        made = Made(tmp_path / words[:4], "classic", 1)
        for source in made.sources:
            change(source.path, **values)
        assert words in made.write()
        assert not made.out.exists()


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
    scene = True
    try:
        import slicer  # noqa: F401
    except ImportError:
        scene = False
    told = (b"Doewell", b"H4711x", b"Saint Elsewhere", b"ACC998877", b"19500102")
    options = {"model": small_model, "precision": 0.1, "scene": scene}
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
    for folder in (tmp_path / "out", tmp_path / "out" / "sub-01_acq-rest"):
        description = json.loads((folder / "dataset_description.json").read_text())
        assert description["DatasetType"] == "derivative"
        assert description["GeneratedBy"][0]["Name"] == "ASLMyoSeg"
        assert description["GeneratedBy"][0]["Version"]
    for image in (tmp_path / "out").rglob("*_*map.nii.gz"):
        side = image.with_name(image.name.replace(".nii.gz", ".json"))
        assert json.loads(side.read_text())["Description"]


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
    assert image.GetOrigin() == pytest.approx(series.geometry.origin)
    posterior = read_posterior(tmp_path / "out")
    assert np.array_equal(posterior.std, invent(series)[1].std)
