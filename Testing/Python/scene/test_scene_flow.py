"""Flow in the scene: landmarks, tables, the bullseye, the outlined segment, and export."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("slicer")

from cases.commands import aslmyoseg
from cases.scene import (
    CENTRE,
    OBLIQUE,
    SIZE,
    TYPES,
    draw,
    half,
    load,
    loaded,
    make_points,
    make_posterior,
    make_series,
    ring,
)
from vtk.util.numpy_support import vtk_to_numpy

from ASLMyoSegLib.display.sectors import sectors
from ASLMyoSegLib.errors import OutputError, QuantificationError, SceneError, SeriesError
from ASLMyoSegLib.io import read_masks, read_series
from ASLMyoSegLib.network import Architecture, load_model
from ASLMyoSegLib.perfusion import quantify
from ASLMyoSegLib.perfusion.aha import Orientation, segment_labels
from ASLMyoSegLib.scene import SeriesScene, bullseye, landmarks, outline
from ASLMyoSegLib.scene.discs import INK, RADIUS, SEGMENT, VALUE
from ASLMyoSegLib.scene.mrml import PrivateScene, nodes_of, slicer
from ASLMyoSegLib.scene.nodes import points_in_pixels, points_in_ras
from ASLMyoSegLib.training.dataset import read_references
from ASLMyoSegLib.training.fit import train
from ASLMyoSegLib.training.recipe import TrainingConfig


def cells(scene, role: str, name: str) -> np.ndarray:
    (model,) = nodes_of(scene, "vtkMRMLModelNode", role)
    return vtk_to_numpy(model.GetPolyData().GetCellData().GetArray(name))


def test_flow_is_the_known_one_in_table_and_bullseye():
    with loaded(slices=3, mbf=1.5) as one:
        result = one.quantify()
        assert result.rotation_known
        assert [s.mbf for s in result.segments] == pytest.approx([1.5] * 16, abs=1e-3)
        assert one.flow()[0] == pytest.approx((1.5, 0.0), abs=2e-3)
        assert sorted(one.flow()) == list(range(17))
        assert set(cells(one.scene, "bullseye flow", SEGMENT)) == set(range(1, 17))
        assert cells(one.scene, "bullseye flow", VALUE) == pytest.approx(1.5, abs=2e-3)


def test_correction_changes_flow_as_it_does_without_a_scene():
    with loaded(mbf=2.0) as one:
        one.select(3)
        draw(one, np.roll(ring()[3], 3, axis=2))
        masks = ring()
        masks[3] = np.roll(ring()[3], 3, axis=2)
        said = make_posterior(ring())
        expected = quantify(make_series(2.0), masks, make_points(), posterior=said)
        found = one.quantify({"t1_blood": 1.65})
        assert [s.mbf for s in found.segments] == pytest.approx([s.mbf for s in expected.segments])
        assert found.whole.mbf != pytest.approx(2.0, abs=1e-3)


def test_corrected_masks_only_leaves_other_pairs_out():
    with loaded(mbf=2.0) as one:
        with pytest.raises(QuantificationError, match="no mask of a control or label image"):
            one.quantify(corrected_only=True)
        for frame in (1, 2):
            one.accept(frame)
        pairs = one.quantify(corrected_only=True).whole.pairs
        assert pairs[0] == pytest.approx(2.0, abs=1e-3)
        assert np.isnan(pairs[1:]).all()


def test_corrected_masks_only_holds_for_export_and_for_the_saved_scene_too(tmp_path: Path):
    with loaded(mbf=2.0) as one:
        one.select(1)
        draw(one, half(ring()[1]))
        one.accept(2)
        found = one.quantify(corrected_only=True)
        one.export(tmp_path / "out")
        assert one.scene.WriteToMRB(str(tmp_path / "s.mrb"))
        assert one.quantify().whole.pairs != found.whole.pairs
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    done = aslmyoseg("quantify", tmp_path / "s.mrb")
    for flow in (summary["mbf"], json.loads(done.printed)["mbf"]):
        assert flow["pairs"] == [pytest.approx(found.whole.pairs[0], abs=1e-4), None, None]
    assert "corrected and accepted masks only" in " ".join(summary["warnings"])
    assert "No myocardium" not in " ".join(summary["warnings"])


def test_series_without_m0_says_so_and_shows_no_earlier_flow():
    with PrivateScene() as private:
        one = load(private.scene)
        one.quantify()
        types = ("control", "label") * 3
        series = make_series()
        bare = SeriesScene.adopt(
            private.scene, one.sequence("images"), ("control", *types), [1.5] * 7
        )
        with pytest.raises(QuantificationError, match="no pairs"):
            bare.quantify()
        other = SeriesScene.create(
            private.scene,
            type(series)(series.images[1:], types, np.full(6, 1.5), OBLIQUE, "sub-02"),
        )
        other.show_posterior(make_posterior(ring(frames=6)))
        with pytest.raises(QuantificationError, match="no m0scan frame"):
            other.quantify()
        assert one.flow() == other.flow() == {}
        assert cells(private.scene, "bullseye flow", VALUE).size == 0


def test_emptied_masks_give_no_flow_but_a_reason():
    with loaded() as one:
        one.quantify()
        for frame in range(7):
            one.select(frame)
            draw(one, np.zeros_like(ring()[0]))
        with pytest.raises(QuantificationError, match="all masks are empty"):
            one.quantify()
        assert one.flow() == {}


def test_landmarks_wait_until_all_are_placed():
    points = make_points(2)
    with loaded(slices=2) as one:
        node = one.landmarks_node
        assert one.landmarks().anterior == pytest.approx(points.anterior, abs=1e-6)
        landmarks.clear(node)
        assert one.landmarks() is None
        assert not one.quantify().rotation_known
        for k, pair in enumerate(zip(points.anterior, points.inferior, strict=True)):
            for offset, point in enumerate(pair):
                at = points_in_ras(np.repeat(point[None], 2, 0), OBLIQUE)[k]
                assert one.landmarks() is None
                node.SetNthControlPointPositionWorld(2 * k + offset, *at)
        assert one.landmarks().inferior == pytest.approx(points.inferior, abs=1e-6)
        assert one.quantify().rotation_known


def test_dragged_landmark_turns_the_sectors():
    with loaded() as one:
        before = outline.segments_of_frame(one, 1)
        for index, name in enumerate(("anterior", "inferior")):
            point = getattr(make_points(), name)[0] - CENTRE
            turned = np.array([-point[1], point[0]]) + CENTRE
            at = points_in_ras(turned[None], OBLIQUE)[0]
            one.landmarks_node.SetNthControlPointPositionWorld(index, *at)
        after = outline.segments_of_frame(one, 1)
        assert (before != after).any()
        assert set(np.unique(after)) == set(np.unique(before)) == {0, *range(7, 13)}
        one.landmarks_node.SetNthControlPointPositionWorld(1, *at)
        one.landmarks_node.SetNthControlPointPositionWorld(0, *at)
        with pytest.raises(SeriesError, match="slice 0 lie on one another"):
            one.quantify()


def test_placing_goes_through_the_application_s_place_mode():
    with loaded() as one:
        node = one.landmarks_node
        with pytest.raises(SceneError, match="All RV insertions are placed"):
            landmarks.start_placing(node)
        landmarks.clear(node)
        landmarks.start_placing(node)
        interaction = one.scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
        selection = one.scene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
        assert interaction.GetCurrentInteractionMode() == interaction.Place
        assert selection.GetActivePlaceNodeID() == node.GetID()


def test_rest_and_stress_of_a_subject_give_their_ratio():
    with PrivateScene() as private:
        rest = load(private.scene, 3, 1.0)
        load(private.scene, 3, 2.0, "sub-02_acq-stress").quantify()
        rest.quantify()
        bullseye.show_series(private.scene, rest.browser)
        assert cells(private.scene, "bullseye reserve", VALUE).size == 0
        stress = load(private.scene, 3, 3.0, "sub-01_acq-stress")
        stress.quantify()
        assert cells(private.scene, "bullseye reserve", VALUE) == pytest.approx(3.0, abs=0.01)
        assert sorted(set(cells(private.scene, "bullseye flow", VALUE).round(1))) == [1.0, 3.0]
        stress.condition = "rest"
        assert cells(private.scene, "bullseye reserve", VALUE).size == 0


@pytest.mark.parametrize(("slices", "numbers"), [(1, range(7, 13)), (3, range(1, 17))])
def test_sectors_are_found_where_they_are_drawn(slices: int, numbers):
    with loaded(slices) as one:
        one.quantify()
        for sector in sectors(tuple(numbers)):
            x, y = (RADIUS * v for v in sector.middle)
            assert bullseye.segment_in_view(one.scene, (-x, 0.0, y)) == sector.aha
            # Independently: the labels of a mask drawn in the standard display.
            rows, columns = round(100 - y), round(100 + x)
            mask = np.zeros((201, 201), bool)
            mask[rows, columns] = True
            ring_name = "mid" if 7 <= sector.aha <= 12 else "basal" if sector.aha < 7 else "apical"
            labels = segment_labels(mask, ring_name, Orientation(), np.array([100.0, 100.0]))
            assert labels[rows, columns] == sector.aha
        assert bullseye.segment_in_view(one.scene, (0.0, 0.0, 0.0)) is None
        assert bullseye.segment_in_view(one.scene, (-RADIUS * 1.1, 0.0, 0.0)) is None


def test_bullseye_is_flat_in_a_view_of_its_own():
    with loaded(slices=3) as one:
        one.quantify()
        view = one.scene.GetSingletonNode("Bullseye", "vtkMRMLViewNode")
        assert view.GetRenderMode() == slicer.vtkMRMLViewNode.Orthographic
        assert not view.GetBoxVisible()
        assert not view.GetAxisLabelsVisible()
        assert view.GetBackgroundColor() == view.GetBackgroundColor2() == (0.0, 0.0, 0.0)
        models = [m for m in nodes_of(one.scene, "vtkMRMLModelNode") if "bullseye" in m.GetName()]
        assert len(models) == 6
        for model in models:
            assert model.GetDisplayNode().GetViewNodeIDs() == (view.GetID(),)
            bounds = model.GetPolyData().GetBounds()
            assert bounds[2] == pytest.approx(bounds[3], abs=1e-6) or not bounds[0] < bounds[1]
        assert set(map(tuple, cells(one.scene, "bullseye text", INK))) <= {
            (0, 0, 0), (255, 255, 255), (175, 175, 175), (255, 170, 80)
        }  # fmt: skip
        for k in range(12):  # updating makes no nodes
            one.quantify({"t1_blood": 1.5 + k / 10})
        assert len(nodes_of(one.scene, "vtkMRMLModelNode")) == 6
        legends = nodes_of(one.scene, "vtkMRMLColorLegendDisplayNode")
        assert [bool(n.GetVisibility()) for n in legends].count(True) == 2


def test_selected_segment_is_framed_in_bullseye_and_slices():
    with loaded(slices=3) as one:
        one.quantify()
        assert bullseye.selected_segment(one.scene) is None
        bullseye.select_segment(one.scene, 8)
        outline.update_outline(one)
        assert set(cells(one.scene, "bullseye frame", SEGMENT)) == {8}
        (model,) = nodes_of(one.scene, "vtkMRMLModelNode", "segment outline")
        points = vtk_to_numpy(model.GetPolyData().GetPoints().GetData()).astype(float)
        at = points_in_pixels(points, OBLIQUE)
        region = outline.segments_of_frame(one, one.frame) == 8
        assert np.abs(at[:, 0] - 1).max() < 0.5  # through slice 1, not to the next
        y, x = np.nonzero(region[1])
        assert at[:, 1:].min(0) == pytest.approx([y.min() - 0.5, x.min() - 0.5], abs=1e-4)
        assert at[:, 1:].max(0) == pytest.approx([y.max() + 0.5, x.max() + 0.5], abs=1e-4)
        edges = sum(int(np.diff(np.pad(region[1], 1), axis=a).__abs__().sum()) for a in (0, 1))
        assert model.GetPolyData().GetNumberOfCells() == edges
        bullseye.select_segment(one.scene, None)
        outline.update_outline(one)
        assert model.GetPolyData().GetNumberOfCells() == 0
        assert cells(one.scene, "bullseye frame", SEGMENT).size == 0


def test_position_in_a_slice_tells_its_segment():
    with loaded(slices=3) as one:
        for k, expected in enumerate((16, 11, 5)):  # from the apex; right, a little below
            point = np.array([[CENTRE[0] + 2, CENTRE[1] + 9.5]])
            ras = points_in_ras(np.repeat(point, 3, 0), OBLIQUE)[k]
            assert outline.segment_at(one, ras) == expected
        middle = points_in_ras(np.array([CENTRE]), OBLIQUE)[0]
        assert outline.segment_at(one, middle) is None
        assert outline.segment_at(one, (1e4, 0.0, 0.0)) is None


def test_export_writes_what_a_run_writes(tmp_path: Path):
    with loaded() as one:
        one.select(3)
        draw(one, half(ring()[3]))
        report = one.export(tmp_path / "out")
        names = {p.name for p in (tmp_path / "out").iterdir()}
        stem = "sub-01_acq-rest"
        assert names == {
            "report.html", "summary.json", "bullseye.png", "bullseye.svg",
            f"{stem}_desc-myocardium_mask.nii.gz", f"{stem}_desc-myocardium_probseg.nii.gz",
            f"{stem}_desc-uncertainty_map.nii.gz", f"{stem}_rvinsertion.json",
            f"{stem}_desc-flow_map.nii.gz", f"{stem}_desc-myocardium.seg.nrrd",
            f"{stem}_desc-myocardium_mask.json", f"{stem}_desc-myocardium_probseg.json",
            f"{stem}_desc-uncertainty_map.json", f"{stem}_desc-flow_map.json",
            "dataset_description.json", "references.bib",
            f"{stem}_mbf.tsv", f"{stem}_mbf.json", "thumbnail.png",
        }  # fmt: skip
        assert report.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
        masks = read_masks(tmp_path / "out" / f"{stem}_desc-myocardium_mask.nii.gz", one.series())
        assert np.array_equal(masks[3], half(ring()[3]))
        summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
        assert summary["mbf"]["global"]["mbf"] == pytest.approx(one.quantify().whole.mbf, abs=1e-5)
        assert summary["frames"][3]["mask_pixels"] == half(ring()[3]).sum()
        with pytest.raises(OutputError, match="holds something already"):
            one.export(tmp_path / "out")
        bare = SeriesScene.create(one.scene, make_series(name="sub-09"))
        with pytest.raises(SceneError, match="segment the series first"):
            bare.export(tmp_path / "none")


def test_reviewed_frames_become_a_data_set_to_train_on(tmp_path: Path):
    with PrivateScene() as private:
        for name in ("sub-01_acq-rest", "Patient 7: stress & <rest>"):
            one = load(private.scene, name=name)
            with pytest.raises(SceneError, match="one control and one label"):
                one.export_training(tmp_path)
            one.select(3)
            draw(one, half(ring()[3]))
            one.accept(4)
            assert one.export_training(tmp_path) == 2
    found = read_references(tmp_path)
    assert [r.series.name for r in found] == ["sub-01_acq-rest", "sub-Patient7stressrest"]
    for reference in found:
        assert reference.series.volume_types == (TYPES[3], TYPES[4])
        assert np.array_equal(reference.masks, np.stack([half(ring()[3]), ring()[4]]))
        assert np.array_equal(reference.series.images, make_series().images[3:5])
    assert read_series(tmp_path / "sub-01").metadata["MagneticFieldStrength"] == 3.0
    assert found[0].masks.shape[-1] == SIZE
    config = TrainingConfig(Architecture(4, 3, 3, 0.5), epochs=1, batch_size=2, augmentation=False)
    train(tmp_path, tmp_path / "model.safetensors", config)
    assert load_model(tmp_path / "model.safetensors").sha256


def test_reviewed_frames_of_another_patient_are_not_replaced(tmp_path: Path):
    with PrivateScene() as private:
        for digest in ("one", "other"):
            series = make_series(name="series-003_asl-rest")
            series.metadata["SeriesDigest"] = digest
            one = SeriesScene.create(private.scene, series)
            one.show_posterior(make_posterior(ring()))
            one.accept(3)
            one.accept(4)
            if digest == "one":
                assert one.export_training(tmp_path) == 2
                assert one.export_training(tmp_path) == 2
            else:
                with pytest.raises(OutputError, match="holds another series"):
                    one.export_training(tmp_path)
