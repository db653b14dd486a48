"""Masks that others drew: whatever the format, they lie where they were drawn, or are refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import scipy.io
import SimpleITK as sitk
from cases.dicom import new_dataset
from cases.masks import (
    CENTRE,
    DIRECTION,
    GRID,
    SIZE,
    TRUTH,
    TYPES,
    circle,
    keyhole,
    make_series,
    structure_set,
    wall,
)
from PIL import Image
from scipy import ndimage
from scipy.spatial.transform import Rotation

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.io import Hints, read_masks, write_volume
from ASLMyoSegLib.io.images.nrrd import write_nrrd
from ASLMyoSegLib.io.masks.seg_nrrd import write_segmentation
from ASLMyoSegLib.series import ASLSeries, Geometry


def same(found: np.ndarray, expected: np.ndarray) -> bool:
    """Up to what sampling moves at the edges."""
    overlap = 2 * (found & expected).sum() / (found.sum() + expected.sum())
    return bool(overlap > 0.97)


@pytest.mark.parametrize("name", ["m.nii.gz", "m.nrrd", "m.mha", "m.nii"])
def test_a_label_map_of_any_format_serves_all_frames(tmp_path: Path, name: str):
    write_volume(tmp_path / name, TRUTH.astype(np.uint8) * 3, GRID)
    masks = read_masks(tmp_path / name, make_series())
    assert np.array_equal(masks, np.stack([TRUTH] * 3))


@pytest.mark.parametrize("turn", [(0, 0, 0), (0, 0, 90), (25, 10, -60), (0, 180, 0)])
def test_a_mask_of_another_grid_lies_where_it_was_drawn(tmp_path: Path, turn: tuple):
    """Against the same wall sampled on the images' grid; by index, nothing would fit."""
    direction = Rotation.from_euler("xyz", turn, degrees=True).as_matrix() @ DIRECTION
    spacing, size = (1.1, 0.9, 1.3), (70, 90, 80)
    middle = direction @ ((np.array(size[::-1]) - 1) / 2 * spacing)
    grid = Geometry(spacing, tuple(CENTRE - middle), tuple(direction.ravel()))
    write_volume(tmp_path / "m.nii.gz", wall(grid, size), grid)
    masks = read_masks(tmp_path / "m.nii.gz", make_series())
    assert all(same(mask, TRUTH) for mask in masks)


def test_axes_stored_the_other_way_round_change_nothing(tmp_path: Path):
    """To the pixel, as the centres of the voxels are the same."""
    for axis in range(3):
        image = sitk.Flip(as_image(TRUTH), [k == axis for k in range(3)], flipAboutOrigin=False)
        sitk.WriteImage(image, str(tmp_path / "m.nii.gz"))
        assert np.array_equal(read_masks(tmp_path / "m.nii.gz", make_series())[1], TRUTH)
    cropped = as_image(TRUTH)[5:40, 3:38, 1:2]
    sitk.WriteImage(cropped, str(tmp_path / "m.nrrd"))
    masks = read_masks(tmp_path / "m.nrrd", make_series())
    assert np.array_equal(masks[0, 1], TRUTH[1])
    assert not masks[:, 0].any()


def as_image(mask: np.ndarray) -> sitk.Image:
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(GRID.spacing)
    image.SetOrigin(GRID.origin)
    image.SetDirection(GRID.direction)
    return image


def test_masks_of_each_frame_keep_their_frame(tmp_path: Path):
    series = make_series()
    masks = np.stack([np.roll(TRUTH, 2 * k, -1) for k in range(3)])
    masks[0] = False
    write_volume(tmp_path / "m.nii.gz", masks, GRID)
    write_nrrd(tmp_path / "m.seq.nrrd", masks, GRID)
    write_segmentation(tmp_path / "m.seg.nrrd", masks, TYPES, GRID)
    for name in ("m.nii.gz", "m.seq.nrrd", "m.seg.nrrd"):
        assert np.array_equal(read_masks(tmp_path / name, series), masks), name


