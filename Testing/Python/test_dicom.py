"""DICOM: what scanners send becomes a series, against SimpleITK's own reader, or is refused."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dicom_cases import (
    SPACING,
    TYPES,
    change,
    new_dataset,
    nothing,
    orientation,
    pixels,
    position,
    save,
    set_pixels,
    write_classic,
    write_enhanced,
)
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, generate_uid

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.io import Hints, find_series, input_digest, left_out, read_series, series_name
from ASLMyoSegLib.io.dicom_files import read_pixels
from ASLMyoSegLib.results import measure_flow
from ASLMyoSegLib.series import Segmentation

SR, STATE = "1.2.840.10008.5.1.4.1.1.88.11", "1.2.840.10008.5.1.4.1.1.11.1"
SEG = "1.2.840.10008.5.1.4.1.1.66.4"
SIMPLE = ["control", "label"] * 2


@pytest.mark.parametrize("slices", [1, 3])
def test_classic_files_give_pixels_and_geometry_of_another_reader(tmp_path: Path, slices: int):
    def scale(dataset: Dataset, t: int, k: int) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = 0.5 + t, -3 * k

    paths = write_classic(tmp_path, pixels(5, slices), scale)
    series = read_series(tmp_path)
    assert series.volume_types == TYPES
    assert series.inversion_time == pytest.approx([np.nan, 1.501, 1.502, 1.503, 1.504], nan_ok=True)
    assert series.metadata["MagneticFieldStrength"] == 3.0
    for frame, files in zip(series.images, paths, strict=True):
        if slices == 1:
            image = sitk.ReadImage(str(files[0]))
        else:
            image = sitk.ReadImage(list(map(str, files)))
        assert np.array_equal(frame, sitk.GetArrayFromImage(image).astype(np.float32))
        assert series.geometry.origin == pytest.approx(image.GetOrigin(), abs=1e-5)
        assert series.geometry.direction == pytest.approx(image.GetDirection(), abs=1e-5)
        assert series.geometry.spacing == pytest.approx(SPACING, abs=1e-5)
        if slices > 1:
            assert series.geometry.spacing == pytest.approx(image.GetSpacing(), abs=1e-5)


@pytest.mark.parametrize("slices", [1, 3])
def test_enhanced_object_gives_what_classic_files_give(tmp_path: Path, slices: int):
    stored = pixels(5, slices)

    def scale(group: Dataset, t: int, k: int) -> None:
        group.PixelValueTransformationSequence[0].RescaleSlope = 1 + t + k

    write_classic(tmp_path / "c", stored)
    write_enhanced(tmp_path / "e" / "one", stored, scale, shuffled=True)
    classic, enhanced = read_series(tmp_path / "c"), read_series(tmp_path / "e")
    slopes = 1 + np.add.outer(np.arange(5), np.arange(slices))[..., None, None]
    assert np.array_equal(enhanced.images, classic.images * slopes)
    assert enhanced.volume_types == TYPES
    assert enhanced.inversion_time == pytest.approx(classic.inversion_time, nan_ok=True)
    assert enhanced.geometry == classic.geometry
    if slices == 1:  # several times of one slice are too much for the other reader
        return
    image = sitk.ReadImage(str(tmp_path / "e" / "one"))
    assert enhanced.geometry.direction == pytest.approx(image.GetDirection(), abs=1e-5)
    assert enhanced.geometry.spacing[:2] == pytest.approx(image.GetSpacing()[:2])


def siemens(dataset: Dataset, t: int, _k: int) -> None:
    dataset.InstanceNumber = None
    dataset.AcquisitionNumber, dataset.AcquisitionTime = t + 1, f"0930{10 + t}.250000"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D"]


def ge(dataset: Dataset, t: int, _k: int) -> None:
    dataset.AcquisitionNumber, dataset.AcquisitionTime = 1, "093010"
    dataset.TriggerTime = 612.0 + (-7) ** t % 5  # a delay that jitters


def ge_counting(dataset: Dataset, t: int, k: int) -> None:
    dataset.AcquisitionNumber, dataset.TriggerTime = None, 900.0 * t
    dataset.InstanceNumber = 500 - 10 * t + k


def philips(dataset: Dataset, t: int, k: int) -> None:
    dataset.AcquisitionNumber = 7
    dataset.TemporalPositionIdentifier = (t + 1) // 2 + 1  # of a pair
    dataset.InstanceNumber = 100 * k + t
    dataset.add_new(0x2005_0010, "LO", "Philips MR Imaging DD 001")
    dataset.add_new(0x2005_100E, "FL", 0.003)


def midnight(dataset: Dataset, t: int, _k: int) -> None:
    dataset.AcquisitionNumber = dataset.InstanceNumber = None
    dataset.AcquisitionDate = "20260131" if t < 2 else "20260201"
    dataset.AcquisitionTime = ("235930", "235950", "000010", "000030", "000050")[t]


@pytest.mark.parametrize("dialect", [siemens, ge, ge_counting, philips, midnight])
def test_dialects_of_scanners_are_put_in_the_order_of_acquisition(tmp_path: Path, dialect):
    stored = pixels(5, 2)
    write_classic(tmp_path, stored, dialect)
    for number, path in enumerate(sorted(tmp_path.iterdir(), key=lambda p: hash(p.name) % 97)):
        path.rename(tmp_path / f"{number:08d}.dcm")
    series = read_series(tmp_path)
    assert np.array_equal(series.images, stored)
    assert series.volume_types == TYPES


def in_image_type(dataset: Dataset, t: int, _k: int) -> None:
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "ASL", TYPES[t].upper()]


def in_description(dataset: Dataset, t: int, _k: int) -> None:
    words = {"m0scan": "PD ref", "control": "FAIR non-sel", "label": "FAIR sel"}
    dataset.SeriesDescription = words[TYPES[t]]


def in_context(dataset: Dataset, t: int, _k: int) -> None:
    item = Dataset()
    item.ASLContext = {"m0scan": "M_ZERO_SCAN"}.get(TYPES[t], TYPES[t].upper())
    dataset.MRArterialSpinLabelingSequence = [item]
    dataset.ImageComments = TYPES[-1 - t]  # which says something else


@pytest.mark.parametrize("where", [in_image_type, in_description, in_context])
def test_control_and_label_are_told_by_what_the_files_say(tmp_path: Path, where):
    write_classic(tmp_path, pixels(), where, comments=None)
    assert read_series(tmp_path).volume_types == TYPES


def test_a_person_states_what_the_files_do_not_say(tmp_path: Path):
    def silent(dataset: Dataset, _t: int, _k: int) -> None:
        dataset.InversionTime = None

    write_classic(tmp_path, pixels(4), silent, comments=None)
    with pytest.raises(SeriesError, match=r"which of its 4 frames are .* --volume-types"):
        read_series(tmp_path)
    with pytest.raises(SeriesError, match=r"inversion time; state it .* --inversion-time"):
        read_series(tmp_path, Hints(volume_types=tuple(SIMPLE)))
    series = read_series(tmp_path, Hints(tuple(SIMPLE), 1.6))
    assert series.volume_types == tuple(SIMPLE)
    assert series.inversion_time == pytest.approx(1.6)


def test_trigger_times_stand_in_for_inversion_times_with_a_word_in_the_report(tmp_path: Path):
    def triggered(dataset: Dataset, _t: int, k: int) -> None:
        dataset.InversionTime, dataset.TriggerTime = 0, 1400.0 + 200 * k

    write_classic(tmp_path, pixels(5, 2), triggered)
    series = read_series(tmp_path)
    assert series.inversion_time[1:] == pytest.approx(1.5)
    drawn = np.ones(series.images.shape, bool)
    segmentation = Segmentation(drawn, ("automatic",) * 5, np.ones(drawn.shape[:2]))
    _, warnings = measure_flow(series, segmentation, None)
    assert any("trigger time (0018,1060)" in text for text in warnings)
    assert any("differ by up to 0.200 s" in text for text in warnings)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int32])
def test_stored_values_of_any_kind_are_signal(tmp_path: Path, kind: type):
    limits = np.iinfo(kind)
    stored = np.random.default_rng(0).integers(limits.min, limits.max, (5, 1, 16, 16)).astype(kind)

    def big(dataset: Dataset, _t: int, _k: int) -> None:
        dataset.RescaleSlope = 1 / 256

    write_classic(tmp_path, stored, big)
    assert np.array_equal(read_series(tmp_path).images, (stored / 256).astype(np.float32))


def test_twelve_bits_are_read_without_what_lies_in_the_other_four(tmp_path: Path):
    stored = np.random.default_rng(0).integers(-2048, 2048, (5, 1, 16, 16)).astype(np.int16)

    def twelve(dataset: Dataset, t: int, _k: int) -> None:
        dataset.BitsStored, dataset.HighBit = 12, 11
        dataset.PixelData = (stored[t] & 0x0FFF | 0x5000).astype(np.int16).tobytes()

    write_classic(tmp_path, stored, twelve)
    assert np.array_equal(read_series(tmp_path).images, stored)


def test_float_pixels_are_read(tmp_path: Path):
    stored = np.random.default_rng(0).normal(size=(5, 1, 16, 16)).astype(np.float32)

    def real(dataset: Dataset, t: int, _k: int) -> None:
        del dataset.PixelData, dataset.PixelRepresentation, dataset.HighBit, dataset.BitsStored
        dataset.FloatPixelData = stored[t].tobytes()

    write_classic(tmp_path, stored.view(np.int32), real)
    assert np.array_equal(read_series(tmp_path).images, stored)


@pytest.mark.parametrize(
    "name",
    ["RLE", "bigendian", "implicit", "jp2klossless", "jpeg_ls_lossless", "padded", "expb"],
)
def test_every_way_of_writing_pixels_gives_the_same_pixels(name: str, capfd):
    """A file of pydicom's own tests, written by other programs in several transfer syntaxes."""
    truth = sitk.GetArrayFromImage(sitk.ReadImage(get_testdata_file("MR_small.dcm")))
    found = read_pixels(Path(get_testdata_file(f"MR_small_{name}.dcm")))
    assert np.array_equal(found, truth)
    assert capfd.readouterr() == ("", "")


