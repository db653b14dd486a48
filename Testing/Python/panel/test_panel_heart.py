"""One click on the heart: where it goes, and what comes of it."""

import numpy as np
import pytest

pytest.importorskip("slicer")

import slicer
import torch

from ASLMyoSegLib.network import Architecture, MCDUNet, save_model
from ASLMyoSegLib.scene import nodes, pointing
from ASLMyoSegLib.series import Posterior


@pytest.fixture
def opened(host, panel):
    """The panel with the sample, in a scene where points can be placed."""
    for kind in ("vtkMRMLSelectionNode", "vtkMRMLInteractionNode"):
        if slicer.mrmlScene.GetNodeByID(f"{kind}Singleton") is None:
            node = getattr(slicer, kind)()
            node.SetSingletonTag("Singleton")
            slicer.mrmlScene.AddNode(node)
    panel.ui.sampleDataButton.click()
    return panel


@pytest.fixture
def asked(opened, monkeypatch):
    """Requests to the worker, which does nothing: series, callbacks and settings."""
    requests, client = [], opened.segmentSection.client

    def segment(series, run, **settings):
        client._run = run
        requests.append((series, run, settings))

    monkeypatch.setattr(client, "segment", segment)
    monkeypatch.setattr(client, "hello", lambda answer: None)
    monkeypatch.setattr(client, "cancel", lambda: setattr(client, "_run", None))
    return requests


def click(series, y, x):
    """Place the point as a click in the slice view does: its position becomes defined."""
    slices = series.shape[0]
    position = nodes.points_in_ras(np.tile((y, x), (slices, 1)), series.geometry())[0]
    pointing.point_of(series).SetNthControlPointPositionWorld(0, *position)


def test_a_click_on_the_heart_segments_the_series_there_at_once(host, opened, asked):
    ui = opened.ui
    assert not ui.forgetHeartButton.enabled
    ui.pointAtHeartButton.click()
    interaction = slicer.mrmlScene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    assert interaction.GetCurrentInteractionMode() == interaction.Place
    assert not interaction.GetPlaceModePersistence()
    assert ui.progressLabel.text == "Click on the heart in a slice view."
    host.process_events()
    assert asked == []
    click(opened.series, 41.0, 37.5)
    host.wait_until(lambda: asked)
    assert asked[0][2]["heart"] == pytest.approx((41.0, 37.5))
    assert ui.forgetHeartButton.enabled


def test_without_a_click_the_heart_is_looked_for_and_so_after_the_point_is_cleared(
    host, opened, asked
):
    opened.segmentSection.start()
    pointing.point_at(opened.series, (40.0, 40.0))
    opened.segmentSection.start()
    opened.update()
    opened.ui.forgetHeartButton.click()
    assert pointing.point_of(opened.series) is None
    assert "looked for again" in opened.ui.progressLabel.text
    opened.segmentSection.start()
    assert [settings["heart"] for _, _, settings in asked] == [
        None,
        pytest.approx((40.0, 40.0)),
        None,
    ]


def test_a_click_while_another_series_is_segmented_lets_that_one_wait(host, opened, asked):
    rest, stress = opened.series.all_in(slicer.mrmlScene)
    opened.use(stress)
    opened.segmentSection.start()
    opened.use(rest)
    opened.ui.pointAtHeartButton.click()
    click(rest, 40.0, 40.0)
    host.wait_until(lambda: len(asked) == 2)
    assert [series.name for series, _, _ in asked] == [stress.name, rest.name]
    assert opened.segmentSection._waiting == [stress]


def test_the_worker_looks_where_the_click_was(host, opened, tmp_path):
    torch.manual_seed(0)
    save_model(tmp_path / "small.safetensors", MCDUNet(Architecture(4, 3, 5, 0.5)), {})
    ui, series = opened.ui, opened.series
    ui.modelPathLineEdit.currentPath = str(tmp_path / "small.safetensors")
    ui.fixedTrialsCheckBox.click()
    ui.trialsSpinBox.value = 2
    ui.pointAtHeartButton.click()
    click(series, 30.0, 60.0)
    host.wait_until(lambda: ui.progressLabel.text.startswith("Done"))
    assert series.posterior().hearts == pytest.approx(np.array([[30.0, 60.0]]))


def test_the_point_is_in_a_saved_scene(host, opened, tmp_path):
    pointing.point_at(opened.series, (30.0, 60.0))
    said = pointing.said(opened.series)
    assert said.count("mm") == 3
    assert slicer.mrmlScene.WriteToMRB(str(tmp_path / "saved.mrb"))
    slicer.mrmlScene.Clear(False)
    host.process_events()
    assert slicer.mrmlScene.ReadFromMRB(str(tmp_path / "saved.mrb"), True)
    host.process_events()
    again, *_ = opened.series.all_in(slicer.mrmlScene)
    assert pointing.pointed(again) == pytest.approx((30.0, 60.0))
    assert pointing.said(again) == said


def test_frames_that_went_astray_are_named_when_the_run_is_done(host, opened, asked):
    opened.segmentSection.start()
    series, run, _ = asked[0]
    shape = series.images.shape
    found = Posterior(
        np.full(shape, 0.6, np.float32),
        np.full(shape, 0.1, np.float32),
        np.full(shape[:2], 4),
        np.zeros((0, *shape[:2], 1), np.uint8),
        0,
        "cpu",
        model={"name": "any", "sha256": "0" * 64},
        way="heart",
        hearts=np.full((shape[1], 2), 40.0),
        astray=np.zeros(shape[:2], bool),
    )
    found.astray[3] = True
    opened.segmentSection.client._run = None
    run.done(found)
    assert "In frame 3 something else looked more like the heart" in opened.ui.progressLabel.text
    kept = opened.series.posterior()
    assert np.array_equal(kept.astray, found.astray)
    assert np.array_equal(kept.hearts, found.hearts)
