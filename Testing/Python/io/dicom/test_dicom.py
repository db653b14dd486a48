"""DICOM: what scanners send becomes a series, against SimpleITK's own reader."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from cases.dicom import SPACING, TYPES, change, pixels, save, write_classic, write_enhanced
from cases.stored import read_series
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from ASLMyoSegLib.errors import QuantificationError, SeriesError
from ASLMyoSegLib.io import Hints
from ASLMyoSegLib.io.dicom.files import read_pixels
from ASLMyoSegLib.perfusion import quantify
from ASLMyoSegLib.run.flow import measure_flow
from ASLMyoSegLib.series import Segmentation

SIMPLE = ("control", "label") * 2


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
    for number, path in enumerate(sorted(tmp_path.iterdir(), key=lambda p: p.name[::-1])):
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
        read_series(tmp_path, Hints(volume_types=SIMPLE))
    series = read_series(tmp_path, Hints(SIMPLE, 1.6))
    assert series.volume_types == SIMPLE
    assert series.inversion_time == pytest.approx(1.6)


def test_a_person_states_a_pixel_size_that_lacks(tmp_path: Path):
    def without(dataset: Dataset, _t: int, _k: int) -> None:
        del dataset.PixelSpacing, dataset.SliceThickness, dataset.InversionTime
        dataset.TriggerTime = 700

    write_classic(tmp_path, pixels(), without)
    series = read_series(tmp_path, Hints(inversion_time=1.5, pixel_size=(2.0, 3.0)))
    assert series.geometry.spacing == (2, 3, 1)
    assert series.notes == ()
    with pytest.raises(SeriesError, match="leave --axes out"):
        read_series(tmp_path / "IM1", Hints(axes=("y", "x", "frame")))


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


def test_flow_is_refused_where_the_files_say_that_its_model_does_not_hold(tmp_path: Path):
    def cut_off(group: Dataset, t: int, _k: int) -> None:
        flag = "NO" if TYPES[t] == "m0scan" else "YES"
        group.MRArterialSpinLabelingSequence[0].ASLBolusCutoffFlag = flag

    write_enhanced(tmp_path / "1" / "x", pixels(), cut_off)
    write_enhanced(tmp_path / "2" / "x", pixels())
    change(tmp_path / "2" / "x", ArterialSpinLabelingContrast="PSEUDOCONTINUOUS")
    for folder, words in (("1", "BolusCutOffFlag is true"), ("2", "is PCASL")):
        series = read_series(tmp_path / folder)
        with pytest.raises(QuantificationError, match=words):
            quantify(series, np.ones(series.images.shape, bool))


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
    assert series.metadata["Notes"] == ["Phase or complex images are left out: 5."]


def test_copies_of_a_file_do_no_harm_and_are_named(tmp_path: Path):
    (first, *_), *_ = write_classic(tmp_path, pixels())
    shutil.copy(first, tmp_path / "IM1 (copy)")
    series = read_series(tmp_path)
    assert len(series.images) == 5
    assert series.metadata["Notes"] == ["Copies of files are left out: 1."]
