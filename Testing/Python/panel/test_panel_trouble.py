"""What goes wrong on the way through the panel, and must harm nothing."""

import logging
import os
import signal

import numpy as np
import pytest
from places import SAMPLE

pytest.importorskip("slicer")

import slicer
from cases.panel import edit, flow_column, square, start_endless_run

from ASLMyoSegLib.network import Architecture, MCDUNet, save_model
from ASLMyoSegLib.series import Posterior


@pytest.fixture(scope="module")
def small_model_file(tmp_path_factory):
    import torch

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("odd name ; é") / "small.safetensors"
    save_model(path, MCDUNet(Architecture(4, 3, 5, 0.5)), {})
    return path


def test_cancel_in_the_middle_keeps_what_was_computed(host, panel, small_model_file):
    panel.ui.sampleDataButton.click()
    start_endless_run(host, panel, small_model_file)
    panel.ui.cancelButton.click()
    assert panel.ui.progressLabel.text.startswith("Cancelled")
    assert panel.ui.segmentButton.enabled
    assert panel.series.segmented
    passes = [row.passes for row in panel.series.rows()]
    for _ in range(50):
        host.process_events()
    assert passes == [row.passes for row in panel.series.rows()]
    panel.ui.trialsSpinBox.value = 2
    panel.ui.segmentButton.click()
    host.wait_until(lambda: panel.ui.progressLabel.text.startswith("Done"))


def test_a_killed_worker_gives_one_message_and_harms_nothing(host, panel, small_model_file, caplog):
    panel.ui.sampleDataButton.click()
    start_endless_run(host, panel, small_model_file)
    panel.series.select(2)
    edit(panel.series, square)
    with caplog.at_level(logging.ERROR):
        os.kill(panel.segmentSection.client._process.processId(), signal.SIGKILL)
        host.wait_until(lambda: panel.ui.segmentButton.enabled)
    assert "ended before it was done" in panel.ui.progressLabel.text
    assert [r.levelno for r in caplog.records].count(logging.ERROR) == 1
    panel.storeCorrection()
    assert panel.series.statuses()[2] == "corrected"
    panel.ui.trialsSpinBox.value = 2
    panel.ui.segmentButton.click()
    host.wait_until(lambda: panel.ui.progressLabel.text.startswith("Done"))
    assert panel.series.statuses()[2] == "corrected"


def test_closing_the_scene_during_a_run_ends_the_run(host, panel, small_model_file):
    panel.ui.sampleDataButton.click()
    start_endless_run(host, panel, small_model_file)
    slicer.mrmlScene.Clear(False)
    host.process_events()
    assert panel.series is None
    assert not panel.segmentSection.client.busy
    assert not panel.ui.segmentButton.enabled
    for _ in range(50):
        host.process_events()
    panel.ui.sampleDataButton.click()
    assert panel.ui.segmentButton.enabled


@pytest.mark.parametrize("part", ["image_node", "mask_node", "uncertainty_node"])
def test_a_deleted_proxy_is_made_anew_and_shown_as_before(host, reviewed, part):
    slicer.mrmlScene.RemoveNode(getattr(reviewed.series, part))
    host.wait_until(lambda: not reviewed._updateTimer.active)
    assert reviewed.ui.segmentButton.enabled
    assert not reviewed.series.mask_node.GetDisplayNode().GetVisibility2DFill()
    edit(reviewed.series, square)
    host.wait_until(lambda: reviewed.series.statuses()[0] == "corrected")


@pytest.mark.parametrize("part", ["frames_node", "browser"])
def test_a_deleted_node_is_named_and_ends_the_run(host, panel, small_model_file, part):
    panel.ui.sampleDataButton.click()
    start_endless_run(host, panel, small_model_file)
    slicer.mrmlScene.RemoveNode(getattr(panel.series, part))
    host.wait_until(lambda: not panel.segmentSection.client.busy)
    assert "deleted" in panel.ui.progressLabel.text
    assert part == "browser" or "deleted" in panel.ui.seriesInfoLabel.text
    assert not panel.ui.segmentButton.enabled


def test_a_wrong_model_is_refused_in_words(host, panel, tmp_path):
    panel.ui.sampleDataButton.click()
    panel.ui.modelPathLineEdit.currentPath = str(tmp_path / "none.safetensors")
    panel.ui.segmentButton.click()
    host.wait_until(lambda: panel.ui.segmentButton.enabled)
    assert "no such model file" in panel.ui.progressLabel.text


