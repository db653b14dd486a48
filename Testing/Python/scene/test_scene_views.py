"""How a series shows: slice views, overlay, legends, layouts, the Segment Editor's settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("slicer")

from cases.scene import CENTRE, draw, half, load, loaded, make_posterior, make_series, ring

from ASLMyoSegLib.errors import SceneError
from ASLMyoSegLib.phantom import simulate_subject
from ASLMyoSegLib.scene import SeriesScene, display
from ASLMyoSegLib.scene.editing import bind_editor
from ASLMyoSegLib.scene.layouts import LAYOUTS, VIEWS, layout_for, show
from ASLMyoSegLib.scene.mrml import ROLE, PrivateScene, nodes_of, slicer
from ASLMyoSegLib.scene.nodes import points_in_pixels
from ASLMyoSegLib.scene.outline import update_outline
from ASLMyoSegLib.series import ASLSeries, Geometry


def test_overlay_is_transparent_where_the_network_is_sure():
    with loaded() as one:
        glow = one.uncertainty_node.GetDisplayNode()
        assert (glow.GetWindowLevelMin(), glow.GetWindowLevelMax()) == (0.0, 0.5)
        assert (glow.GetApplyThreshold(), glow.GetLowerThreshold()) == (1, 0.05)
        table = glow.GetColorNode().GetLookupTable()
        opacity = [table.GetTableValue(i)[3] for i in range(256)]
        assert opacity[:20] == [0.0] * 20
        assert opacity[100:] == [1.0] * 156
        assert sorted(opacity) == opacity
        luma = [np.dot(table.GetTableValue(i)[:3], (0.2126, 0.7152, 0.0722)) for i in range(256)]
        assert np.diff(luma).min() > -0.002  # perceptual: more is brighter, but for rounding
        assert luma[-1] > 0.9


def test_legend_of_the_overlay_waits_for_a_result_and_is_small():
    with PrivateScene() as private:
        one = SeriesScene.create(private.scene, make_series())
        show(one)
        legend = display.legend_of(one.uncertainty_node)
        assert not legend.GetVisibility()
        other = load(private.scene, name="sub-02_acq-rest")
        show(other)
        assert display.legend_of(other.uncertainty_node).GetVisibility()
        assert max(legend.GetSize()) <= 0.35
        assert len(nodes_of(private.scene, "vtkMRMLColorTableNode", "ASLMyoSeg_Uncertainty")) == 1


def test_control_and_label_are_shown_in_one_window():
    with loaded() as one:
        windows = []
        for frame in (1, 2):
            one.select(frame)
            shown = one.image_node.GetDisplayNode()
            windows.append((shown.GetWindowLevelMin(), shown.GetWindowLevelMax()))
        assert windows[0] == windows[1]
        assert windows[0][0] < 100 < 1000 <= windows[0][1]


def test_opacity_is_that_of_every_slice_view_and_outlives_a_change_of_series():
    with PrivateScene() as private:
        one, other = load(private.scene), load(private.scene, name="sub-02_acq-rest")
        show(one)
        one.set_overlay_opacity(0.2)
        composite = private.scene.GetSingletonNode("Red", "vtkMRMLSliceCompositeNode")
        assert composite.GetForegroundOpacity() == pytest.approx(0.2)
        assert one.overlay_opacity() == pytest.approx(0.2)
        show(one)
        assert one.overlay_opacity() == pytest.approx(0.2)
        show(other)
        assert other.overlay_opacity() == pytest.approx(0.2)
        other.set_overlay_opacity(0.9)
        assert composite.GetForegroundOpacity() == pytest.approx(0.9)


@pytest.mark.parametrize("what", ["legend", "colours", "bullseye", "view", "landmarks", "flow"])
def test_what_can_be_made_anew_is(what: str):
    with loaded() as one:
        one.quantify()
        show(one)
        uncertainty = one.uncertainty_node
        node = {
            "legend": display.legend_of(uncertainty),
            "colours": uncertainty.GetDisplayNode().GetColorNode(),
            "bullseye": nodes_of(one.scene, "vtkMRMLModelNode", "bullseye flow")[0],
            "view": one.scene.GetSingletonNode("Bullseye", "vtkMRMLViewNode"),
            "landmarks": one.landmarks_node,
            "flow": one.flow_node,
        }[what]
        one.scene.RemoveNode(node)
        show(one)
        assert one.quantify().rotation_known == (what != "landmarks")
        assert display.legend_of(one.uncertainty_node).GetVisibility()
        assert one.uncertainty_node.GetDisplayNode().GetColorNode().GetName() == node_name(one)
        (model,) = nodes_of(one.scene, "vtkMRMLModelNode", "bullseye flow")
        assert model.GetPolyData().GetNumberOfCells() > 0
        assert one.scene.GetSingletonNode("Bullseye", "vtkMRMLViewNode").GetRenderMode() == 1
        assert sorted(one.flow()) == [0, *range(7, 13)]
        assert one.landmarks_node.GetNumberOfControlPoints() == 2


def node_name(one: SeriesScene) -> str:
    return display.colour_node(one.scene, "ASLMyoSeg_Uncertainty").GetName()


def test_missing_colour_map_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(display, "COLOURS", tmp_path)
    with PrivateScene() as private, pytest.raises(SceneError, match="install ASLMyoSeg again"):
        SeriesScene.create(private.scene, make_series())


def test_editor_is_bound_and_can_be_kept_to_doubtful_pixels():
    with loaded() as one:
        editor = one.scene.AddNewNodeByClass("vtkMRMLSegmentEditorNode", "editor")
        bind_editor(one, editor)
        assert editor.GetSegmentationNode() is one.mask_node
        assert editor.GetSelectedSegmentID() == "myocardium"
        assert editor.GetSourceVolumeNode() is one.image_node
        bind_editor(one, editor, low=0.15)
        assert editor.GetSourceVolumeNode() is one.uncertainty_node
        assert editor.GetSourceVolumeIntensityMask()
        assert editor.GetSourceVolumeIntensityMaskRange() == (0.15, 0.5)
        bind_editor(one, editor)
        assert not editor.GetSourceVolumeIntensityMask()
        assert one.mask_node.GetSegmentation().GetConversionParameter(
            slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
        )


def test_slice_views_show_the_chosen_series_in_its_own_planes():
    with PrivateScene() as private:
        one = load(private.scene, slices=3)
        other = load(private.scene, 3, 3.0, "sub-01_acq-stress")
        show(other)
        show(one)
        assert len(nodes_of(private.scene, "vtkMRMLSliceNode")) == 3
        for k, tag in enumerate(("Red", "Yellow", "Green")):
            composite = private.scene.GetSingletonNode(tag, "vtkMRMLSliceCompositeNode")
            assert composite.GetBackgroundVolumeID() == one.image_node.GetID()
            assert composite.GetForegroundVolumeID() == one.uncertainty_node.GetID()
            view = private.scene.GetSingletonNode(tag, "vtkMRMLSliceNode")
            plane = slicer.util.arrayFromVTKMatrix(view.GetSliceToRAS())
            at = points_in_pixels(plane[None, :3, 3], one.geometry())[0]
            assert at == pytest.approx([2 - k, *CENTRE], abs=0.6)  # the base first
            assert np.linalg.det(plane[:3, :3]) == pytest.approx(1.0)
        assert one.mask_node.GetDisplayVisibility()
        assert not other.mask_node.GetDisplayVisibility()
        assert not other.landmarks_node.GetDisplayVisibility()


def test_views_show_the_base_first_whichever_way_slices_were_taken():
    with PrivateScene() as private:
        up, down = (simulate_subject(7, 0, "rest", slices=3)[0] for _ in range(2))
        down = turned_over(down)
        for series in (up, down):
            one = SeriesScene.create(private.scene, series)
            show(one)
            first, *_, last = (
                np.array([view.GetSliceToRAS().GetElement(row, 3) for row in range(3)])
                for view in (private.scene.GetSingletonNode(t, "vtkMRMLSliceNode") for t in VIEWS)
            )
            assert first[2] > last[2]  # the apex lies lower in the patient than the base


def turned_over(series: ASLSeries) -> ASLSeries:
    """The same images with their slices in the other order."""
    old = series.geometry
    direction = np.array(old.direction).reshape(3, 3)
    depth = (series.images.shape[1] - 1) * old.spacing[2]
    origin = np.array(old.origin) + depth * direction[:, 2]
    direction[:, 2] *= -1
    geometry = Geometry(old.spacing, tuple(origin), tuple(direction.ravel()))
    return replace(series, images=series.images[:, ::-1].copy(), geometry=geometry)


def test_slices_that_wait_for_their_masks_are_shown_as_large_as_the_others():
    with PrivateScene() as private:
        one = SeriesScene.create(private.scene, make_series(slices=3))
        masks = ring(3)
        masks[:, 1:] = False  # what a first partial result may know
        one.show_posterior(make_posterior(masks))
        show(one)
        views = [private.scene.GetSingletonNode(t, "vtkMRMLSliceNode") for t in VIEWS]
        fields = [view.GetFieldOfView()[:2] for view in views]
        assert fields[1] == fields[2] == fields[0]


def test_views_of_other_layouts_are_turned_to_the_images_planes():
    with PrivateScene() as private:
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(private.scene)
        other = slicer.vtkMRMLSliceNode()
        other.SetLayoutName("Green")
        private.scene.AddNode(other)
        one = load(private.scene)
        show(one)
        turned = slicer.util.arrayFromVTKMatrix(other.GetSliceToRAS())[:3, :3]
        axes = np.array(one.geometry().direction).reshape(3, 3) * [[-1], [-1], [1]]
        assert np.abs(axes.T @ turned).max(0) == pytest.approx([1, 1, 1], abs=1e-3)


@pytest.mark.parametrize(("slices", "views"), [(1, 1), (2, 2), (3, 3), (8, 3)])
def test_layout_has_a_view_for_each_slice_up_to_three(slices: int, views: int):
    with loaded(slices) as one:
        for bullseyes in (0, 1):  # which comes with the first flow
            text = LAYOUTS[layout_for(one)]
            layout = slicer.vtkMRMLLayoutNode()
            assert layout.AddLayoutDescription(layout_for(one), text)
            assert text.count("vtkMRMLSliceNode") == views
            assert text.count('singletontag="Bullseye"') == bullseyes
            one.quantify()


@pytest.mark.parametrize("node", ["image_node", "mask_node", "uncertainty_node"])
def test_deleted_proxy_comes_back_and_looks_as_before(node: str):
    with loaded() as one:
        show(one)
        one.select(2)
        draw(one, half(ring()[2]))
        one.scene.RemoveNode(getattr(one, node))
        one.select(3)
        one.select(2)
        show(one)
        assert np.array_equal(one.mask(2), half(ring()[2]))
        assert not one.mask_node.GetDisplayNode().GetVisibility2DFill()
        glow = one.uncertainty_node.GetDisplayNode()
        assert (glow.GetApplyThreshold(), glow.GetLowerThreshold()) == (1, 0.05)
        composite = one.scene.GetSingletonNode("Red", "vtkMRMLSliceCompositeNode")
        assert composite.GetForegroundVolumeID() == one.uncertainty_node.GetID()


def test_scene_added_to_a_scene_draws_no_second_bullseye(tmp_path: Path):
    with loaded() as one:
        one.quantify()
        show(one)
        update_outline(one)
        assert one.scene.WriteToMRB(str(tmp_path / "s.mrb"))
        assert one.scene.ReadFromMRB(str(tmp_path / "s.mrb"), False)
        first, second = SeriesScene.all_in(one.scene)
        assert first == one
        second.quantify()
        update_outline(second)
        roles = [node.GetAttribute(ROLE) for node in nodes_of(one.scene, "vtkMRMLModelNode")]
        assert len(roles) == len(set(roles)) == 7
