"""DICOM: M0 in a series of its own goes with control and label, where it lies on their grid."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from cases.commands import aslmyoseg, write_good_files
from cases.dicom import (
    SPACING,
    change,
    complete_header,
    orientation,
    pixels,
    position,
    set_pixels,
    write_classic,
    write_enhanced,
)
from cases.stored import read_series
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.io import Hints, find_series, input_digest, left_out, series_sources
from ASLMyoSegLib.perfusion import quantify

PAIRS = ("control", "label") * 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Beside which lies no other test's M0."""
    return tmp_path / "asl"


STUDY = generate_uid()


def in_study(*edits, **values: object):
    """Files of one study, with further elements."""

    def edit(dataset: Dataset, t: int, k: int) -> None:
        complete_header(dataset, t, k)
        dataset.StudyInstanceUID = STUDY
        for keyword, value in values.items():
            setattr(dataset, keyword, value)
        for other in edits:
            other(dataset, t, k)

    return edit


def write_pairs(folder: Path, slices: int = 1, **values: object) -> np.ndarray:
    stored = pixels(4, slices)
    write_classic(folder, stored, in_study(**values), comments=PAIRS)
    return stored


def write_m0(folder: Path, frames: int = 1, slices: int = 1, *edits, **values: object):
    """M0 as series 4; its name alone says what it is."""
    stored = 2 * pixels(frames, slices)
    number = values.pop("SeriesNumber", 4)
    write_classic(
        folder, stored, in_study(*edits, **values), number=number, description="ASL M0",
        comments=None, first=100 * number,
    )  # fmt: skip
    return stored


@pytest.mark.parametrize("slices", [1, 3])
@pytest.mark.parametrize("beside", [True, False])
def test_m0_of_its_own_in_the_folder_or_beside_it_goes_last(
    tmp_path: Path, folder: Path, slices: int, beside: bool
):
    stored = write_pairs(folder, slices)
    m0 = write_m0(tmp_path / "m0" if beside else folder, 2, slices)
    series = read_series(folder / "IM1")
    assert series.volume_types == (*PAIRS, "m0scan", "m0scan")
    assert np.array_equal(series.images, np.concatenate([stored, m0]))
    assert np.isnan(series.inversion_time[4:]).all()
    assert series.notes == ("M0 is series-004_asl-m0, a series of its own.",)
    assert find_series(tmp_path) == [folder / "IM1"]
    assert left_out(tmp_path) == ()
    files = [source.path.name for source in series_sources(folder / "IM1")]
    assert len(files) == 6 * slices
    assert files[4 * slices] == "IM400"


def test_m0_counts_for_what_was_read(tmp_path: Path):
    write_pairs(tmp_path / "asl")
    alone = input_digest(tmp_path / "asl" / "IM1")
    write_m0(tmp_path / "m0")
    first = input_digest(tmp_path / "asl" / "IM1")
    change(tmp_path / "m0" / "IM400", EchoTime=3)
    assert len({alone, first, input_digest(tmp_path / "asl" / "IM1")}) == 3


def test_flow_is_that_of_the_same_frames_in_one_series(tmp_path: Path):
    write_pairs(tmp_path / "asl")
    write_m0(tmp_path / "asl")
    stored = np.concatenate([2 * pixels(1), pixels(4)])
    write_classic(tmp_path / "one", stored, in_study(InversionTime=1500), comments=("m0", *PAIRS))
    apart = read_series(tmp_path / "asl", Hints(inversion_time=1.5))
    mask = np.zeros((5, 1, 20, 24), bool)
    mask[..., 5:15, 5:15] = True
    joined = read_series(tmp_path / "one")
    flows = [quantify(series, mask).whole.pairs for series in (apart, joined)]
    assert flows[0] == pytest.approx(flows[1])


def test_m0_that_the_series_has_or_a_person_states_is_enough(folder: Path):
    write_classic(folder, pixels(), in_study())
    write_m0(folder)
    assert len(read_series(folder).images) == 5
    change(folder / "IM1", ImageComments="control")
    change(folder / "IM2", ImageComments="label")
    change(folder / "IM3", ImageComments="control")
    types = ("m0scan", "m0scan", "label", "control", "label")
    assert len(read_series(folder).images) == 6
    assert len(read_series(folder, Hints(types)).images) == 5


