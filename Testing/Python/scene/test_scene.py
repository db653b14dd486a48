"""Scenes, against Slicer's own MRML."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from cases.finished import finished
from vtk import vtkCollection

pytest.importorskip("slicer", reason="Slicer's MRML (slicer-core) is not installed")

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.perfusion import quantify
from ASLMyoSegLib.phantom import simulate_subject
from ASLMyoSegLib.scene import read_scene, write_scene
from ASLMyoSegLib.scene.mrml import ROLE, PrivateScene, nodes_of, slicer
from ASLMyoSegLib.scene.nodes import segmentation_mask, segmentation_node
from ASLMyoSegLib.series import ASLSeries, Geometry, Posterior, Segmentation


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
    write_scene(path, finished(series, posterior, segmentation, result, truth.rv_insertion))
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
        sequences = vtkCollection()
        browser.GetSynchronizedSequenceNodes(sequences, True)
        saved = {s.GetAttribute(ROLE): bool(browser.GetSaveChanges(s)) for s in sequences}
        assert saved == {"images": False, "masks": True, "uncertainty": False}
        assert browser.GetMasterSequenceNode().GetAttribute(ROLE) == "images"
        names = {t.GetName() for t in scene.nodes("vtkMRMLTableNode")}
        assert names == {f"{case[1].name} frames", f"{case[1].name} MBF per AHA segment"}


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
    write_scene(tmp_path / "s.mrb", finished(series, posterior, segmentation, None, points))
    _, found, _ = read_scene(tmp_path / "s.mrb")
    assert not found.masks[2].any()
    assert found.status[2] == "automatic"


def test_series_without_landmarks_has_none_in_its_scene(case, tmp_path: Path):
    _, series, masks, _, result = case
    short = series.only(range(3))
    posterior = Posterior(
        masks[:3] * 0.9, np.zeros(short.images.shape, np.float32), 2, np.zeros(1), 0, "cpu"
    )
    segmentation = Segmentation(masks[:3], ("automatic",) * 3, np.ones((3, 3)))
    write_scene(tmp_path / "s.mrb", finished(short, posterior, segmentation, result))
    assert read_scene(tmp_path / "s.mrb")[2] is None


@pytest.mark.parametrize("name", ["rest & stress", "a/b", 'q"<é>', "50%20:;"])
def test_any_name_of_a_series_comes_back(tmp_path: Path, name: str):
    shape = (2, 1, 16, 16)
    masks = np.ones(shape, bool)
    series = ASLSeries(
        np.ones(shape, np.float32), ("control", "label"), np.array([1.5, 1.6]),
        Geometry((2.0, 2.0, 9.0)), name,
    )  # fmt: skip
    posterior = Posterior(masks * 0.9, masks * 0.2, 2, np.zeros(1), 0, "cpu")
    segmentation = Segmentation(masks, ("automatic",) * 2, np.ones((2, 1)))
    write_scene(tmp_path / "r&s.mrb", finished(series, posterior, segmentation))
    assert read_scene(tmp_path / "r&s.mrb")[0].name == name


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


def test_edit_of_the_proxy_stays_in_its_frame_and_comes_back(case, tmp_path: Path):
    """As the Segment Editor edits: the browser's proxy, whose labelmap shrinks to its extent."""
    path, series, masks, _, _ = case
    edited = masks[5].copy()
    edited[0] = False
    edited[1, 30:60, 40:45] = True
    drawn = segmentation_node(edited, series.geometry, "drawn").GetSegmentation()
    labelmap = drawn.GetSegment("myocardium").GetRepresentation("Binary labelmap")
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    with PrivateScene() as scene:
        assert scene.scene.ReadFromMRB(str(path), True)
        (browser,) = scene.nodes("vtkMRMLSequenceBrowserNode")
        (sequence,) = (
            s for s in scene.nodes("vtkMRMLSequenceNode") if s.GetAttribute(ROLE) == "masks"
        )
        browser.SetSelectedItemNumber(5)
        proxy = browser.GetProxyNode(sequence)
        assert not proxy.GetDisplayNode().GetVisibility2DFill()
        assert logic.SetBinaryLabelmapToSegment(labelmap, proxy, "myocardium", logic.MODE_REPLACE)
        segment = proxy.GetSegmentation().GetSegment("myocardium")
        assert segment.GetRepresentation("Binary labelmap").GetExtent()[4:] != (0, 2)
        browser.SetSelectedItemNumber(6)
        assert scene.scene.WriteToMRB(str(tmp_path / "corrected.mrb"))
    _, segmentation, _ = read_scene(tmp_path / "corrected.mrb")
    assert np.array_equal(segmentation.masks[5], edited)
    others = np.arange(13) != 5
    assert np.array_equal(segmentation.masks[others], masks[others])
    assert segmentation.status == ("automatic",) * 5 + ("corrected",) + ("automatic",) * 7