def test_compressed_frames_keep_their_own_scale(tmp_path: Path):
    def scale(group: Dataset, t: int, _k: int) -> None:
        group.PixelValueTransformationSequence[0].RescaleSlope = 2**t

    stored = pixels(5, 2)
    write_enhanced(tmp_path / "x.dcm", stored, scale)
    dataset = pydicom.dcmread(tmp_path / "x.dcm")
    dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.save_as(tmp_path / "x.dcm")
    slopes = 2.0 ** np.arange(5)[:, None, None, None]
    assert np.array_equal(read_series(tmp_path).images, stored * slopes)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_files_without_preamble_are_read(tmp_path: Path, syntax: str):
    stored = pixels()
    for (path,) in write_classic(tmp_path, stored):
        dataset = pydicom.dcmread(path)
        dataset.file_meta.TransferSyntaxUID = syntax
        save(dataset, path)
        content = path.read_bytes()
        path.write_bytes(content[content.index(b"\x08\0\x08\0") :])
    assert np.array_equal(read_series(tmp_path).images, stored)


def test_phase_images_beside_magnitude_are_left_out_and_said_so(tmp_path: Path):
    def both(dataset: Dataset, t: int, _k: int) -> None:
        dataset.AcquisitionNumber = t % 5
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "M" if t < 5 else "P", "FFE"]

    stored = pixels(10)
    write_classic(tmp_path, stored, both, comments=TYPES * 2)
    series = read_series(tmp_path)
    assert np.array_equal(series.images, stored[:5])
    assert series.metadata["Notes"] == ["5 phase or complex images are left out."]


