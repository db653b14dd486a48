"""DICOM: what single vendors, old software and archives write in ways of their own."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from cases.dicom import TYPES, change, complete_header, pixels, save, write_classic, write_enhanced
from cases.stored import read_series
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian, RLELossless, generate_uid

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.io import find_series, left_out

PHILIPS = "Philips MR Imaging DD 00"
CONTEXTS = ("M_ZERO_SCAN", "CONTROL", "LABEL", "CONTROL", "LABEL")


def group_lengths(dataset: Dataset, _t: int, _k: int) -> None:
    for group in (0x0008, 0x0018, 0x7FE0):
        dataset.add_new((group, 0x0000), "UL", 4711)


def private_things(dataset: Dataset, _t: int, _k: int) -> None:
    """As Siemens has them, but a sequence of undefined length too."""
    block = dataset.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", b"SV10\4\3\2\1" + os.urandom(500))
    item = Dataset()
    item.add_new(0x0019_1001, "UN", b"abcd")
    block.add_new(0x20, "SQ", [item])
    dataset[0x0029, 0x1020].is_undefined_length = True


def nothing_said(dataset: Dataset, _t: int, _k: int) -> None:
    for keyword in ("RescaleSlope", "RescaleIntercept", "TriggerTime", "AcquisitionTime",
                    "TemporalPositionIdentifier", "EchoTime", "Manufacturer"):  # fmt: skip
        setattr(dataset, keyword, None)


def chinese(dataset: Dataset, t: int, _k: int) -> None:
    dataset.SpecificCharacterSet, dataset.PatientName = "GB18030", "王^小东"
    dataset.ImageComments = TYPES[t] + " 心肌"


def japanese(dataset: Dataset, t: int, _k: int) -> None:
    dataset.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    dataset.PatientName, dataset.ImageComments = "Yamada^T=山田^太郎", TYPES[t] + " 心筋"


def several_where_one_is_due(dataset: Dataset, t: int, _k: int) -> None:
    dataset.InversionTime, dataset.SliceThickness = [1500.0 + t] * 2, [8, 8]
    dataset["SeriesNumber"].value = [3, 4]


def spelt_otherwise(dataset: Dataset, t: int, _k: int) -> None:
    dataset.PatientName = ("Doe^Jane", "DOE^JANE ", "doe jane")[t % 3]


def instances_of_each_acquisition(dataset: Dataset, t: int, k: int) -> None:
    dataset.AcquisitionNumber, dataset.InstanceNumber = t + 1, k + 1


@pytest.mark.parametrize(
    "oddity",
    [group_lengths, private_things, nothing_said, chinese, japanese, several_where_one_is_due,
     spelt_otherwise, instances_of_each_acquisition],
)  # fmt: skip
def test_what_is_odd_but_harmless_changes_nothing(tmp_path: Path, oddity, capfd):
    paths = write_classic(tmp_path, pixels(5, 2), oddity)
    series = read_series(tmp_path)
    assert np.array_equal(series.images, pixels(5, 2))
    assert series.volume_types == TYPES
    image = sitk.ReadImage(str(paths[0][0]))
    assert series.geometry.spacing[:2] == pytest.approx(image.GetSpacing()[:2])
    assert capfd.readouterr() == ("", "")


def test_a_file_says_its_kind_in_its_first_group_alone(tmp_path: Path):
    for (path,) in write_classic(tmp_path, pixels()):
        change(path, SOPClassUID=None, SOPInstanceUID=None)
    assert np.array_equal(read_series(tmp_path).images, pixels())


def test_a_file_without_preamble_may_begin_with_a_group_length(tmp_path: Path):
    for (path,) in write_classic(tmp_path, pixels()):
        dataset = pydicom.dcmread(path)
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        save(dataset, path)
        content = path.read_bytes()
        length = b"\x08\0\0\0\4\0\0\0\x90\1\0\0"
        path.write_bytes(length + content[content.index(b"\x08\0\x08\0") :])
    assert np.array_equal(read_series(tmp_path).images, pixels())


@pytest.mark.parametrize("packed", [False, True])
def test_values_in_the_upper_bits_are_read_without_what_lies_below(tmp_path: Path, packed: bool):
    stored = np.random.default_rng(0).integers(0, 4096, (5, 1, 16, 16)).astype(np.uint16)

    def twelve(dataset: Dataset, t: int, _k: int) -> None:
        dataset.BitsStored, dataset.HighBit = 12, 15
        dataset.PixelData = (stored[t] << 4 | 5).astype(np.uint16).tobytes()
        if packed:
            dataset.compress(RLELossless, generate_instance_uid=False)

    write_classic(tmp_path, stored, twelve)
    assert np.array_equal(read_series(tmp_path).images, stored)


def test_padding_around_the_image_is_no_signal(tmp_path: Path):
    stored = pixels()
    stored[..., :3], stored[..., 3:5] = -2000, -1990

    def padded(dataset: Dataset, _t: int, _k: int) -> None:
        dataset.PixelPaddingValue, dataset.PixelPaddingRangeLimit = -2000, -1990
        dataset.RescaleIntercept, dataset.RescaleSlope = 100, 2

    write_classic(tmp_path, stored, padded)
    images = read_series(tmp_path).images
    assert (images[..., :5] == 0).all()
    assert np.array_equal(images[..., 5:], 2.0 * stored[..., 5:] + 100)


def test_stored_values_that_are_places_in_a_table_are_refused(tmp_path: Path):
    def table(dataset: Dataset, _t: int, _k: int) -> None:
        item = Dataset()
        item.LUTDescriptor, item.ModalityLUTType = [4, 0, 16], "US"
        item.add_new("LUTData", "OW", bytes(8))
        dataset.ModalityLUTSequence = [item]

    write_classic(tmp_path, pixels(), table)
    with pytest.raises(SeriesError, match=r"places in a table \(0028,3000\)"):
        read_series(tmp_path)


def test_a_phase_series_beside_is_left_out(tmp_path: Path):
    def phase(dataset: Dataset, _t: int, _k: int) -> None:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "P", "ND"]

    write_classic(tmp_path, pixels())
    write_classic(tmp_path, pixels(), phase, number=4, first=50)
    assert find_series(tmp_path) == [tmp_path / "IM1"]
    assert "phase or complex images" in left_out(tmp_path)[0]


def test_enhanced_objects_of_one_volume_each_are_one_series(tmp_path: Path):
    """As Siemens XA exports measurements: all instance numbers are 1, the time alone tells."""
    stored = pixels(5, 2)
    for t in (3, 1, 4, 0, 2):
        path = tmp_path / f"{(7 * t) % 5}.dcm"

        def timed(group: Dataset, _t: int, _k: int, t: int = t) -> None:
            content = group.FrameContentSequence[0]
            del content.TemporalPositionIndex
            content.FrameAcquisitionDateTime = f"2026013123595{t}.5+0100"
            content.FrameAcquisitionNumber = 1

        write_enhanced(path, stored[t : t + 1], timed, contexts=CONTEXTS[t : t + 1])
        change(path, SeriesInstanceUID="1.2.3")
    series = read_series(tmp_path)
    assert np.array_equal(series.images, stored)
    assert series.volume_types == TYPES


def test_what_archives_convert_to_enhanced_is_what_it_was(tmp_path: Path):
    """By highdicom, which puts elements that enhanced MR does not know into sequences of others."""
    legacy = pytest.importorskip("highdicom.legacy")

    def complete(dataset: Dataset, t: int, k: int) -> None:
        complete_header(dataset, t, k)
        for keyword, value in {
            "Manufacturer": "X", "PatientPosition": "HFS", "BodyPartExamined": "HEART",
            "SeriesDate": "20260101", "SeriesTime": "120000", "AcquisitionDate": "20260101",
            "AcquisitionTime": f"12000{t}", "ContentDate": "20260101", "ContentTime": "120000",
            "ScanningSequence": "GR", "SequenceVariant": "SP", "ScanOptions": "",
            "MRAcquisitionType": "2D", "EchoTime": 1.5, "RepetitionTime": 3, "FlipAngle": 50,
            "EchoTrainLength": 1, "RescaleSlope": 1 + t, "RescaleIntercept": 0, "RescaleType": "US",
            "WindowCenter": 500, "WindowWidth": 1000,
        }.items():  # fmt: skip
            setattr(dataset, keyword, value)

    paths = write_classic(tmp_path / "classic", pixels(5, 2), complete)
    converted = legacy.LegacyConvertedEnhancedMRImage(
        [pydicom.dcmread(path) for row in paths for path in row],
        series_instance_uid=generate_uid(),
        series_number=9,
        sop_instance_uid=generate_uid(),
        instance_number=1,
    )
    converted.save_as(tmp_path / "converted.dcm")
    found, truth = read_series(tmp_path / "converted.dcm"), read_series(tmp_path / "classic")
    assert np.array_equal(found.images, truth.images)
    assert found.volume_types == truth.volume_types
    assert found.inversion_time == pytest.approx(truth.inversion_time, nan_ok=True)
    assert found.geometry == truth.geometry


def test_label_types_of_philips_tell_control_from_label(tmp_path: Path):
    def philips(dataset: Dataset, t: int, _k: int) -> None:
        for k in range(1, 6):
            dataset.private_block(0x2005, f"{PHILIPS}{k}", create=True)
        dataset.add_new(0x2005_1429, "CS", ("CONTROL", "LABEL")[t % 2])

    write_classic(tmp_path, pixels(4), philips, comments=None)
    assert read_series(tmp_path).volume_types == ("control", "label") * 2


@pytest.mark.parametrize("kind", ["classic", "implicit", "unknown VR", "enhanced"])
def test_frames_that_philips_displays_on_other_scales_are_brought_to_one(tmp_path, kind: str):
    """Measured = displayed / (rescale slope x scale slope), as Philips documents it."""
    scales = np.array([0.5, 1, 2, 0.25, 4])

    def philips(dataset: Dataset, t: int, _k: int) -> None:
        block = dataset.private_block(0x2005, f"{PHILIPS}1", create=True)
        value = np.float32(scales[t]).tobytes() if kind == "unknown VR" else float(scales[t])
        block.add_new(0x0E, "UN" if kind == "unknown VR" else "FL", value)
        if kind == "implicit":
            dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian

    def enhanced(group: Dataset, t: int, k: int) -> None:
        item = Dataset()
        philips(item, t, k)
        group.private_block(0x2005, f"{PHILIPS}5", create=True)
        group.add_new(0x2005_140F, "SQ", [item])

    if kind == "enhanced":
        write_enhanced(tmp_path / "x", pixels(), enhanced)
    else:
        write_classic(tmp_path, pixels(), philips)
    measured = pixels() / scales[:, None, None, None]
    assert read_series(tmp_path).images == pytest.approx(measured * scales[0])