def test_probabilities_are_cut_at_one_half(tmp_path: Path):
    shares = np.where(TRUTH, 0.5, 0.49).astype(np.float32)
    write_volume(tmp_path / "m.nii.gz", shares, GRID)
    assert np.array_equal(read_masks(tmp_path / "m.nii.gz", make_series())[2], TRUTH)


def test_of_several_labels_one_has_to_be_named(tmp_path: Path):
    labels = TRUTH.astype(np.uint8)
    labels[:, :4, :4] = 2
    write_volume(tmp_path / "m.nii.gz", labels, GRID)
    with pytest.raises(SeriesError, match=r"several things .'label 1', 'label 2'.*--segment"):
        read_masks(tmp_path / "m.nii.gz", make_series())
    assert np.array_equal(read_masks(tmp_path / "m.nii.gz", make_series(), "1")[0], TRUTH)
    with pytest.raises(SeriesError, match=r"no segments '7'; it has 'label 1', 'label 2'"):
        read_masks(tmp_path / "m.nii.gz", make_series(), "7")


def moved(by: float) -> Geometry:
    return Geometry(GRID.spacing, tuple(np.array(GRID.origin) + by), GRID.direction)


@pytest.mark.parametrize(
    ("array", "grid", "words"),
    [
        (np.zeros(SIZE), GRID, "marks nothing"),
        (np.ones(SIZE), GRID, "every pixel of frame 0"),
        (TRUTH, moved(500.0), "nothing that 'label 1' marks lies in a slice"),
        (TRUTH, Geometry(GRID.spacing, tuple(np.array(GRID.origin) + DIRECTION @ (60, 0, 0)),
                         GRID.direction), "% of what 'label 1' marks"),
        (np.concatenate([TRUTH, TRUTH[:1]]), GRID, "marks 3 slices, where the series has 2"),
        (np.stack([TRUTH] * 4), GRID, "masks of 4 frames, where the series has 3"),
        (np.arange(np.prod(SIZE)).reshape(SIZE) % 500, GRID, "no mask"),
        (np.where(TRUTH, -1, 0), GRID, "no mask"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_mask_of_the_series_is_refused_in_one_line(
    tmp_path: Path, array: np.ndarray, grid: Geometry, words: str
):
    write_volume(tmp_path / "m.nii.gz", array.astype(np.int16), grid)
    with pytest.raises(SeriesError, match=words) as refusal:
        read_masks(tmp_path / "m.nii.gz", make_series())
    assert str(refusal.value).startswith(f"{tmp_path}/m.nii.gz: ")
    assert len(str(refusal.value).splitlines()) == 1


# Slicer's segmentations


def slicer_file(path: Path, segments: dict[str, dict[str, str]], layers: np.ndarray) -> Path:
    fields = {"Segmentation_SourceRepresentation": "Binary labelmap"}
    for k, (name, values) in enumerate(segments.items()):
        fields |= {f"Segment{k}_ID": f"Segment_{k + 1}", f"Segment{k}_Name": name}
        fields |= {f"Segment{k}_{key}": value for key, value in values.items()}
    write_nrrd(path, layers, GRID, fields)
    return path


def test_the_segment_called_myocardium_is_taken_by_name_or_terminology(tmp_path: Path):
    layers = np.zeros((2, *SIZE), np.uint8)
    layers[0][TRUTH], layers[0][:, :3, :3], layers[1][:, 10:20, 10:20] = 4, 5, 4
    rest = {
        "blood pool": {"Layer": "1", "LabelValue": "4"},
        "RV myocardium": {"Layer": "0", "LabelValue": "5"},
    }
    code = "TerminologyEntry:x~SCT^123037004^Anatomical Structure~SCT^49848007^any~^^~y~^^~^^|"
    for name, tags in (("LV_Myo", ""), ("Segment_1", code), ("Myocard", "")):
        own = {name: {"Layer": "0", "LabelValue": "4", "Tags": tags}}
        path = slicer_file(tmp_path / "m.seg.nrrd", {**rest, **own}, layers)
        assert np.array_equal(read_masks(path, make_series())[0], TRUTH), name
    unclear = {**rest, "Segment_1": {"Layer": "0", "LabelValue": "4"}}
    path = slicer_file(tmp_path / "m.seg.nrrd", unclear, layers)
    with pytest.raises(SeriesError, match=r"'blood pool', 'RV myocardium', 'Segment_1'"):
        read_masks(path, make_series())
    assert np.array_equal(read_masks(path, make_series(), "segment_1")[0], TRUTH)


def test_odd_segmentations_of_slicer_are_refused_in_one_line(tmp_path: Path):
    for values, words in (
        ({"Layer": "9"}, "layer or label"),
        ({"LabelValue": "one"}, "layer or label"),
    ):
        path = slicer_file(tmp_path / "m.seg.nrrd", {"myo": values}, TRUTH)
        with pytest.raises(SeriesError, match=words):
            read_masks(path, make_series())
    write_nrrd(
        tmp_path / "m.seg.nrrd", TRUTH, GRID,
        {"Segmentation_SourceRepresentation": "Fractional labelmap", "Segment0_ID": "a"},
    )  # fmt: skip
    with pytest.raises(SeriesError, match="fractional labelmap"):
        read_masks(tmp_path / "m.seg.nrrd", make_series())


def test_slicer_reads_our_segmentation_and_we_read_what_it_saves(tmp_path: Path):
    """Slicer crops to what is marked, and puts what does not overlap into one layer."""
    pytest.importorskip("slicer", reason="Slicer's MRML (slicer-core) is not installed")
    from ASLMyoSegLib.scene.mrml import PrivateScene, slicer

    masks = np.stack([np.roll(TRUTH, 2 * k, -1) for k in range(3)])
    masks[0] = False
    write_segmentation(tmp_path / "ours.seg.nrrd", masks, TYPES, GRID)
    with PrivateScene() as private:
        node = private.add("vtkMRMLSegmentationNode", "masks")
        storage = slicer.vtkMRMLSegmentationStorageNode()
        storage.SetFileName(str(tmp_path / "ours.seg.nrrd"))
        assert storage.ReadData(node)
        segmentation = node.GetSegmentation()
        names = [segmentation.GetNthSegment(k).GetName() for k in range(3)]
        assert names == [f"myocardium, frame {k} ({kind})" for k, kind in enumerate(TYPES)]
        storage.SetFileName(str(tmp_path / "theirs.seg.nrrd"))
        assert storage.WriteData(node)
    assert sitk.ReadImage(str(tmp_path / "theirs.seg.nrrd")).GetSize() < SIZE[::-1]
    assert np.array_equal(read_masks(tmp_path / "theirs.seg.nrrd", make_series()), masks)


# RT structure sets


@pytest.mark.parametrize(
    "contours",
    [
        lambda k: [circle(22, k), circle(12, k)],
        lambda k: [circle(12, k, -1), circle(22, k)],
        lambda k: [keyhole(k)],
        lambda k: [circle(r, k + s) for r in (22, 12) for s in (-0.3, 0.1, 0.4)],
    ],
)
def test_contours_are_filled_with_their_holes(
    tmp_path: Path, contours: Callable[[int], list[np.ndarray]]
):
    drawn = [points for k in range(2) for points in contours(k)]
    path = structure_set(tmp_path / "rt.dcm", {"myocardium": drawn, "heart": [circle(30, 0)]})
    masks = read_masks(path, make_series())
    assert all(same(mask, TRUTH) for mask in masks)
    assert read_masks(path, make_series(), "HEART")[0, 0].sum() > 0
    assert not read_masks(path, make_series(), "heart")[0, 1].any()


def test_a_contour_beyond_the_images_marks_nothing_and_does_no_harm(tmp_path: Path):
    beyond = [circle(3, 0) + DIRECTION @ (x, y, 0) for x, y in ((900, 0), (-900, -900), (60, 45))]
    drawn = [circle(r, k) for k in range(2) for r in (22, 12)]
    path = structure_set(tmp_path / "rt.dcm", {"myocardium": [*drawn, *beyond]})
    assert all(same(mask, TRUTH) for mask in read_masks(path, make_series()))


def test_contours_across_or_beside_the_slices_are_refused(tmp_path: Path):
    across = circle(22, 0) + np.outer(np.linspace(-9, 9, 90), DIRECTION[:, 2])
    for contours, words in (
        ([across], "lie across the slices"),
        ([circle(22, 30)], "marks nothing"),
        ([], "marks nothing"),
    ):
        path = structure_set(tmp_path / "rt.dcm", {"myocardium": contours})
        with pytest.raises(SeriesError, match=words):
            read_masks(path, make_series())


def test_other_dicom_objects_and_folders_are_refused(tmp_path: Path):
    dataset = new_dataset("1.2.840.10008.5.1.4.1.1.4", "1.2.3", "1.2", 1, "image")
    pydicom.dcmwrite(tmp_path / "im.dcm", dataset, enforce_file_format=True)
    for path, words in (
        (tmp_path / "im.dcm", "neither segmentation nor RT structure set"),
        (tmp_path, "neither segmentation nor RT structure set"),
        (tmp_path / "none", "no such file"),
    ):
        with pytest.raises(SeriesError, match=words):
            read_masks(path, make_series())
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.json").write_text(json.dumps({}))
    with pytest.raises(SeriesError, match="without DICOM files"):
        read_masks(tmp_path / "empty", make_series())


# What people have instead of label maps


def flat_series() -> ASLSeries:
    """One slice, of which no place is known to matter."""
    series = make_series()
    return dataclasses.replace(series, images=series.images[:, :1])


def with_notes(path: Path, series: ASLSeries, **more: object) -> tuple[np.ndarray, str]:
    notes: list[str] = []
    return read_masks(path, series, notes=notes, **more), " ".join(notes)


@pytest.mark.parametrize("two", [2.0, 1.9999, 2.0235, 2.00007])
def test_labels_that_are_nearly_whole_are_rounded_and_said_so(tmp_path: Path, two: float):
    labels = np.where(TRUTH, two, 0).astype(np.float32)
    labels[:, :4, :4] = two / 2
    write_volume(tmp_path / "m.nii.gz", labels, GRID)
    masks, notes = with_notes(tmp_path / "m.nii.gz", make_series(), segment="2")
    assert np.array_equal(masks[0], TRUTH)
    assert ("are rounded" in notes) == (two != 2)


def test_a_mask_of_two_dimensions_and_a_picture_lie_on_the_one_slice(tmp_path: Path):
    flat = TRUTH[0].astype(np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(flat), str(tmp_path / "m.nii"))
    Image.fromarray(flat * 255).save(tmp_path / "m.png")
    soft = np.clip(255 * ndimage.uniform_filter(flat.astype(float), 3), 0, 255).astype(np.uint8)
    Image.fromarray(soft).save(tmp_path / "soft.png")
    for name in ("m.nii", "m.png"):
        masks, notes = with_notes(tmp_path / name, flat_series())
        assert np.array_equal(masks, np.stack([TRUTH[:1]] * 3))
        assert "pixels of the series" in notes
        with pytest.raises(SeriesError, match="masks of 1 slice"):
            read_masks(tmp_path / name, make_series())
    masks, notes = with_notes(tmp_path / "soft.png", flat_series())
    assert np.array_equal(masks[0, 0], soft / soft.max() >= 0.5)
    assert "soft edges" in notes
    Image.fromarray(flat[1:]).save(tmp_path / "m.png")
    with pytest.raises(SeriesError, match="44x39 pixels and says no place"):
        read_masks(tmp_path / "m.png", flat_series())


@pytest.mark.parametrize("kind", [bool, np.uint8, float])
def test_a_mask_of_matlab_is_found_by_its_size_with_the_axes_of_the_images(
    tmp_path: Path, kind: type
):
    volume = TRUTH.transpose(1, 2, 0).astype(kind)
    scipy.io.savemat(tmp_path / "m.mat", {"ti": 1.5, "mask": volume, "map": volume * 0.5})
    assert np.array_equal(read_masks(tmp_path / "m.mat", make_series())[1], TRUTH)
    frames = np.stack([TRUTH] * 3).transpose(3, 2, 1, 0).astype(kind)
    scipy.io.savemat(tmp_path / "m.mat", {"wall": frames})
    hints = Hints(axes=("x", "y", "slice", "frame"))
    masks, notes = with_notes(tmp_path / "m.mat", make_series(), hints=hints)
    assert np.array_equal(masks, np.stack([TRUTH] * 3))
    assert "pixels of the series" in notes
    scipy.io.savemat(tmp_path / "m.mat", {"a": volume, "b": volume})
    with pytest.raises(SeriesError, match=r"a \(40x44x2, .* of which 2 can be the mask"):
        read_masks(tmp_path / "m.mat", make_series())


def test_masks_of_a_files_frames_or_of_control_and_label_keep_their_frames(tmp_path: Path):
    """The file has five frames, of which the second is left out; M0 of a file of its own is the
    last frame of the series."""
    drawn = np.stack([np.roll(TRUTH, 2 * k, -1) for k in range(5)])
    write_volume(tmp_path / "m.nii.gz", drawn, GRID)
    one = make_series()
    series = dataclasses.replace(
        one, images=np.concatenate([one.images, one.images[:2]]),
        volume_types=("control", "label", "control", "label", "m0scan"),
        inversion_time=np.array([1.5, 1.5, 1.5, 1.5, np.nan]),
        metadata={"FramesOfFile": {"count": 6, "kept": [0, 2, 3, 4]}},
    )  # fmt: skip
    assert np.array_equal(read_masks(tmp_path / "m.nii.gz", series), drawn)
    write_volume(tmp_path / "m.nii.gz", np.concatenate([drawn, drawn[:1]]), GRID)
    of_file = read_masks(tmp_path / "m.nii.gz", series)
    assert np.array_equal(of_file[:4], drawn[[0, 2, 3, 4]])
    assert not of_file[4].any()
    write_volume(tmp_path / "m.nii.gz", drawn[:4], GRID)
    of_pairs, notes = with_notes(tmp_path / "m.nii.gz", series)
    assert np.array_equal(of_pairs[:4], drawn[:4])
    assert not of_pairs[4].any()
    assert "none of M0" in notes


def test_slices_that_are_blank_in_all_images_hold_no_muscle(tmp_path: Path):
    series = make_series()
    series.images[:, 1] = 0
    write_volume(tmp_path / "m.nii.gz", TRUTH, GRID)
    masks = read_masks(tmp_path / "m.nii.gz", series)
    assert np.array_equal(masks[0, 0], TRUTH[0])
    assert not masks[:, 1].any()


def test_segments_are_found_where_slicer_finds_them_or_refused(tmp_path: Path):
    labels = TRUTH.astype(np.uint8) * 2
    labels[:, :4, :4] = 1
    unlabelled = {"LV blood": {}, "LV myocardium": {}}
    path = slicer_file(tmp_path / "m.seg.nrrd", unlabelled, labels)
    with pytest.raises(SeriesError, match="does not say which label its segment 'LV blood' has"):
        read_masks(path, make_series())
    layers = np.stack([labels == 1, labels == 2]).astype(np.uint8)
    old = slicer_file(tmp_path / "old.seg.nrrd", unlabelled, layers)  # as Slicer 4 saved it
    assert np.array_equal(read_masks(old, make_series())[0], TRUTH)
    alone = slicer_file(tmp_path / "one.seg.nrrd", {"LV": {}}, TRUTH.astype(np.uint8))
    assert np.array_equal(read_masks(alone, make_series())[0], TRUTH)