def test_copies_of_a_file_do_no_harm_and_are_named(tmp_path: Path):
    (first, *_), *_ = write_classic(tmp_path, pixels())
    shutil.copy(first, tmp_path / "IM1 (copy)")
    series = read_series(tmp_path)
    assert len(series.images) == 5
    assert series.metadata["Notes"] == ["1 copies of files are left out."]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """What lies on a disc from the hospital: series with ASL among others, and what is no image."""
    folder = tmp_path / "DICOM"

    def localizer(dataset: Dataset, _t: int, _k: int) -> None:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    write_classic(folder / "S1", pixels(3), localizer, number=1, description="loc", comments=None)
    write_classic(folder / "S2", pixels(25), number=2, description="cine sax", comments=None)
    write_classic(folder / "S2", pixels(1, 3), number=9, description="LGE", comments=None, first=90)
    write_classic(folder / "S3", pixels(), number=3)
    write_enhanced(folder / "S4" / "I0", pixels())
    for kind in (SR, STATE, SEG):
        dataset = new_dataset(kind, generate_uid(), generate_uid(), 99, "ASL rest")
        if kind == SEG:
            set_pixels(dataset, np.zeros((2, 8, 8), np.uint8))
        save(dataset, folder / "S3" / f"{kind[-4:]}.dcm")
    (folder / "S3" / "notes.txt").write_text("rest and stress")
    (folder / "S3" / "._IM1.dcm").write_bytes(b"\0\5\26\7")
    shutil.copy(get_testdata_file("dicomdirtests/DICOMDIR"), tmp_path)
    return tmp_path


