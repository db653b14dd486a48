"""Sequences that are taken into use, and nodes that go away or were spoilt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("slicer")

from cases.scene import TYPES, load, loaded, make_posterior, make_series, ring

from ASLMyoSegLib.errors import SceneError, SeriesError
from ASLMyoSegLib.scene import SeriesScene
from ASLMyoSegLib.scene.layouts import show
from ASLMyoSegLib.scene.mrml import PrivateScene, slicer
from ASLMyoSegLib.scene.nodes import volume_node


def loaded_sequence(scene, count: int = 7):
    """As Slicer's importers make one: an index in ms, a browser with its proxy."""
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "4D volume")
    sequence.SetIndexName("time")
    sequence.SetIndexUnit("ms")
    for frame in range(count):
        node = volume_node(
            make_series().images[frame].round().astype(np.int16), make_series().geometry, "v"
        )
        sequence.SetDataNodeAtValue(node, f"{frame * 850.5}")
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "4D browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    return sequence, browser


@pytest.mark.parametrize("role", ["images", "masks", "uncertainty", "probability"])
def test_deleted_sequence_gives_a_message_for_people(role: str):
    with loaded() as one:
        deeds = [one.posterior] if role in ("uncertainty", "probability") else [one.segmentation]
        deeds += [lambda: one.show_posterior(make_posterior(ring()))]
        deeds += [lambda: one.select(1), one.quantify] if role in ("images", "masks") else []
        one.scene.RemoveNode(one.sequence(role))
        for act in deeds:
            with pytest.raises(
                SceneError, match=f"sub-01_acq-rest: its sequence of {role} was del"
            ):
                act()
        assert SeriesScene.all_in(one.scene) == []


def test_deleted_frame_table_gives_a_message_for_people():
    with loaded() as one:
        one.scene.RemoveNode(one.frames_node)
        with pytest.raises(SceneError, match="sub-01_acq-rest: its frame table was deleted"):
            one.statuses()


def test_deleted_browser_and_closed_scene_give_a_message_for_people():
    with loaded() as one:
        scene = one.scene
        scene.RemoveNode(one.browser)
        with pytest.raises(SceneError, match="was deleted from the scene; load it again"):
            one.rows()
        other = load(scene)
        scene.Clear(False)
        with pytest.raises(SceneError, match="was deleted from the scene; load it again"):
            other.select(0)


def test_series_whose_nodes_were_deleted_does_not_stop_another():
    with PrivateScene() as private:
        one = load(private.scene)
        other = load(private.scene, name="sub-02_acq-rest")
        other.quantify()
        private.scene.RemoveNode(other.sequence("masks"))
        show(one)
        assert one.quantify().whole.mbf == pytest.approx(1.5, abs=1e-3)
        assert SeriesScene.all_in(private.scene) == [one]


def test_volume_sequence_that_is_loaded_already_becomes_a_series():
    with PrivateScene() as private:
        sequence, browser = loaded_sequence(private.scene)
        times = [np.nan, *[1.5] * 6]
        one = SeriesScene.adopt(private.scene, sequence, TYPES, times)
        assert one.browser is browser
        assert one.sequence("images") is sequence
        assert one.sequence("masks").GetNthIndexValue(2) == sequence.GetNthIndexValue(2)
        one.show_posterior(make_posterior(ring()))
        one.select(5)
        assert np.array_equal(one.mask(one.frame), ring()[5])
        assert one.quantify().whole.mbf == pytest.approx(1.5, abs=0.02)
        swapped = ("m0scan", *("label", "control") * 3)
        assert SeriesScene.adopt(private.scene, sequence, swapped, times) == one
        assert one.series().volume_types == swapped
        assert one.areas().all()


def test_what_is_no_volume_sequence_is_refused():
    with PrivateScene() as private:
        scene = private.scene
        sequence, _ = loaded_sequence(scene)
        with pytest.raises(SeriesError, match="7 frames, but 2 volume types"):
            SeriesScene.adopt(scene, sequence, TYPES[:2], [1.5] * 2)
        other = replace(make_series().geometry, origin=(0.0, 0.0, 0.0))
        sequence.SetDataNodeAtValue(volume_node(make_series().images[0], other, "v"), "9999")
        with pytest.raises(SeriesError, match="frame 7 lies on another grid"):
            SeriesScene.adopt(scene, sequence, (*TYPES, "control"), [1.5] * 8)
        tables = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "tables")
        with pytest.raises(SeriesError, match="no frames"):
            SeriesScene.adopt(scene, tables, (), ())
        tables.SetDataNodeAtValue(slicer.vtkMRMLTableNode(), "0")
        with pytest.raises(SeriesError, match="frame 0 is no image"):
            SeriesScene.adopt(scene, tables, ("control",), (1.5,))
        scene.RemoveNode(tables)
        with pytest.raises(SceneError, match="deleted"):
            SeriesScene.adopt(scene, tables, ("control",), (1.5,))
        assert SeriesScene.all_in(scene) == []


def test_spoilt_frame_table_is_named():
    with loaded() as one:
        one.frames_node.SetCellText(2, one.frames_node.GetColumnIndex("status"), "maybe")
        with pytest.raises(SeriesError, match="status 'maybe' is unknown"):
            one.rows()