def test_a_device_of_another_computer_is_named_and_any_other_can_be_chosen(host, panel):
    panel.ui.sampleDataButton.click()
    host.wait_until(lambda: panel.ui.deviceInfoLabel.text.startswith("Uses"))
    panel.parameters.device = "cuda:3"
    host.process_events()
    assert "cuda:3 is not here" in panel.ui.deviceInfoLabel.text
    box = panel.ui.deviceComboBox
    assert box.currentIndex == -1
    box.currentIndex = box.findData("cpu")
    host.process_events()
    assert panel.parameters.device == "cpu"
    assert "as chosen" in panel.ui.deviceInfoLabel.text


def test_a_full_gpu_is_answered_by_the_cpu(host, panel, small_model_file, monkeypatch):
    panel.ui.sampleDataButton.click()
    panel.ui.modelPathLineEdit.currentPath = str(small_model_file)
    panel.ui.fixedTrialsCheckBox.click()
    panel.ui.trialsSpinBox.value = 2
    host.wait_until(lambda: panel.ui.deviceInfoLabel.text.startswith("Uses"))
    monkeypatch.setattr(slicer.util, "confirmYesNoDisplay", lambda *_: True)
    panel.segmentSection.onFailed("The memory of the GPU is not enough.", "cpu")
    assert panel.parameters.device == "cpu"
    host.wait_until(lambda: panel.ui.progressLabel.text.startswith("Done"))
    assert "as chosen" in panel.ui.deviceInfoLabel.text


def test_a_series_without_m0_is_segmented_and_says_why_there_is_no_flow(host, panel, tmp_path):
    from ASLMyoSegLib.io import read_series, write_series

    whole = read_series(next(SAMPLE.rglob("*rest_asl.nii.gz")))
    kept = [i for i, kind in enumerate(whole.volume_types) if kind != "m0scan"]
    series = whole.only(kept)
    write_series(series, tmp_path / "sub-01_asl.nii.gz")
    panel.seriesSection.open(str(tmp_path / "sub-01_asl.nii.gz"))
    assert "0 m0scan" in panel.ui.seriesInfoLabel.text
    mean = np.zeros(series.images.shape, np.float32)
    mean[..., 40:50, 40:50] = 1.0
    panel.series.show_posterior(_posterior(mean))
    panel.requestFlow()
    host.wait_until(lambda: "M0" in panel.ui.flowLabel.text)
    assert flow_column(panel) == []


def test_a_mask_emptied_by_hand_gives_no_number_that_is_none(host, reviewed):
    series = reviewed.series
    before = flow_column(reviewed)
    series.select(5)
    edit(series, np.zeros_like)
    host.wait_until(lambda: flow_column(reviewed) != before)
    host.wait_until(lambda: series.statuses()[5] == "corrected")
    assert "nan" not in " ".join(flow_column(reviewed)).lower()
    assert series.areas()[5] == 0


def test_a_result_goes_to_the_series_that_it_was_started_for(host, panel):
    panel.ui.sampleDataButton.click()
    rest, stress = panel.series.all_in(slicer.mrmlScene)
    panel.ui.fixedTrialsCheckBox.click()
    panel.ui.trialsSpinBox.value = 2
    panel.ui.segmentButton.click()
    panel.ui.seriesSelector.setCurrentNode(stress.browser)
    host.wait_until(lambda: panel.ui.progressLabel.text.startswith("Done"))
    assert panel.series == stress
    assert rest.segmented
    assert not stress.segmented
    host.wait_until(lambda: not panel._flowTimer.active)
    assert rest.flow_node is not None  # measured, though not in use


def test_a_broken_file_is_refused_in_words(host, panel, tmp_path, caplog):
    (tmp_path / "x_asl.nii.gz").write_bytes(b"nonsense")
    with caplog.at_level(logging.ERROR):
        panel.seriesSection.open(str(tmp_path / "x_asl.nii.gz"))
    assert "x_asl.nii.gz" in caplog.text
    assert "Traceback" not in caplog.text
    assert panel.series is None


def _posterior(mean):
    return Posterior(
        mean=mean,
        std=np.full_like(mean, 0.01),
        trials=np.full(mean.shape[:2], 4),
        trial_masks=np.zeros((0, *mean.shape[:2], 1), np.uint8),
        seed=0,
        device="cpu",
        model={"name": "none", "sha256": ""},
        mcd_interval=None,
    )