def test_asl_is_found_in_the_folder_of_a_study_and_the_rest_is_told(study: Path):
    folder = study / "DICOM"
    for given_path in (study, study / "DICOMDIR"):
        found = find_series(given_path)
        assert found == [folder / "S3" / "IM1", folder / "S4" / "I0"]
        assert list(map(series_name, found)) == ["series-003_asl-rest", "series-007_asl-stress"]
        told = left_out(given_path)
        assert [text.split(":")[0].rsplit("/")[-1] for text in told] == [
            "IM1 (series-001_loc)", "IM90 (series-009_lge)", "IM1 (series-002_cine-sax)",
        ]  # fmt: skip
        assert "a localizer" in told[0]
        assert "one image of each place" in told[1]
        assert "does not say that it is ASL" in told[2]
    with pytest.raises(SeriesError, match=r"holds 2 series \(IM1 is series-003_asl-rest, I0 is"):
        read_series(study)
    with pytest.raises(SeriesError, match=r"no ASL series.*Not taken: .* a localizer"):
        find_series(folder / "S1")
    assert left_out(found[0]) == ()


def test_a_series_of_unknown_kind_is_found_where_there_is_no_other(study: Path):
    shutil.rmtree(study / "DICOM" / "S3")
    shutil.rmtree(study / "DICOM" / "S4")
    assert list(map(series_name, find_series(study))) == ["series-002_cine-sax"]


def test_a_series_called_asl_goes_before_others_of_unknown_kind(study: Path):
    shutil.rmtree(study / "DICOM" / "S4")
    for path in (study / "DICOM" / "S3").glob("IM*"):
        change(path, ImageComments="")
    assert list(map(series_name, find_series(study))) == ["series-003_asl-rest"]


def test_a_series_that_lies_in_two_folders_is_not_taken_for_two(tmp_path: Path):
    paths = write_classic(tmp_path / "a", pixels())
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert find_series(tmp_path) == [tmp_path / "a" / "IM1", tmp_path / "b" / "IM1"]
    shutil.rmtree(tmp_path / "b")
    (tmp_path / "b").mkdir()
    for (path,) in paths[:2]:
        path.rename(tmp_path / "b" / path.name)
    with pytest.raises(SeriesError, match="its files lie in 2 folders; put them into one"):
        find_series(tmp_path)


def test_two_series_of_one_number_in_a_folder_get_different_names(tmp_path: Path):
    write_classic(tmp_path, pixels())
    write_classic(tmp_path, pixels(), first=50)
    names = list(map(series_name, find_series(tmp_path)))
    assert len(set(names)) == 2
    assert all(re.fullmatch(r"series-003_asl-rest_[0-9a-f]{4}", name) for name in names)


def test_a_damaged_file_stops_its_folder_but_not_the_others(tmp_path: Path):
    write_classic(tmp_path / "a", pixels())
    write_classic(tmp_path / "b", pixels(), number=4)
    (tmp_path / "a" / "IM9.dcm").write_bytes(b"")
    first, second = find_series(tmp_path)
    assert (series_name(first), series_name(second)) == (
        "series-003_asl-rest",
        "series-004_asl-rest",
    )
    assert left_out(tmp_path) == (f"{tmp_path}/a/IM9.dcm: is not a DICOM file; export it again, or "
                                  "take it away.",)  # fmt: skip
    with pytest.raises(SeriesError, match=r"IM9\.dcm: is not a DICOM file"):
        read_series(first)
    assert len(read_series(second).images) == 5


def test_one_image_is_no_series(tmp_path: Path):
    write_classic(tmp_path, pixels(1, 3))
    with pytest.raises(SeriesError, match="one image of each place"):
        read_series(tmp_path / "IM1")


