"""What the Data module shows of a series: one folder, which is saved, and goes with it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("slicer")

from cases.scene import load, make_series
from Host.hierarchy import observe, tree

from ASLMyoSegLib.scene import SeriesScene, hierarchy, sequences
from ASLMyoSegLib.scene.mrml import PrivateScene, nodes_of, vtk


@contextmanager
def application():
    """A scene whose nodes get items and lose them, as Slicer's subject hierarchy has it."""
    with PrivateScene() as private:
        observe(private.scene)
        yield private.scene


def children(scene, item):
    ids = vtk.vtkIdList()
    tree(scene).GetItemChildren(item, ids)
    return [ids.GetId(k) for k in range(ids.GetNumberOfIds())]


def names(scene, item):
    return sorted(tree(scene).GetItemName(child) for child in children(scene, item))


def top(scene):
    return names(scene, tree(scene).GetSceneItemID())


def folder(scene, name):
    return tree(scene).GetItemChildWithName(tree(scene).GetSceneItemID(), name)


def test_all_that_people_see_of_a_series_lies_in_a_folder_of_its_name():
    with application() as scene:
        for name in ("sub-01_acq-rest", "sub-01_acq-stress"):
            load(scene, name=name).quantify()
        assert top(scene) == ["sub-01_acq-rest", "sub-01_acq-stress"]
        assert names(scene, folder(scene, "sub-01_acq-rest")) == [
            "sub-01_acq-rest MBF per AHA segment",
            "sub-01_acq-rest RV insertions",
            "sub-01_acq-rest frames",
            "sub-01_acq-rest images",
            "sub-01_acq-rest masks",
            "sub-01_acq-rest uncertainty",
        ]


def test_what_somebody_put_elsewhere_stays_there():
    with application() as scene:
        one = load(scene)
        other = tree(scene).CreateFolderItem(tree(scene).GetSceneItemID(), "mine")
        tree(scene).SetItemParent(tree(scene).GetItemByDataNode(one.frames_node), other)
        one.quantify()
        hierarchy.gather(one)
        assert names(scene, other) == ["sub-01_acq-rest frames"]


def test_images_of_a_study_get_their_folder_within_it():
    with application() as scene:
        sequence = sequences.add_images(scene, make_series())
        browser = sequences.browser_for(sequence)
        study = tree(scene).CreateStudyItem(tree(scene).GetSceneItemID(), "study")
        image = browser.GetProxyNode(sequence)
        tree(scene).SetItemParent(tree(scene).GetItemByDataNode(image), study)
        series = make_series()
        SeriesScene.adopt(scene, sequence, series.volume_types, series.inversion_time)
        assert names(scene, study) == ["sub-01_acq-rest"]
        assert top(scene) == ["study"]


def test_the_folder_is_saved_and_comes_back(tmp_path: Path):
    with application() as scene:
        load(scene).quantify()
        before = names(scene, folder(scene, "sub-01_acq-rest"))
        assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    with application() as scene:
        assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"), True)
        (one,) = SeriesScene.all_in(scene)
        hierarchy.gather(one)
        hierarchy.tidy(scene)
        assert top(scene) == ["sub-01_acq-rest"]
        assert names(scene, folder(scene, "sub-01_acq-rest")) == before


def test_deleting_the_folder_deletes_the_series_and_no_other():
    with application() as scene:
        for name in ("sub-01_acq-rest", "sub-01_acq-stress"):
            load(scene, name=name).quantify()
        tree(scene).RemoveItem(folder(scene, "sub-01_acq-rest"))
        hierarchy.tidy(scene)
        (one,) = SeriesScene.all_in(scene)
        assert one.name == "sub-01_acq-stress"
        assert top(scene) == ["sub-01_acq-stress"]
        assert len(nodes_of(scene, "vtkMRMLSequenceNode")) == 4
        assert len(nodes_of(scene, "vtkMRMLSequenceBrowserNode")) == 1


def test_images_that_another_module_loaded_outlive_the_series():
    with application() as scene:
        sequence = sequences.add_images(scene, make_series())
        sequence.RemoveAttribute(sequences.MADE)
        series = make_series()
        SeriesScene.adopt(scene, sequence, series.volume_types, series.inversion_time)
        tree(scene).RemoveItem(folder(scene, "sub-01_acq-rest"))
        hierarchy.tidy(scene)
        assert nodes_of(scene, "vtkMRMLSequenceNode") == [sequence]
        (browser,) = nodes_of(scene, "vtkMRMLSequenceBrowserNode")
        assert browser.GetProxyNode(sequence) is not None
        assert SeriesScene.all_in(scene) == []
        one = SeriesScene.adopt(scene, sequence, series.volume_types, series.inversion_time)
        assert "sub-01_acq-rest" in top(scene)
        assert not one.segmented


def test_no_empty_folder_is_left_where_all_nodes_were_deleted_one_by_one():
    with application() as scene:
        one = load(scene)
        parts = list(hierarchy._seen(one))
        scene.RemoveNode(one.browser)
        for node in parts:
            scene.RemoveNode(node)
        hierarchy.tidy(scene)
        assert top(scene) == []


def test_a_scene_without_an_application_has_no_folders():
    with PrivateScene() as private:
        one = load(private.scene)
        assert top(private.scene) == []
        assert one.browser.GetAttribute(hierarchy.UID) is None
