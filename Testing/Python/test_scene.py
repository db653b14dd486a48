"""Scenes, against Slicer's own MRML."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("slicer", reason="Slicer's MRML (slicer-core) is not installed")

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.perfusion import quantify
from ASLMyoSegLib.phantom import simulate_subject
from ASLMyoSegLib.scene import read_scene, write_scene
from ASLMyoSegLib.scene.bundle import ROLE
from ASLMyoSegLib.scene.mrml import PrivateScene
from ASLMyoSegLib.scene.nodes import segmentation_mask, segmentation_node
from ASLMyoSegLib.series import Posterior, Segmentation


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory):
    """A simulated oblique series of three slices, written as a scene."""
    series, truth = simulate_subject(4, 1, slices=3)
    masks = truth.observer
    posterior = Posterior(
        masks * 0.9, (masks * 0.25).astype(np.float32), 2, np.zeros((2, 13, 3, 1152)), 0, "cpu"
    )
    segmentation = Segmentation(masks, ("automatic",) * 13, np.ones((13, 3)))
    result = quantify(series, masks, truth.rv_insertion)
    path = tmp_path_factory.mktemp("scene") / "scene.mrb"
    write_scene(path, series, posterior, segmentation, result, truth.rv_insertion)
    return path, series, masks, truth.rv_insertion, result


def test_images_masks_and_landmarks_come_back(case):
    path, series, masks, points, _ = case
    found, segmentation, landmarks = read_scene(path)
    assert np.array_equal(found.images, series.images)
    assert np.array_equal(segmentation.masks, masks)
    assert segmentation.status == ("automatic",) * 13
    assert found.volume_types == series.volume_types
    assert found.inversion_time == pytest.approx(series.inversion_time, nan_ok=True, abs=1e-6)
    for name in ("spacing", "origin", "direction"):
        ours, theirs = getattr(series.geometry, name), getattr(found.geometry, name)
        assert theirs == pytest.approx(ours, abs=1e-3)
    assert landmarks.anterior == pytest.approx(points.anterior, abs=1e-3)
    assert landmarks.inferior == pytest.approx(points.inferior, abs=1e-3)


def test_flow_from_the_scene_is_that_of_the_files(case):
    path, _, _, _, result = case
    series, segmentation, points = read_scene(path)
    again = quantify(series, segmentation.masks, points)
    assert [s.mbf for s in again.segments] == pytest.approx([s.mbf for s in result.segments])


def test_one_browser_holds_all_three_and_saves_only_masks(case):
    with PrivateScene() as scene:
        assert scene.scene.ReadFromMRB(str(case[0]), True)
        (browser,) = scene.nodes("vtkMRMLSequenceBrowserNode")
        sequences = scene.nodes("vtkMRMLSequenceNode")
        saved = {s.GetAttribute(ROLE): bool(browser.GetSaveChanges(s)) for s in sequences}
        assert saved == {"images": False, "masks": True, "uncertainty": False}
        assert browser.GetMasterSequenceNode().GetAttribute(ROLE) == "images"
        names = {t.GetName() for t in scene.nodes("vtkMRMLTableNode")}
        assert {"Frames", "MBF per AHA segment"} <= names


def test_a_mask_corrected_in_the_scene_comes_back_as_corrected(case, tmp_path: Path):
    path, series, masks, _, _ = case
    edited = masks[5].copy()
    edited[1, 30:60, 40:45] = True
    with PrivateScene() as scene:
        assert scene.scene.ReadFromMRB(str(path), True)
        (sequence,) = (
            s for s in scene.nodes("vtkMRMLSequenceNode") if s.GetAttribute(ROLE) == "masks"
        )
        sequence.SetDataNodeAtValue(segmentation_node(edited, series.geometry, "mask"), "5")
        assert scene.scene.WriteToMRB(str(tmp_path / "corrected.mrb"))
    _, segmentation, _ = read_scene(tmp_path / "corrected.mrb")
    assert segmentation.status[5] == "corrected"
    assert segmentation.status.count("automatic") == 12
    assert np.array_equal(segmentation.masks[5], edited)


def test_labelmap_cropped_to_its_extent_lands_on_its_pixels(case):
    _, series, masks, _, _ = case
    node = segmentation_node(masks[1], series.geometry, "mask")
    node.GetSegmentation().CollapseBinaryLabelmaps(True)
    found = segmentation_mask(node, series.geometry, masks[1].shape)
    assert np.array_equal(found, masks[1])


def test_empty_mask_is_kept_empty(case, tmp_path: Path):
    _, series, masks, points, _ = case
    empty = masks & (np.arange(13) != 2)[:, None, None, None]
    posterior = Posterior(
        empty * 0.9, np.zeros(empty.shape, np.float32), 2, np.zeros((2, 13, 3, 1152)), 0, "cpu"
    )
    segmentation = Segmentation(empty, ("automatic",) * 13, np.full((13, 3), np.nan))
    write_scene(tmp_path / "s.mrb", series, posterior, segmentation, None, points)
    _, found, _ = read_scene(tmp_path / "s.mrb")
    assert not found.masks[2].any()
    assert found.status[2] == "automatic"


def test_series_without_landmarks_has_none_in_its_scene(case, tmp_path: Path):
    _, series, masks, _, result = case
    short = dataclasses.replace(
        series,
        images=series.images[:3],
        volume_types=series.volume_types[:3],
        inversion_time=series.inversion_time[:3],
    )
    posterior = Posterior(
        masks[:3] * 0.9, np.zeros(short.images.shape, np.float32), 2, np.zeros(1), 0, "cpu"
    )
    segmentation = Segmentation(masks[:3], ("automatic",) * 3, np.ones((3, 3)))
    write_scene(tmp_path / "s.mrb", short, posterior, segmentation, result)
    assert read_scene(tmp_path / "s.mrb")[2] is None


def test_what_is_no_scene_is_refused(case, tmp_path: Path):
    bad = tmp_path / "bad.mrb"
    with pytest.raises(SeriesError, match="no such file"):
        read_scene(bad)
    bad.write_bytes(b"no zip")
    with pytest.raises(SeriesError, match="not a Slicer scene bundle"):
        read_scene(bad)
    bad.write_bytes(case[0].read_bytes()[:5000])
    with pytest.raises(SeriesError, match="not a Slicer scene bundle"):
        read_scene(bad)
    with zipfile.ZipFile(bad, "w") as bundle:
        bundle.writestr("../outside.mrml", "<MRML></MRML>")
    with pytest.raises(SeriesError, match="leave its folder"):
        read_scene(bad)
    with zipfile.ZipFile(bad, "w") as bundle:
        bundle.writestr("x/x.mrml", "<MRML></MRML>")
    with pytest.raises(SeriesError):
        read_scene(bad)
    assert not (tmp_path.parent / "outside.mrml").exists()
