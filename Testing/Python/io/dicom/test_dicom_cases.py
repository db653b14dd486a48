"""DICOM: what goes wrong in other tools by public reports, each with its right answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from cases.dicom import TYPES, change, pixels, write_classic, write_enhanced
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.io import Hints, find_series, left_out, read_series

STATED = Hints(volume_types=TYPES)
CONTEXTS = ("M_ZERO_SCAN", "CONTROL", "LABEL", "CONTROL", "LABEL")


def shuffled(folder: Path) -> None:
    """Names of files that tell another order than that of acquisition."""
    for number, path in enumerate(sorted(folder.iterdir(), key=lambda p: p.name[::-1])):
        path.rename(folder / f"{(number * 7 + 3) % 10:08d}.dcm")


# What tells the order


def without_dates(dataset: Dataset, t: int) -> None:
    dataset.AcquisitionTime = ("235940.0", "235950.0", "000000.5", "000010.0", "000020.0")[t]


def one_date_for_all(dataset: Dataset, t: int) -> None:
    without_dates(dataset, t)
    dataset.AcquisitionDate = "20260131"


def some_dates(dataset: Dataset, t: int) -> None:
    without_dates(dataset, t)
    if t % 2:
        dataset.AcquisitionDate = "20260201" if t > 1 else "20260131"


def when_made(dataset: Dataset, t: int) -> None:
    dataset.ContentTime = ("235940", "235950", "000000.5", "000010", "000020")[t]


def offset_in_time(dataset: Dataset, t: int) -> None:
    dataset.TemporalPositionTimeOffset = 2.5 * t


@pytest.mark.parametrize(
    "said", [without_dates, one_date_for_all, some_dates, when_made, offset_in_time]
)
def test_frames_are_in_the_order_of_acquisition_over_midnight(tmp_path: Path, said):
    def edit(dataset: Dataset, t: int, _k: int) -> None:
        dataset.AcquisitionNumber = dataset.InstanceNumber = None
        said(dataset, t)

    stored = pixels(5, 2)
    write_classic(tmp_path, stored, edit, comments=None)
    shuffled(tmp_path)
    series = read_series(tmp_path, STATED)
    assert np.array_equal(series.images, stored)
    wrapped = said in (without_dates, one_date_for_all, when_made)
    assert any("pass midnight without another date" in note for note in series.notes) == wrapped


@pytest.mark.parametrize("lacks", ["InConcatenationNumber", "ConcatenationFrameOffsetNumber", ""])
def test_files_of_a_concatenation_follow_each_other(tmp_path: Path, lacks: str):
    stored = pixels(5)

    def silent(group: Dataset, _t: int, _k: int) -> None:
        del group.FrameContentSequence, group.MRArterialSpinLabelingSequence

    for name, number, frames in (("b", 1, slice(0, 3)), ("a", 2, slice(3, 5))):
        path = tmp_path / f"{name}.dcm"
        write_enhanced(path, stored[frames], silent, contexts=CONTEXTS[frames])
        said = {
            "InConcatenationTotalNumber": 2,
            "InConcatenationNumber": number,
            "ConcatenationFrameOffsetNumber": frames.start,
        }
        said.pop(lacks, None)
        change(path, SeriesInstanceUID="1.2.3", **said)
    series = read_series(tmp_path, STATED)
    assert np.array_equal(series.images, stored)
    if not lacks:
        (tmp_path / "a.dcm").unlink()
        notes = read_series(tmp_path, Hints(volume_types=TYPES[:3])).notes
        assert "Of 2 files of one concatenation lack: 2." in notes


def test_two_orders_that_contradict_each_other_are_named(tmp_path: Path):
    def backwards(dataset: Dataset, t: int, _k: int) -> None:
        dataset.AcquisitionNumber = None
        dataset.AcquisitionTime, dataset.InstanceNumber = f"12{t:02d}00", 10 - t

    write_classic(tmp_path, pixels(), backwards)
    series = read_series(tmp_path)
    assert np.array_equal(series.images, pixels())
    assert series.notes == (
        "Frame 0 goes before frame 1 by acquisition time (0008,0032), which is believed, but after "
        "it by instance number (0020,0013).",
    )


@pytest.mark.parametrize("field", ["TemporalPositionIdentifier", "ContentTime"])
def test_an_order_that_another_field_contradicts_is_no_fault(tmp_path: Path, field: str):
    def backwards(dataset: Dataset, t: int, _k: int) -> None:
        dataset.AcquisitionNumber = None
        setattr(dataset, field, f"{10 + t}")
        dataset.InstanceNumber = 10 - t if field == "TemporalPositionIdentifier" else None

    write_classic(tmp_path, pixels(), backwards)
    series = read_series(tmp_path)
    assert np.array_equal(series.images, pixels())
    assert len(series.notes) == (field == "TemporalPositionIdentifier")


@pytest.mark.parametrize("times", [(500, 1000, 1500, 2000, 2500), (5000, 5500, 6000, 6500, 7000)])
def test_trigger_times_that_count_on_are_no_inversion_times(tmp_path: Path, times: tuple):
    def counting(dataset: Dataset, t: int, _k: int) -> None:
        dataset.InversionTime, dataset.TriggerTime = None, times[t]

    write_classic(tmp_path, pixels(5, 2), counting)
    with pytest.raises(SeriesError, match="--inversion-time"):
        read_series(tmp_path)


def test_other_objects_in_the_folder_do_no_harm_however_odd(tmp_path: Path):
    write_classic(tmp_path, pixels())
    write_enhanced(tmp_path / "other.dcm", pixels())
    change(tmp_path / "other.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4", NumberOfFrames=3,
           RescaleSlope=0)  # fmt: skip
    assert np.array_equal(read_series(tmp_path).images, pixels())


# Values that are not as they should be


def in_a_text(dataset: Dataset) -> None:
    dataset["PixelSpacing"] = DataElement("PixelSpacing", "LT", "2.5\\1.5")


def as_doubles(dataset: Dataset) -> None:
    dataset["PixelSpacing"] = DataElement("PixelSpacing", "FD", [2.5, 1.5])


def as_bytes(dataset: Dataset) -> None:
    dataset["PixelSpacing"] = DataElement("PixelSpacing", "OB", b"2.5\\1.5 ")


def with_commas(dataset: Dataset) -> None:
    dataset["PixelSpacing"] = DataElement("PixelSpacing", "LO", ["2,5", "1,5"])


def whole_numbers_as_text(dataset: Dataset) -> None:
    for keyword in ("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"):
        dataset[keyword] = DataElement(keyword, "SH", str(dataset[keyword].value))


@pytest.mark.parametrize(
    "written", [in_a_text, as_doubles, as_bytes, with_commas, whole_numbers_as_text]
)
def test_a_wrong_vr_or_a_decimal_comma_changes_nothing(tmp_path: Path, written):
    write_classic(tmp_path, pixels(), lambda dataset, _t, _k: written(dataset))
    series = read_series(tmp_path)
    assert series.geometry.spacing[:2] == (1.5, 2.5)
    assert np.array_equal(series.images, pixels())


def test_a_broken_value_that_is_not_needed_costs_a_word_and_not_the_file(tmp_path: Path):
    def broken(dataset: Dataset, _t: int, _k: int) -> None:
        dataset["EchoTime"] = DataElement("EchoTime", "LO", "short")
        dataset["SeriesNumber"] = DataElement("SeriesNumber", "LO", "3b")
        dataset["MagneticFieldStrength"] = DataElement("MagneticFieldStrength", "LO", "1.5 T")

    write_classic(tmp_path, pixels(), broken)
    series = read_series(tmp_path)
    assert series.metadata["MagneticFieldStrength"] == 1.5
    assert series.notes == ("EchoTime (0018,0081) is 'short', which is no number; it is not used.",)


def test_a_pixel_size_that_is_none_can_be_stated(tmp_path: Path):
    def broken(dataset: Dataset, _t: int, _k: int) -> None:
        dataset["PixelSpacing"] = DataElement("PixelSpacing", "LO", "two")

    write_classic(tmp_path, pixels(), broken)
    with pytest.raises(SeriesError, match="--pixel-size"):
        read_series(tmp_path)
    assert read_series(tmp_path, Hints(pixel_size=(3, 3))).geometry.spacing[:2] == (3, 3)


# What is no signal of control and label, or not of one scale


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (["ORIGINAL", "PRIMARY", "P_FFE", "P", "FFE"], "phase or complex images"),
        (["ORIGINAL", "PRIMARY", "VELOCITY MAP", "P", "PCA"], "phase or complex images"),
        (["DERIVED", "PRIMARY", "ASL", "SUBTRACTION"], "computed images (SUBTRACTION)"),
        (["DERIVED", "PRIMARY", "PERFUSION", "RELCBF"], "computed images (RELCBF)"),
        (["ORIGINAL", "PRIMARY", "T1 MAP", "T1", "UNSPECIFIED"], "computed images (T1 MAP)"),
    ],
)
def test_what_is_no_measured_magnitude_is_left_out_and_refused_by_name(tmp_path, kind, words):
    def other(dataset: Dataset, _t: int, _k: int) -> None:
        dataset.ImageType = kind

    write_classic(tmp_path / "1", pixels())
    write_classic(tmp_path / "2", pixels(), other, number=4)
    assert find_series(tmp_path) == [tmp_path / "1" / "IM1"]
    assert f"{words}, where magnitude is needed" in left_out(tmp_path)[0]
    with pytest.raises(SeriesError) as refusal:
        read_series(tmp_path / "2" / "IM1")
    assert f"{words}; give magnitude images" in str(refusal.value)


@pytest.mark.parametrize(
    ("creator", "tag", "value"),
    [("GEMS_PARM_01", 0x0043_112F, 1), ("Philips MR Imaging DD 001", 0x2005_1111, "P")],
)
def test_words_of_one_vendor_tell_phase_wherever_their_block_lies(tmp_path, creator, tag, value):
    def private(dataset: Dataset, t: int, _k: int) -> None:
        dataset.add_new((tag >> 16, 0x0011), "LO", creator)
        dataset.add_new(tag, "SS" if value == 1 else "CS", value if t > 4 else type(value)())

    stored = pixels(10)
    write_classic(tmp_path, stored, private, comments=TYPES * 2)
    series = read_series(tmp_path)
    assert np.array_equal(series.images, stored[:5])
    assert series.notes == ("Phase or complex images are left out: 5.",)


def test_derived_images_beside_originals_are_left_out(tmp_path: Path):
    def averaged(dataset: Dataset, t: int, _k: int) -> None:
        dataset.ImageType = ["DERIVED" if t > 4 else "ORIGINAL", "SECONDARY", "OTHER"]

    stored = pixels(7)
    write_classic(tmp_path, stored, averaged, comments=(*TYPES, "control", "label"))
    series = read_series(tmp_path)
    assert np.array_equal(series.images, stored[:5])
    assert series.notes == ("Derived images (0008,0008) are left out: 2.",)


def test_a_series_that_was_derived_from_another_is_read_by_name_alone(tmp_path: Path):
    def moved(dataset: Dataset, _t: int, _k: int) -> None:
        dataset.ImageType = ["DERIVED", "PRIMARY", "M", "MOCO"]
        dataset.StudyInstanceUID = "1.2.3"

    def original(dataset: Dataset, _t: int, _k: int) -> None:
        dataset.StudyInstanceUID = "1.2.3"

    write_classic(tmp_path / "1", pixels(), moved, number=4)
    assert find_series(tmp_path) == [tmp_path / "1" / "IM1"]
    write_classic(tmp_path / "2", pixels(), original)
    assert find_series(tmp_path) == [tmp_path / "2" / "IM1"]
    assert "derived images (0008,0008), where originals are" in left_out(tmp_path)[0]
    assert "all images were derived from others" in read_series(tmp_path / "1" / "IM1").notes[0]


def test_differences_among_control_and_label_are_left_out_with_a_word(tmp_path: Path):
    words = (*TYPES[:3], "control - label difference", *TYPES[3:], "CBF")
    stored = pixels(7)
    write_classic(tmp_path, stored, comments=words)
    series = read_series(tmp_path)
    assert np.array_equal(series.images, stored[[0, 1, 2, 4, 5]])
    assert series.volume_types == TYPES
    assert any("3" in note and "6" in note for note in series.notes)


def test_folders_of_a_study_may_be_links(tmp_path: Path):
    write_classic(tmp_path / "elsewhere", pixels())
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "asl").symlink_to(tmp_path / "elsewhere")
    assert find_series(tmp_path / "study") == [tmp_path / "study" / "asl" / "IM1"]


def test_several_echoes_are_not_mixed(tmp_path: Path):
    def echoes(dataset: Dataset, t: int, _k: int) -> None:
        dataset.AcquisitionNumber, dataset.EchoTime = t // 2, (12.0, 1.5)[t % 2]

    stored = pixels(10)
    types = tuple(kind for kind in TYPES for _ in range(2))
    write_classic(tmp_path / "1", stored, echoes, comments=types)
    series = read_series(tmp_path / "1")
    assert np.array_equal(series.images, stored[1::2])
    assert series.volume_types == TYPES
    assert series.notes == (
        "Images of later echoes (12 ms, where 1.5 ms is taken) are left out: 5.",
    )

    def of_m0(dataset: Dataset, t: int, _k: int) -> None:
        dataset.EchoTime, dataset.FlipAngle = (1.5, 50) if t else (12, 5)

    write_classic(tmp_path / "2", pixels(), of_m0)
    series = read_series(tmp_path / "2")
    assert len(series.images) == 5
    assert "several echo times (1.5, 12 ms)" in series.notes[0]
    assert "several flip angles (5, 50 degrees)" in series.notes[1]


def test_loss_and_screen_values_are_told(tmp_path: Path):
    def lossy(dataset: Dataset, _t: int, _k: int) -> None:
        dataset.LossyImageCompression, dataset.LossyImageCompressionRatio = "01", 20

    def screen(dataset: Dataset, _t: int, _k: int) -> None:
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7.2"

    write_classic(tmp_path / "1", pixels(), lossy)
    write_classic(tmp_path / "2", (pixels() // 8).astype(np.uint8), screen)
    assert "compressed with loss, 20:1 (0028,2110)" in read_series(tmp_path / "1").notes[0]
    assert "of 8 bits, of secondary captures" in read_series(tmp_path / "2").notes[0]


def test_real_world_values_are_the_scale_where_there_is_no_other(tmp_path: Path):
    def mapped(dataset: Dataset, t: int, _k: int) -> None:
        item = Dataset()
        item.RealWorldValueSlope, item.RealWorldValueIntercept = 2.0**t, 3.0
        dataset.RealWorldValueMappingSequence = [item]

    def both(dataset: Dataset, t: int, k: int) -> None:
        mapped(dataset, t, k)
        dataset.RescaleSlope, dataset.RescaleIntercept = 4, 0

    write_classic(tmp_path / "1", pixels(), mapped)
    write_classic(tmp_path / "2", pixels(), both)
    scales = 2.0 ** np.arange(5)[:, None, None, None]
    assert np.array_equal(read_series(tmp_path / "1").images, pixels() * scales + 3)
    series = read_series(tmp_path / "2")
    assert np.array_equal(series.images, pixels() * 4)
    assert "(0040,9225) of a frame is 16, the rescale slope (0028,1053) 4" in series.notes[0]


# Fields that contradict each other


def test_contradictions_are_named_with_both_values(tmp_path: Path):
    def odd(group: Dataset, t: int, _k: int) -> None:
        group.FrameContentSequence[0].FrameComments = TYPES[-1 - t]
        group.MRModifierSequence[0].InversionTime = 1500.0

    write_enhanced(tmp_path / "x", pixels(5, 2), odd)
    change(tmp_path / "x", ImagingFrequency=63.87, SpacingBetweenSlices=10)
    notes = read_series(tmp_path / "x").notes
    assert any("0087) is 3 T" in n and "63.87 MHz is that of 1.50 T" in n for n in notes)
    assert any("0082) is 1500 ms" in n and "(0018,9079) say 1501 ms" in n for n in notes)
    assert any("apart by their positions" in n and "but 10 mm by Spacing" in n for n in notes)
    told = "Frame 0 is m0scan by ASL Context (0018,9257), which is believed, but label by"
    assert any(told in note for note in notes)


def test_the_pixels_of_a_file_that_was_cut_are_no_series(tmp_path: Path):
    ((first,), *_) = write_classic(tmp_path, pixels())
    dataset = pydicom.dcmread(first)
    dataset.PixelData = dataset.PixelData[:-100]
    dataset.save_as(first)
    with pytest.raises(SeriesError, match="damaged DICOM file"):
        read_series(tmp_path)
