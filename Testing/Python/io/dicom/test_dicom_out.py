"""Results as DICOM objects: valid, tied to their images, and read by others as they were made."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from cases.dicom import FRAME_OF_REFERENCE, change
from cases.dicom_out import Made
from highdicom.sr import CodedConcept
from pydicom.uid import JPEGLSLossless, RLELossless, generate_uid

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.io import read_masks


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
        place = made.series.on_file.geometry
        assert image.GetSpacing() == pytest.approx(place.spacing, abs=1e-4)
        assert image.GetOrigin() == pytest.approx(place.origin, abs=1e-4)
        assert image.GetDirection() == pytest.approx(place.direction, abs=1e-4)


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


def without(*keywords: str):
    return lambda dataset: [delattr(dataset, keyword) for keyword in keywords]


def without_in_segments(keyword: str):
    return lambda dataset: [delattr(item, keyword) for item in dataset.SegmentSequence]


def without_in_frames(keyword: str):
    groups = "PerFrameFunctionalGroupsSequence"
    return lambda dataset: [delattr(group, keyword) for group in dataset[groups].value]


@pytest.mark.parametrize(
    "oddity",
    [
        without("DimensionIndexSequence", "DimensionOrganizationSequence"),
        without("SegmentationType", "SegmentsOverlap", "ContentLabel"),
        without("FrameOfReferenceUID", "ReferencedSeriesSequence"),
        without("PatientID", "PatientName", "StudyInstanceUID", "HighBit"),
        without_in_segments("SegmentAlgorithmType"),
        without_in_segments("SegmentedPropertyCategoryCodeSequence"),
        without_in_segments("SegmentedPropertyTypeCodeSequence"),
        without_in_segments("SegmentLabel"),
        without_in_frames("FrameContentSequence"),
    ],
)
def test_odd_segmentations_are_read(classic: Made, tmp_path: Path, oddity):
    """As writers leave much out that the standard demands; highdicom refuses most of these."""
    dataset = pydicom.dcmread(classic.file("myocardium", 2))
    oddity(dataset)
    dataset.save_as(tmp_path / "x.dcm")
    masks = read_masks(tmp_path / "x.dcm", classic.series, None, classic.sources)
    assert np.array_equal(masks, np.stack([classic.masks[2]] * 5))


@pytest.mark.parametrize("syntax", [JPEGLSLossless, RLELossless])
def test_compressed_segmentations_are_read_without_further_packages(
    classic: Made, tmp_path: Path, syntax: str, monkeypatch: pytest.MonkeyPatch
):
    path = write_theirs(
        tmp_path / "x.dcm", classic, classic.masks[2].astype(np.float32), "FRACTIONAL",
        [segment(1, "LV myocardium")],
    )  # fmt: skip
    dataset = pydicom.dcmread(path)
    dataset.compress(syntax, generate_instance_uid=False)
    dataset.save_as(path)
    monkeypatch.setattr(pydicom.Dataset, "pixel_array", None)
    assert np.array_equal(read_masks(path, classic.series)[0], classic.masks[2])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"PatientID": "OTHER"}, r"another patient \(0010,0020\);"),
        ({"FrameOfReferenceUID": "1.2.3"}, r"another frame of reference \(0020,0052\);"),
        ({"FrameOfReferenceUID": None, "StudyInstanceUID": "1.2.3"}, r"study \(0020,000D\);"),
    ],
)
def test_masks_of_others_are_refused_unless_a_person_knows_better(
    classic: Made, tmp_path: Path, values: dict, words: str
):
    path = tmp_path / "x.dcm"
    shutil.copy(classic.file("myocardium", 2), path)
    change(path, **values)
    with pytest.raises(SeriesError, match=f"{words}.*--masks-anyway"):
        read_masks(path, classic.series, None, classic.sources)
    masks = read_masks(path, classic.series, None, classic.sources, anyway=True)
    assert np.array_equal(masks[0], classic.masks[2])


def test_masks_of_the_same_place_serve_though_another_study_is_named(classic: Made, tmp_path: Path):
    shutil.copy(classic.file("myocardium", 2), tmp_path / "x.dcm")
    change(tmp_path / "x.dcm", StudyInstanceUID="1.2.3", PatientName="DOE^JANE ")
    notes: list[str] = []
    masks = read_masks(tmp_path / "x.dcm", classic.series, None, classic.sources, notes=notes)
    assert np.array_equal(masks[0], classic.masks[2])
    assert "x.dcm was drawn on images of another study (0020,000D), but" in notes[0]