def test_of_several_the_nearest_in_time_is_taken_and_said_so(tmp_path: Path):
    write_pairs(tmp_path / "rest", AcquisitionDateTime="20260131120000")
    write_m0(tmp_path / "m0", SeriesNumber=5, AcquisitionDateTime="20260131114000.5")
    near = write_m0(tmp_path / "m0", SeriesNumber=9, AcquisitionDateTime="20260131121500+0100")
    series = read_series(tmp_path / "rest")
    assert np.array_equal(series.images[4:], near)
    assert series.notes == (
        "M0 is series-009_asl-m0, a series of its own, of nearest grid and time; not "
        "series-005_asl-m0.",
    )


def shifted(dataset: Dataset, _t: int, k: int) -> None:
    dataset.ImagePositionPatient = position(k + 0.5)


def narrower(dataset: Dataset, _t: int, _k: int) -> None:
    dataset.Rows, dataset.Columns = 16, 30


OTHER_PLACES = {
    "its slices do not lie in the planes": {"edits": [shifted]},
    "its slices are 9 mm apart": {"SliceThickness": 9},
    "it does not cover the images": {"edits": [narrower]},
    "it is of another frame of reference": {"FrameOfReferenceUID": generate_uid()},
    "it has 4 frames, where the ASL series has 4": {"frames": 4},
    "is no stack of images": {"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]},
}


@pytest.mark.parametrize("words", OTHER_PLACES)
def test_m0_of_another_place_is_not_used_and_said_so(folder: Path, words: str):
    write_pairs(folder)
    values = dict(OTHER_PLACES[words])
    frames = values.pop("frames", 1)
    write_m0(folder, frames, 1, *values.pop("edits", ()), **values)
    series = read_series(folder)
    assert len(series.images) == 4
    (note,) = series.notes
    assert words in note
    assert "it is not used" in note


def test_m0_of_the_same_slices_on_another_grid_is_interpolated_and_said_so(folder: Path):
    """A ramp over the patient is the same ramp on every grid."""
    write_pairs(folder, 2)
    far, pixel = np.array([-4.0, -3.0]), np.array([1.2, 1.4])
    axes = np.array(orientation()).reshape(2, 3)
    x, y = (far[i] + pixel[i] * np.arange(60) for i in (0, 1))
    ramp = 500 + 10 * x[None, :] + 7 * y[:, None]

    def elsewhere(dataset: Dataset, _t: int, k: int) -> None:
        dataset.ImagePositionPatient = list(np.array(position(k)) + far @ axes)
        dataset.PixelSpacing = list(pixel[::-1])
        set_pixels(dataset, np.round(100 * ramp).astype(np.int32))
        dataset.RescaleSlope, dataset.RescaleIntercept = 0.01, 0

    write_m0(folder, 1, 2, elsewhere)
    series = read_series(folder)
    ours = [SPACING[i] * np.arange(n) for i, n in ((0, 24), (1, 20))]
    expected = 500 + 10 * ours[0][None, :] + 7 * ours[1][:, None]
    assert series.images[4] == pytest.approx(np.stack([expected] * 2), abs=0.05)
    assert "interpolated linearly" in series.notes[1]
    assert len(series_sources(folder / "IM1")) == 4 * 2
    write_m0(folder, 1, 2, SeriesNumber=9)
    assert "not series-004_asl-m0" in read_series(folder).notes[0]


def test_m0_of_another_study_or_patient_is_none(tmp_path: Path):
    write_pairs(tmp_path / "asl")
    write_m0(tmp_path / "m0", StudyInstanceUID=generate_uid())
    write_m0(tmp_path / "asl", PatientID="H-4712")
    assert len(read_series(tmp_path / "asl").images) == 4
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "0.dcm").write_text("no DICOM")
    assert read_series(tmp_path / "asl").notes == ()


@pytest.mark.parametrize(
    ("description", "counts"),
    [("PD_TSE_sax", False), ("SENSE calibration", False), ("DICOM01", False), ("ASL PD", True),
     ("calib FAIR", True), ("M0", True), ("aslM0_ref", True)],
)  # fmt: skip
def test_m0_is_told_from_scans_that_are_called_alike(folder: Path, description: str, counts: bool):
    write_pairs(folder)
    write_m0(folder)
    change(folder / "IM400", SeriesDescription=description)
    series = read_series(folder)
    assert len(series.images) == 4 + counts
    assert len(series.notes) == counts


def test_a_copy_of_m0_in_another_folder_does_no_harm(tmp_path: Path, folder: Path):
    write_pairs(folder)
    m0 = write_m0(folder)
    write_m0(tmp_path / "old")
    changed = pydicom.dcmread(folder / "IM400")
    changed.EchoTime = 3
    changed.save_as(tmp_path / "old" / "IM400")
    series = read_series(folder)
    assert np.array_equal(series.images[4:], m0)
    assert series.notes == ("M0 is series-004_asl-m0, a series of its own.",)


