"""Motion between frames, against the known shifts of simulated hearts."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.ndimage import shift

from ASLMyoSegLib import quantify
from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.io import read_series, write_series
from ASLMyoSegLib.motion.measuring import measure_motion
from ASLMyoSegLib.motion.undoing import align_with_one_mask, correct_motion
from ASLMyoSegLib.phantom import simulate_subject
from ASLMyoSegLib.run.pipeline import run
from ASLMyoSegLib.series import ASLSeries, Geometry


def moved_subject(number: int) -> tuple[ASLSeries, np.ndarray, np.ndarray]:
    """A scan in which half of the frames are moved on top of its own motion.

    Returns series, observer's masks, and the true shifts (frame, 2), pixels from their median:
    the centroid of the exact share of LV wall in each pixel.
    """
    series, truth = simulate_subject(77, number, "rest" if number % 2 else "stress")
    rng = np.random.default_rng(number)
    extra = rng.normal(0, 2.0, (13, 2)) * (rng.random((13, 1)) < 0.5)

    def move(frames: np.ndarray, order: int) -> np.ndarray:
        return np.stack(
            [
                shift(frame[0].astype(np.float32), by, order=order, mode="nearest")[None]
                for frame, by in zip(frames, extra, strict=True)
            ]
        )

    wall = move(truth.fraction, 1)[:, 0]
    y, x = np.mgrid[: wall.shape[1], : wall.shape[2]]
    places = np.stack([(wall * axis).sum((1, 2)) / wall.sum((1, 2)) for axis in (y, x)], axis=-1)
    moved = dataclasses.replace(series, images=move(series.images, 3))
    return moved, move(truth.observer, 1) >= 0.5, places - np.median(places, 0)


@pytest.fixture(scope="module")
def subjects() -> list[tuple[ASLSeries, np.ndarray, np.ndarray]]:
    return [moved_subject(number) for number in (1, 2, 3)]


def errors(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    return np.hypot(*(found[:, 0] - true).T)


def test_shifts_are_known_to_a_tenth_of_a_pixel_whatever_the_contrast(subjects: list):
    """Prints the figures of Docs/motion.md."""
    found = [errors(measure_motion(s, masks).shifts, true) for s, masks, true in subjects]
    assert max(np.hypot(*true.T).max() for *_, true in subjects) > 6
    assert np.mean(found) < 0.1
    assert np.max(found) < 0.4
    print(f"\npixels: mean {np.mean(found):.3f}, largest {np.max(found):.3f}, mean", end=" ")
    kinds = np.array(subjects[0][0].volume_types)
    for kind, most in (("m0scan", 0.25), ("control", 0.1), ("label", 0.1)):
        mean = np.array(found)[:, kinds == kind].mean()
        print(f"of {kind} {mean:.3f}", end=" ")
        assert mean < most


def test_frames_without_a_mask_or_with_a_wrong_one_are_compared_all_the_same(subjects: list):
    series, masks, true = subjects[0]
    masks = masks.copy()
    masks[::3] = False
    masks[4] = np.roll(masks[4], (9, -14), (1, 2))
    masks[10] = False
    masks[10, 0, 8:14, 60:66] = True
    assert errors(measure_motion(series, masks).shifts, true).max() < 0.4


def test_shifts_are_pixels_on_any_grid_and_slices_move_on_their_own(subjects: list):
    (first, masks, true), (second, other_masks, other_true), _ = subjects
    images = np.concatenate([first.images, second.images], axis=1).repeat(2, axis=3)
    both = np.concatenate([masks, other_masks], axis=1).repeat(2, axis=3)
    width, height, thickness = first.geometry.spacing
    narrow = Geometry((width / 2, height, thickness))
    found = measure_motion(dataclasses.replace(first, images=images, geometry=narrow), both)
    for k, expected in enumerate((true, other_true)):
        assert np.abs(found.shifts[:, k] - expected * (1, 2)).mean() < 0.15


def test_corrected_frames_lie_where_the_heart_usually_is(subjects: list):
    series, masks, true = subjects[0]
    motion = measure_motion(series, masks)
    assert motion.moved[:, 0].tolist() == (np.hypot(*true.T) * motion.spacing[0] > 3).tolist()
    corrected, told = correct_motion(series, motion)
    assert np.hypot(*measure_motion(corrected, masks).shifts[:, 0].T).max() < 0.1
    still = np.hypot(*motion.shifts[:, 0].T).argmin()
    assert corrected.images[still] == pytest.approx(series.images[still], rel=0.2, abs=9)
    assert told.warnings() == ()
    assert "in frames" in motion.warnings()[0]


def test_one_mask_for_all_frames_gives_their_flow_once_frames_are_aligned(subjects: list):
    """Without, blood of the cavity counts as muscle in frames that moved. All pixels of a mask
    count alike here, so that no weight hides it."""
    for series, masks, _ in subjects:
        own = quantify(series, masks, weights="mask").whole.mbf
        usual = measure_motion(series, masks)
        one = np.broadcast_to(masks[np.nanargmin(np.hypot(*usual.shifts[:, 0].T))], masks.shape)
        aligned = align_with_one_mask(series, one)
        assert abs(quantify(aligned, one, weights="mask").whole.mbf - own) < 0.5
        assert abs(quantify(series, one, weights="mask").whole.mbf - own) > 1.0
        with pytest.raises(SeriesError, match="masks of their own"):
            align_with_one_mask(series, masks)


def test_nothing_is_told_where_there_is_no_mask_at_all(subjects: list):
    series, masks, _ = subjects[0]
    motion = measure_motion(series, masks & False)
    assert np.isnan(motion.shifts).all()
    assert not motion.moved.any()
    corrected, _ = correct_motion(series, motion)
    assert np.array_equal(corrected.images, series.images)


def test_run_reports_motion_and_corrects_it_when_asked(dataset: Path, tmp_path: Path):
    series = read_series(dataset / "sub-01")
    images = series.images.copy()
    images[6] = np.roll(images[6], (3, -2), (1, 2))
    write_series(
        dataclasses.replace(series, images=images, name="sub-01"), tmp_path / "sub-01_asl.nii.gz"
    )
    told = {}
    for name, correct in (("plain", False), ("corrected", True)):
        run(tmp_path / "sub-01_asl.nii.gz", tmp_path / name, trials=4, correct_motion=correct)
        told[name] = json.loads((tmp_path / name / "summary.json").read_text())
        frame = told[name]["frames"][6]
        assert frame["moved"]
        assert frame["shift_pixels"] == pytest.approx([3, -2], abs=0.6)
        assert told[name]["motion"] == {"limit_mm": 3.0, "corrected": correct}
        report = (tmp_path / name / "report.html").read_text()
        assert 'class="flag">moved' in report
        assert ("frames were moved back" in report) == correct
    assert any("moved in frames 6" in w for w in told["plain"]["warnings"])
    assert not any("moved in" in w for w in told["corrected"]["warnings"])
    again = sitk.GetArrayFromImage(
        sitk.ReadImage(str(tmp_path / "corrected/sub-01_desc-motioncorrected_series.nii.gz"))
    )
    assert np.abs(again[6] - series.images[6]).mean() < 0.3 * np.abs(images[6] - again[6]).mean()
    (outcome,) = run(tmp_path / "sub-01_asl.nii.gz", tmp_path / "plain", trials=4)
    assert outcome.resumed
    (plain, corrected) = (told[name]["mbf"]["global"] for name in ("plain", "corrected"))
    for flow, other in ((plain, corrected), (corrected, plain)):  # alike within their doubt
        low, high = other["interval90"]
        assert low < flow["mbf"] < high
