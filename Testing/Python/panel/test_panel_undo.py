"""Nothing is lost by any order of buttons: undo, cancel, dead workers, deleted nodes, saving."""

import os
import signal

import numpy as np
import pytest

pytest.importorskip("slicer")

import slicer
from cases.panel import edit, grown, start_endless_run
from Host import hierarchy

from ASLMyoSegLib.network import Architecture, MCDUNet, save_model


@pytest.fixture
def model(tmp_path):
    import torch

    torch.manual_seed(0)
    save_model(tmp_path / "small.safetensors", MCDUNet(Architecture(4, 3, 5, 0.5)), {})
    return tmp_path / "small.safetensors"


def test_undo_and_redo_of_the_segment_editor_reach_flow_table_and_saved_scene(
    host, reviewed, tmp_path
):
    panel, editor = reviewed, reviewed.correctSection.editor
    series, before = panel.series, panel.series.flow()
    series.select(1)
    host.process_events()
    editor.saveStateForUndo()  # as each effect does before it paints
    edit(series, grown)
    host.wait_until(lambda: series.flow() != before)
    painted = series.flow()
    editor.undo()
    host.wait_until(lambda: series.flow() == before)
    editor.redo()
    host.wait_until(lambda: series.flow() == painted)
    assert series.statuses()[1] == "corrected"
    editor.undo()  # and saved at once, before flow is due
    file = tmp_path / "scene.mrb"
    assert slicer.mrmlScene.WriteToMRB(str(file))
    slicer.mrmlScene.Clear()
    assert slicer.mrmlScene.ReadFromMRB(str(file))
    panel.enter()
    host.wait_until(lambda: panel.series.flow() == before)


def test_undo_does_not_reach_into_another_frame(host, reviewed):
    series, editor = reviewed.series, reviewed.correctSection.editor
    series.select(1)
    host.process_events()
    editor.saveStateForUndo()
    edit(series, grown)
    series.select(2)
    host.process_events()
    before = series.segmentation().masks
    editor.undo()
    host.process_events()
    assert np.array_equal(series.segmentation().masks, before)


def test_a_cancelled_run_has_the_flow_of_the_masks_that_there_are(host, panel, model, monkeypatch):
    measured = []
    monkeypatch.setattr(panel.flowSection, "measure", measured.append)
    panel.ui.sampleDataButton.click()
    start_endless_run(host, panel, model)
    host.wait_until(lambda: not panel._flowTimer.active)
    measured.clear()
    panel.ui.cancelButton.click()
    host.wait_until(lambda: measured == [panel.series])


def test_a_dead_worker_leaves_the_flow_of_the_masks_that_there_are(host, panel, model, monkeypatch):
    measured = []
    monkeypatch.setattr(panel.flowSection, "measure", measured.append)
    panel.ui.sampleDataButton.click()
    start_endless_run(host, panel, model)
    host.wait_until(lambda: not panel._flowTimer.active)
    measured.clear()
    os.kill(panel.segmentSection.client._process.processId(), signal.SIGKILL)
    host.wait_until(lambda: panel.ui.segmentButton.enabled)
    host.wait_until(lambda: measured == [panel.series])


def test_deleting_the_masks_in_data_empties_no_frame(host, reviewed):
    series, before = reviewed.series, reviewed.series.flow()
    series.select(3)
    masks, status = series.segmentation().masks, series.statuses()
    hierarchy.delete(series.mask_node)
    host.wait_until(lambda: not reviewed._tidyTimer.active and not reviewed._updateTimer.active)
    host.wait_until(lambda: not reviewed._flowTimer.active)
    assert np.array_equal(series.segmentation().masks, masks)
    assert series.statuses() == status
    assert series.flow() == before
    assert reviewed.ui.seriesInfoLabel.text.startswith("Frames: 13")


def test_loaded_masks_are_corrections_and_one_step_back(host, reviewed, tmp_path):
    from ASLMyoSegLib.io import write_volume

    series = reviewed.series
    before = series.segmentation()
    drawn = np.roll(before.masks, 3, axis=3)
    write_volume(tmp_path / "drawn.nii.gz", drawn, series.series().geometry)
    reviewed.correctSection.loadMasks(str(tmp_path / "drawn.nii.gz"))
    assert np.array_equal(series.segmentation().masks, drawn)
    assert set(series.statuses()) == {"corrected"}
    reviewed.ui.undoStepButton.click()
    assert np.array_equal(series.segmentation().masks, before.masks)
    assert series.statuses() == before.status