def test_one_file_stands_for_its_series_and_every_file_of_it_counts(tmp_path: Path):
    stored = pixels()
    paths = write_classic(tmp_path, stored)
    write_classic(tmp_path, pixels(4), number=4, comments=tuple(SIMPLE), first=50)
    assert np.array_equal(read_series(paths[3][0]).images, stored)
    digest = input_digest(paths[0][0])
    assert digest == input_digest(paths[3][0])
    change(paths[4][0], ImageComments="label 2")
    assert input_digest(paths[0][0]) != digest


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text("ab Z^=_-é9", min_size=1), st.text("ab Z_-9", min_size=1), st.booleans())
@example("Fair^Mary", "Rest", True)
@example("Doe^Jane", "H-4711", True)
def test_no_part_of_patients_gets_into_names_or_metadata(
    tmp_path: Path, patient: str, number: str, joined: bool
):
    dataset = new_dataset("1.2.840.10008.5.1.4.1.1.4", "1.2", "1.3", 3, "")
    dataset.PatientName, dataset.PatientID = patient, number
    between = "" if joined else "_"
    dataset.SeriesDescription = f"ASL_{patient}{between}{number} FAIR rest {number}"[:64]
    dataset.ImageComments = patient
    dataset.InstanceNumber = 1
    set_pixels(dataset, pixels(1)[0, 0])
    save(dataset, tmp_path / "x")
    name = series_name(tmp_path / "x")
    assert name.startswith("series-003_")
    assert set(name.split("_")[1].split("-")) <= {"asl", "fair", "rest"}
    if patient == "Fair^Mary":
        assert name == "series-003_asl"


def test_metadata_holds_nobody(tmp_path: Path):
    def telling(dataset: Dataset, _t: int, _k: int) -> None:
        dataset.SeriesDescription = "ASL Doe Jane H-4711 19500102"

    write_classic(tmp_path / "folder", pixels(), telling)
    series = read_series(tmp_path / "folder")
    assert series.name == "series-003_asl"
    words = str(series.metadata)
    assert not any(part in words for part in ("Doe", "Jane", "4711", "1950"))


def each(**values: object):
    """Set elements of the third file."""
    return lambda paths: change(paths[2][0], **values)


def cut(paths: list[list[Path]]) -> None:
    paths[2][0].write_bytes(paths[2][0].read_bytes()[:-100])


def all_of(**values: object):
    def edit(paths: list[list[Path]]) -> None:
        for row in paths:
            for path in row:
                change(path, **values)

    return edit


def twin(paths: list[list[Path]], **values: object) -> None:
    path = paths[2][0].with_name("IM99")
    shutil.copy(paths[2][0], path)
    change(path, **values)


BAD = {
    "IM3: has no pixels": each(PixelData=None),
    "IM3: damaged DICOM file (The number of bytes": cut,
    "IM3: says no number of rows": each(Rows=None),
    "IM3.dcm: is not a DICOM file": lambda p: (
        p[2][0].unlink(),
        p[2][0].with_name("IM3.dcm").write_bytes(b""),
    ),
    "frame 0 has no position (0020,0032)": each(ImagePositionPatient=None),
    "frame 0 has no orientation (0020,0037)": each(ImageOrientationPatient=None),
    "frame 0 has no pixel spacing (0028,0030)": each(PixelSpacing=None),
    "frame 0 has no slice thickness (0018,0050)": each(SliceThickness=None),
    "ImagePositionPatient (0020,0032) is '[1.0, 2.0]'": each(ImagePositionPatient=[1.0, 2.0]),
    "no pair of directions at right angles": each(ImageOrientationPatient=[1, 0, 0, 1, 0, 0]),
    "voxels of 0x2x8 mm": each(PixelSpacing=[2, 0]),
    "but of different orientations": each(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]),
    "but of different pixel sizes": each(PixelSpacing=[3, 3]),
    "is scaled by 0 (0028,1053)": each(RescaleSlope=0),
    "images of 24x20, 10x48 pixels in one series": each(Rows=48, Columns=10),
    "of different patients": each(PatientID="H-4712"),
    "Siemens mosaic": all_of(ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"]),
    "give magnitude images": all_of(ImageType=["ORIGINAL", "PRIMARY", "P"]),
    "pixels are MONOCHROME1": each(PhotometricInterpretation="MONOCHROME1"),
    "pixels are RGB": each(PhotometricInterpretation="RGB", SamplesPerPixel=3),
    "images of 8000x20 pixels, where": all_of(Columns=8000),
    "960 bytes cannot be 3000 frames": each(NumberOfFrames=3000),
    "IM3: 99999 frames (0028,0008), which cannot be": each(NumberOfFrames=99999),
    "bits stored up to bit 99": each(HighBit=99),
    "nothing tells their order": lambda p: twin(p, SOPInstanceUID=generate_uid()),
    "has the same identifier (0008,0018)": lambda p: twin(p, InstanceNumber=77),
    "lie up to 9.00 mm apart": each(
        ImagePositionPatient=list(np.array(position(0)) + 9 * np.array(orientation()[:3]))
    ),
    "nothing says which of its 5 frames": each(ImageComments=""),
    "InversionTime (0018,0082) of frame 2 is -1": each(InversionTime=-1000),
    "of frame 2 is 0.0016, where 0.01 to 10 seconds": each(InversionTime=1.6),
    "no control frame": all_of(ASLContext="LABEL"),
    "frame 0 is 'MARKED'": all_of(ASLContext="MARKED"),
}