def test_frames_keep_their_status_and_say_what_they_are(case, tmp_path: Path):
    _, series, masks, points, _ = case
    status = ("corrected", "accepted") + ("automatic",) * 11
    posterior = Posterior(
        masks * 0.9, np.zeros(masks.shape, np.float32), 2, np.zeros((2, 13, 3, 1152)), 0, "cpu"
    )
    segmentation = Segmentation(masks, status, np.ones((13, 3)))
    write_scene(tmp_path / "s.mrb", finished(series, posterior, segmentation, None, points))
    assert read_scene(tmp_path / "s.mrb")[1].status == status
    with PrivateScene() as scene:
        assert scene.scene.ReadFromMRB(str(tmp_path / "s.mrb"), True)
        for role in ("images", "masks", "uncertainty"):
            (sequence,) = nodes_of(scene.scene, "vtkMRMLSequenceNode", role)
            frames = [sequence.GetNthDataNode(f) for f in range(13)]
            for key, values in (("status", status), ("volume_type", series.volume_types)):
                assert tuple(n.GetAttribute(f"ASLMyoSeg.{key}") for n in frames) == values
            times = [float(n.GetAttribute("ASLMyoSeg.inversion_time") or "nan") for n in frames]
            assert times == pytest.approx(series.inversion_time, nan_ok=True, abs=1e-6)


def test_landmarks_belong_to_the_slice_that_they_lie_in(case, tmp_path: Path):
    path, _, _, points, _ = case
    with PrivateScene() as scene:
        assert scene.scene.ReadFromMRB(str(path), True)
        (node,) = scene.nodes("vtkMRMLMarkupsFiducialNode")
        node.SwapControlPoints(0, 2)
        assert scene.scene.WriteToMRB(str(tmp_path / "swapped.mrb"))
        node.SetFixedNumberOfControlPoints(False)
        node.RemoveNthControlPoint(0)
        assert scene.scene.WriteToMRB(str(tmp_path / "removed.mrb"))
    landmarks = read_scene(tmp_path / "swapped.mrb")[2]
    assert landmarks.anterior == pytest.approx(points.anterior, abs=1e-3)
    with pytest.raises(SeriesError, match="per slice"):
        read_scene(tmp_path / "removed.mrb")


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize("entry", ["../../../outside", "C:/outside", "/outside", link("outside")])
def test_nothing_leaves_its_folder_from_the_bundle_of_masks_either(case, tmp_path: Path, entry):
    def add(content: bytes) -> bytes:
        inner = io.BytesIO(content)
        with zipfile.ZipFile(inner, "a") as bundle:
            bundle.writestr(entry, "x")
        return inner.getvalue()

    with pytest.raises(SeriesError, match="would leave its folder"):
        read_scene(with_changed_masks(case[0], tmp_path, add))


def test_damaged_bundle_of_masks_is_refused_before_it_is_unpacked(case, tmp_path: Path):
    with pytest.raises(SeriesError, match="not a Slicer scene bundle"):
        read_scene(with_changed_masks(case[0], tmp_path, lambda c: c[: len(c) // 2]))


def with_changed_masks(path: Path, folder: Path, change) -> Path:
    """A copy of a scene, with the inner bundle that holds its masks changed."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(folder / "changed.mrb", "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry, change(content) if entry.filename.endswith("seq.mrb") else content)
    return folder / "changed.mrb"