def test_m0_with_another_echo_or_flip_angle_is_used_with_a_warning(folder: Path):
    write_pairs(folder, EchoTime=1.5, FlipAngle=50)
    write_m0(folder, EchoTime=1.5, FlipAngle=5)
    _, note = read_series(folder).notes
    assert "another flip angle than the ASL series (5, not 50)" in note


def test_an_enhanced_object_of_m0_goes_with_classic_images(folder: Path):
    write_pairs(folder, 2)
    stored = 2 * pixels(2, 2)
    write_enhanced(folder / "X", stored, contexts=("M_ZERO_SCAN",) * 2)
    change(folder / "X", StudyInstanceUID=STUDY)
    series = read_series(folder / "IM1")
    assert np.array_equal(series.images[4:], stored)
    assert [source.number for source in series_sources(folder / "IM1")[-4:]] == [1, 3, 2, 4]


def test_m0_alone_is_no_series(folder: Path):
    write_m0(folder, 2)
    with pytest.raises(SeriesError, match="state it with --volume-types"):
        read_series(folder)
    (folder / "IM400").unlink()
    with pytest.raises(SeriesError, match=r"holds no ASL series.* one image of each place"):
        read_series(folder)


def test_a_series_called_after_the_m0_that_it_includes_is_found_and_is_no_m0(folder: Path):
    for number, description in ((3, "ASL rest with M0"), (4, "ASL stress with M0")):
        write_classic(
            folder, pixels(), in_study(), number=number, description=description, comments=None,
            first=10 * number,
        )  # fmt: skip
    rest, stress = find_series(folder)
    assert len(read_series(stress, Hints(("m0scan", *PAIRS))).images) == 5
    series = read_series(rest, Hints(("control", *PAIRS[1:], "control")))
    assert len(series.images) == 5
    assert "it has 5 frames, where the ASL series has 5" in series.notes[0]


def philips(scale: float, slope: float):
    """As Philips stores it: measured signal = displayed / (rescale slope x scale slope)."""

    def edit(dataset: Dataset, _t: int, _k: int) -> None:
        dataset.Manufacturer = "Philips Medical Systems"
        dataset.RescaleSlope, dataset.RescaleIntercept = slope, 0
        if scale:
            block = dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
            block.add_new(0x0E, "FL", scale)

    return edit


def test_series_that_philips_displays_on_scales_of_their_own_are_brought_to_one(folder: Path):
    write_classic(folder, pixels(4), in_study(philips(0.5, 4)), comments=PAIRS)
    m0 = write_m0(folder, 1, 1, philips(0.125, 8))
    series = read_series(folder)
    assert np.array_equal(series.images[:4], 4 * pixels(4))  # as every reader has them
    measured = m0 / 0.125
    assert series.images[4:] == pytest.approx(measured * (0.5 * 4))
    assert len(series.notes) == 1


def test_series_of_philips_whose_scale_was_taken_away_are_questioned(folder: Path):
    write_classic(folder, pixels(4), in_study(philips(0, 4)), comments=PAIRS)
    write_m0(folder, 1, 1, philips(0, 8))
    assert "(2005,100E) lacks" in read_series(folder).notes[1]


def test_run_tells_which_series_m0_was_taken_from(tmp_path: Path):
    write_good_files(tmp_path)
    write_pairs(tmp_path / "study" / "asl", PixelSpacing=[4, 4])
    write_m0(tmp_path / "study" / "m0", PixelSpacing=[4, 4])
    out, model = tmp_path / "out", tmp_path / "tiny.safetensors"
    done = aslmyoseg("run", tmp_path / "study", "-o", out, "--model", model, "--trials", 2)
    assert done.status == 0
    assert done.errors == f"{tmp_path}/study/asl/IM1: M0 is series-004_asl-m0\n"
    summary = json.loads((out / "summary.json").read_text())
    assert summary["m0_from"] == "series-004_asl-m0"
    assert "M0 is series-004_asl-m0, a series of its own." in summary["warnings"]
    *_, mask = sorted((out / "dicom").glob("myocardium_*"))
    m0 = pydicom.dcmread(tmp_path / "study" / "m0" / "IM400")
    (referenced,) = pydicom.dcmread(mask).ReferencedSeriesSequence
    assert mask.name == "myocardium_frame-004.dcm"
    assert referenced.SeriesInstanceUID == m0.SeriesInstanceUID
    shutil.rmtree(tmp_path / "study" / "m0")
    assert aslmyoseg("run", tmp_path / "study", "-o", out, "--model", model).status == 2