@pytest.mark.parametrize("words", BAD)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, words: str, capfd):
    paths = write_classic(tmp_path, pixels())
    BAD[words](paths)
    with pytest.raises(SeriesError) as error:
        read_series(paths[0][0])
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert str(tmp_path) in str(error.value)
    assert capfd.readouterr() == ("", "")


def move(distance: float, axis: int):
    """Shift the last slice, along the normal or within the plane."""

    def edit(dataset: Dataset, _t: int, k: int) -> None:
        if k == 2:
            direction = np.array(orientation()).reshape(2, 3)
            axes = [*direction, np.cross(*direction)]
            dataset.ImagePositionPatient = list(np.array(position(k)) + distance * axes[axis])

    return edit


@pytest.mark.parametrize(
    ("edit", "words"),
    [(move(3, 2), "slices are 8.00 to 11.00 mm apart"), (move(3, 0), "shifted against each other")],
)
def test_slices_that_are_no_stack_are_refused(tmp_path: Path, edit, words: str):
    write_classic(tmp_path, pixels(5, 3), edit)
    with pytest.raises(SeriesError, match=words):
        read_series(tmp_path)


def test_a_file_that_is_missing_among_slices_is_told(tmp_path: Path):
    paths = write_classic(tmp_path, pixels(5, 3), nothing)
    paths[2][1].unlink()
    with pytest.raises(SeriesError, match=r"\[5, 4, 5\] images in the 3 slices"):
        read_series(tmp_path)


def test_slices_of_one_time_that_contradict_each_other_are_refused(tmp_path: Path):
    paths = write_classic(tmp_path, pixels(5, 2), nothing)
    change(paths[1][1], ImageComments="label")
    with pytest.raises(SeriesError, match="slices of frame 1 are control and label"):
        read_series(tmp_path)


def test_damaged_bytes_give_a_series_or_a_series_error(tmp_path: Path, capfd):
    """300 files, classic, enhanced and compressed, with bytes changed, cut out or cut off."""
    rng = np.random.default_rng(7)
    classic = write_classic(tmp_path / "c", pixels(4), comments=tuple(SIMPLE))[0][0]
    contexts = tuple(word.upper() for word in SIMPLE)
    enhanced, packed = tmp_path / "e" / "x", tmp_path / "r" / "x"
    for path in (enhanced, packed):
        write_enhanced(path, pixels(4), contexts=contexts)
    dataset = pydicom.dcmread(packed)
    dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.save_as(packed)
    for victim in (classic, enhanced, packed):
        whole = victim.read_bytes()
        for case in range(100):
            damaged = bytearray(whole)
            if case % 4 == 0:
                del damaged[rng.integers(len(damaged)) :]
            elif case % 4 == 1:
                start = rng.integers(len(damaged))
                del damaged[start : start + rng.integers(1, 40)]
            else:
                for _ in range(rng.integers(1, 9)):
                    damaged[rng.integers(132, len(damaged))] = rng.integers(256)
            victim.write_bytes(damaged)
            try:
                series = read_series(victim)
            except SeriesError:
                continue
            assert np.isfinite(series.images).all()
        victim.write_bytes(whole)
    assert capfd.readouterr() == ("", "")
