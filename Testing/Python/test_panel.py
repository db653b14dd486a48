"""The panel, driven as a person does, in a host with real Qt, real MRML and the real worker."""

import logging
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("slicer")

import slicer
from Host import Host

from ASLMyoSegLib.network import Architecture, MCDUNet, save_model
from ASLMyoSegLib.series import ASLSeries, Posterior

SAMPLE = Path(__file__).parents[2] / "Resources" / "SampleData"


@pytest.fixture
def host():
    with Host() as host:
        yield host
    assert host.errors == []


@pytest.fixture
def panel(host):
    return host.open_panel()


@pytest.fixture
def reviewed(host, panel):
    """The panel with the sample, and the result that comes with it."""
    panel.ui.sampleDataButton.click()
    panel.logic.showSampleResult(panel.series)
    panel.requestFlow()
    host.wait_until(lambda: "MBF" in panel.ui.flowLabel.text)
    return panel


@pytest.fixture(scope="module")
def small_model(tmp_path_factory):
    import torch

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("odd name ; é") / "small.safetensors"
    save_model(path, MCDUNet(Architecture(4, 3, 5, 0.5)), {})
    return path


def start_endless_run(host, panel, model):
    """Press Segment for more trials than a test waits for, and wait for the first result."""
    panel.ui.modelPathLineEdit.currentPath = str(model)
    panel.ui.fixedTrialsCheckBox.click()
    panel.ui.trialsSpinBox.value = 10_000
    panel.ui.segmentButton.click()
    host.wait_until(lambda: panel.series.segmented)


def edit(series, change):
    """Change the mask that is shown, as the Segment Editor does."""
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(
        series.mask_node, "myocardium", series.image_node
    )
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        change(mask), series.mask_node, "myocardium", series.image_node
    )


def grown(mask):
    return (mask | np.roll(mask, 1, axis=2)).astype(np.uint8)


def square(mask):
    drawn = np.zeros_like(mask)
    drawn[:, 40:52, 40:52] = 1
    return drawn


def flow_column(panel, column=2):
    table = panel.ui.flowTableView
    return [table.item(row, column).text() for row in range(table.rowCount)]


def test_the_whole_way_of_a_person(host, panel, tmp_path):
    ui = panel.ui
    ui.sampleDataButton.click()
    assert "13 frames (6 control, 6 label, 1 m0scan)" in ui.seriesInfoLabel.text
    assert ui.conditionComboBox.currentText == "rest"
    assert len(panel.series.all_in(slicer.mrmlScene)) == 2

    ui.fixedTrialsCheckBox.click()
    ui.trialsSpinBox.value = 4
    ui.segmentButton.click()
    assert ui.cancelButton.enabled
    assert not ui.segmentButton.enabled
    host.wait_until(lambda: ui.progressLabel.text.startswith("Done"))
    assert "CPU" in ui.deviceInfoLabel.text
    assert ui.progressLabel.text == "Done: up to 4 trials per image on cpu."
    host.wait_until(lambda: "MBF" in ui.flowLabel.text)

    assert ui.uncertaintyLabel.text.startswith("MCD Uncertainty of the series: 0.")
    scores = [float(ui.reviewTable.item(row, 1).text()) for row in range(13)]
    assert scores == sorted(scores, reverse=True)
    ui.reviewTable.cellClicked.emit(5, 0)
    host.process_events()
    frame = int(ui.reviewTable.item(5, 0).text().split()[0])
    assert panel.series.frame == frame
    ui.acceptButton.click()
    assert ui.reviewTable.item(5, 3).text() == "accepted"

    before = flow_column(panel)
    panel.series.select(3)
    edit(panel.series, grown)
    host.wait_until(lambda: flow_column(panel) != before)
    assert panel.series.statuses()[3] == "corrected"
    assert ui.correctFrameLabel.text == "Frame 3, control: corrected"
    ui.copyToNextButton.click()
    assert panel.series.frame == 4
    assert panel.series.statuses()[4] == "corrected"
    ui.backToAutomaticButton.click()
    assert panel.series.statuses()[4] == "automatic"

    ui.exportPathLineEdit.currentPath = str(tmp_path / "results")
    ui.exportButton.click()
    assert (tmp_path / "results" / "report.html").is_file()
    assert "report.html" in ui.exportLabel.text


def test_landmarks_turn_the_sectors_and_moving_one_moves_flow(host, reviewed):
    panel = reviewed
    assert "0 of 2 placed" in panel.ui.landmarksLabel.text
    before = flow_column(panel)
    points = panel.series.landmarks_node
    points.SetNthControlPointPositionWorld(0, 25.0, 40.0, 0.0)
    points.SetNthControlPointPositionWorld(1, 25.0, -20.0, 0.0)
    host.wait_until(lambda: flow_column(panel) != before)
    assert panel.ui.landmarksLabel.text == "2 of 2 placed"
    turned = flow_column(panel)
    points.SetNthControlPointPositionWorld(0, -25.0, 40.0, 0.0)
    host.wait_until(lambda: flow_column(panel) != turned)
    panel.ui.clearLandmarksButton.click()
    host.wait_until(lambda: flow_column(panel) == before)


def test_placing_landmarks_starts_slicers_place_mode(host, reviewed):
    scene = slicer.mrmlScene
    for kind in ("vtkMRMLSelectionNode", "vtkMRMLInteractionNode"):
        if scene.GetNodeByID(f"{kind}Singleton") is None:
            node = getattr(slicer, kind)()
            node.SetSingletonTag("Singleton")
            scene.AddNode(node)
    reviewed.ui.placeLandmarksButton.click()
    interaction = scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    assert interaction.GetCurrentInteractionMode() == interaction.Place


def test_constants_change_flow_and_field_strength_sets_t1_of_blood(host, reviewed):
    ui = reviewed.ui
    before = flow_column(reviewed)
    ui.fieldStrengthComboBox.currentText = "1.5 T"
    host.process_events()
    assert ui.t1BloodSpinBox.value == pytest.approx(1.35)
    host.wait_until(lambda: flow_column(reviewed) != before)
    assert not ui.t1BloodSpinBox.enabled
    ui.fieldStrengthComboBox.currentText = "other"
    host.process_events()
    assert ui.t1BloodSpinBox.enabled


def test_flow_of_reviewed_masks_only_says_when_there_is_none(host, reviewed):
    reviewed.ui.reviewedOnlyCheckBox.click()
    host.wait_until(lambda: "review some" in reviewed.ui.flowLabel.text)
    reviewed.ui.reviewedOnlyCheckBox.click()
    host.wait_until(lambda: "MBF" in reviewed.ui.flowLabel.text)


def test_the_threshold_moves_automatic_masks_only(host, reviewed):
    series = reviewed.series
    series.accept(0)
    areas = series.areas()
    reviewed.ui.thresholdSliderWidget.value = 0.8
    host.process_events()
    assert (series.areas()[1:] < areas[1:]).all()
    assert series.areas()[0] == areas[0]


def test_opacity_goes_to_the_views_that_show_the_map(host, reviewed):
    reviewed.ui.overlayOpacitySliderWidget.value = 0.25
    host.process_events()
    assert reviewed.series.overlay_opacity() == pytest.approx(0.25)


def test_editing_can_be_limited_to_doubtful_pixels(host, reviewed):
    reviewed.ui.limitEditingCheckBox.click()
    reviewed.ui.editingLimitSliderWidget.value = 0.2
    host.process_events()
    editor = reviewed.correctSection.editor.mrmlSegmentEditorNode()
    assert editor.GetSourceVolumeIntensityMask()
    assert editor.GetSourceVolumeIntensityMaskRange()[0] == pytest.approx(0.2)
    assert editor.GetSourceVolumeNode() is reviewed.series.uncertainty_node
    reviewed.ui.limitEditingCheckBox.click()
    host.process_events()
    assert not editor.GetSourceVolumeIntensityMask()


def test_next_doubtful_walks_through_them_and_ends(host, reviewed):
    panel, series = reviewed, reviewed.series
    panel.series.select(2)
    edit(series, np.zeros_like)  # a mask emptied by hand is corrected, not doubtful
    host.wait_until(lambda: series.statuses()[2] == "corrected")
    seen = set()
    while series.doubtful().any():
        panel.ui.nextDoubtfulButton.click()
        assert series.frame not in seen
        seen.add(series.frame)
        panel.ui.acceptButton.click()
    panel.ui.nextDoubtfulButton.click()
    assert panel.ui.uncertaintyLabel.text == "No frame asks for a look any more."


def test_a_mask_emptied_by_hand_gives_no_number_that_is_none(host, reviewed):
    series = reviewed.series
    before = flow_column(reviewed)
    series.select(5)
    edit(series, np.zeros_like)
    host.wait_until(lambda: flow_column(reviewed) != before)
    host.wait_until(lambda: series.statuses()[5] == "corrected")
    assert "nan" not in " ".join(flow_column(reviewed)).lower()
    assert series.areas()[5] == 0


def test_a_correction_is_kept_however_its_frame_is_left(host, reviewed, tmp_path):
    series = reviewed.series
    series.select(1)
    edit(series, grown)
    series.browser.SetSelectedItemNumber(7)  # by the sequence toolbar
    assert series.statuses()[1] == "corrected"
    edit(series, grown)
    slicer.mrmlScene.WriteToMRB(str(tmp_path / "saved.mrb"))
    series.browser.SetSelectedItemNumber(8)
    edit(series, grown)
    reviewed.exit()  # another module is opened
    assert series.statuses()[8] == "corrected"
    reviewed.enter()


def test_a_saved_scene_brings_everything_back_in_a_fresh_host(tmp_path):
    with Host() as host:
        panel = host.open_panel()
        panel.ui.sampleDataButton.click()
        for series in panel.series.all_in(slicer.mrmlScene):
            panel.logic.showSampleResult(series)
            panel.logic.placeSampleLandmarks(series)
        panel.ui.fieldStrengthComboBox.currentText = "1.5 T"
        panel.ui.overlayOpacitySliderWidget.value = 0.3
        panel.ui.exportPathLineEdit.currentPath = "/somewhere"
        panel.series.select(4)
        edit(panel.series, grown)
        host.wait_until(lambda: not panel._flowTimer.active)
        before = (panel.series.statuses(), panel.series.areas().tolist(), flow_column(panel))
        assert slicer.mrmlScene.WriteToMRB(str(tmp_path / "scene.mrb"))
        assert host.errors == []
    with Host() as host:
        panel = host.open_panel()
        assert slicer.mrmlScene.ReadFromMRB(str(tmp_path / "scene.mrb"))
        host.wait_until(lambda: not panel._flowTimer.active)
        assert panel.series.name == "sub-01_acq-rest"
        assert panel.series.frame == 4
        assert panel.ui.fieldStrengthComboBox.currentText == "1.5 T"
        assert panel.ui.overlayOpacitySliderWidget.value == pytest.approx(0.3)
        assert panel.ui.exportPathLineEdit.currentPath == "/somewhere"
        assert panel.ui.landmarksLabel.text == "2 of 2 placed"
        assert before == (
            panel.series.statuses(),
            panel.series.areas().tolist(),
            flow_column(panel),
        )
        assert host.errors == []


def test_cancel_in_the_middle_keeps_what_was_computed(host, panel, small_model):
    panel.ui.sampleDataButton.click()
    start_endless_run(host, panel, small_model)
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


def test_a_killed_worker_gives_one_message_and_harms_nothing(host, panel, small_model, caplog):
    panel.ui.sampleDataButton.click()
    start_endless_run(host, panel, small_model)
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


def test_closing_the_scene_during_a_run_ends_the_run(host, panel, small_model):
    panel.ui.sampleDataButton.click()
    start_endless_run(host, panel, small_model)
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
def test_a_deleted_node_is_named_and_ends_the_run(host, panel, small_model, part):
    panel.ui.sampleDataButton.click()
    start_endless_run(host, panel, small_model)
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


def test_a_full_gpu_is_answered_by_the_cpu(host, panel, small_model, monkeypatch):
    panel.ui.sampleDataButton.click()
    panel.ui.modelPathLineEdit.currentPath = str(small_model)
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
    series = ASLSeries(
        whole.images[kept],
        tuple(whole.volume_types[i] for i in kept),
        whole.inversion_time[kept],
        whole.geometry,
        whole.name,
        {},
    )
    write_series(series, tmp_path / "sub-01_asl.nii.gz")
    panel.seriesSection.open(str(tmp_path / "sub-01_asl.nii.gz"))
    assert "0 m0scan" in panel.ui.seriesInfoLabel.text
    mean = np.zeros(series.images.shape, np.float32)
    mean[..., 40:50, 40:50] = 1.0
    panel.series.show_posterior(_posterior(mean))
    panel.requestFlow()
    host.wait_until(lambda: "M0" in panel.ui.flowLabel.text)
    assert flow_column(panel) == []


def test_rest_and_stress_are_told_apart_and_keep_their_own_masks(host, reviewed):
    panel = reviewed
    rest, stress = panel.series.all_in(slicer.mrmlScene)
    panel.ui.seriesSelector.setCurrentNode(stress.browser)
    host.process_events()
    assert panel.series == stress
    assert panel.ui.conditionComboBox.currentText == "stress"
    assert panel.ui.uncertaintyLabel.text == "Not segmented yet."
    panel.logic.showSampleResult(stress)
    panel.requestFlow()
    host.wait_until(lambda: "MBF" in panel.ui.flowLabel.text)
    assert rest.flow()[0] != stress.flow()[0]


def test_the_condition_can_be_told(host, reviewed):
    rest, stress = reviewed.series.all_in(slicer.mrmlScene)
    reviewed.ui.conditionComboBox.currentText = "stress"
    assert rest.condition == "stress"
    reviewed.ui.seriesSelector.setCurrentNode(stress.browser)
    host.process_events()
    assert stress.condition == "stress"
    reviewed.ui.conditionComboBox.currentText = "rest"
    assert (rest.condition, stress.condition) == ("stress", "rest")


def test_a_result_goes_to_the_series_that_it_was_started_for(host, panel, small_model):
    panel.ui.sampleDataButton.click()
    rest, stress = panel.series.all_in(slicer.mrmlScene)
    panel.ui.modelPathLineEdit.currentPath = str(small_model)
    panel.ui.fixedTrialsCheckBox.click()
    panel.ui.trialsSpinBox.value = 2
    panel.ui.segmentButton.click()
    panel.ui.seriesSelector.setCurrentNode(stress.browser)
    host.wait_until(lambda: panel.ui.progressLabel.text.startswith("Done"))
    assert panel.series == stress
    assert rest.segmented
    assert not stress.segmented


def test_a_loaded_sequence_becomes_a_series_once_its_frames_are_possible(host, panel):
    sequence = _sequence(["M0", "control 1", "tag 1", "control 2", "tag 2"])
    ui = panel.ui
    ui.sequenceSelector.setCurrentNode(sequence)
    host.process_events()
    assert not ui.framesWidget.isHidden()
    assert [k.currentText for k in panel.seriesSection._kinds] == [
        "m0scan",
        "control",
        "label",
        "control",
        "label",
    ]
    assert not ui.adoptButton.enabled
    assert "no inversion time" in ui.framesProblemLabel.text
    ui.inversionTimeSpinBox.value = 1.6
    ui.applyInversionTimeButton.click()
    assert ui.adoptButton.enabled
    panel.seriesSection._kinds[1].currentText = "label"
    assert "make no pairs" in ui.framesProblemLabel.text
    assert not ui.adoptButton.enabled
    ui.fillAlternatingButton.click()
    ui.applyInversionTimeButton.click()
    ui.adoptButton.click()
    assert panel.series.series().volume_types == ("m0scan", *("control", "label") * 2)
    assert panel.parameters.loadedSequence is None


def test_a_broken_file_is_refused_in_words(host, panel, tmp_path, caplog):
    (tmp_path / "x_asl.nii.gz").write_bytes(b"nonsense")
    with caplog.at_level(logging.ERROR):
        panel.seriesSection.open(str(tmp_path / "x_asl.nii.gz"))
    assert "x_asl.nii.gz" in caplog.text
    assert "Traceback" not in caplog.text
    assert panel.series is None


def test_a_chosen_segment_is_outlined_in_slices_and_bullseye(host, reviewed):
    from ASLMyoSegLib.scene import bullseye, outline

    panel = reviewed
    panel.ui.flowTableView.selectRow(2)
    host.process_events()
    chosen = int(flow_column(panel, 0)[2])
    assert bullseye.selected_segment(slicer.mrmlScene) == chosen
    rows, columns = np.nonzero(outline.segments_of_frame(panel.series, 0)[0] == 9)
    position = _ras(panel.series, rows[0], columns[0])
    panel.flowSection.onViewClicked("Red", position)
    assert bullseye.selected_segment(slicer.mrmlScene) == 9


def test_reload_takes_the_files_of_panel_and_library_anew_and_keeps_the_series(host, reviewed):
    import ASLMyoSegPanel

    from ASLMyoSegLib.scene import series_scene

    reviewed.onReload()
    assert host.panel is not reviewed
    assert sys.modules["ASLMyoSegPanel"] is not ASLMyoSegPanel
    assert sys.modules["ASLMyoSegLib.scene.series_scene"] is not series_scene
    assert host.panel.series.name == "sub-01_acq-rest"
    assert host.panel.ui.uncertaintyLabel.text == reviewed.ui.uncertaintyLabel.text
    host.panel.ui.acceptButton.click()
    assert "accepted" in host.panel.series.statuses()


def test_the_self_test_of_the_module_passes_with_pytorch_and_without(host, panel, monkeypatch):
    from ASLMyoSegPanel import packages

    import ASLMyoSeg

    ASLMyoSeg.ASLMyoSegTest().runTest()
    monkeypatch.setattr(packages, "missing", lambda _: ["torch"])
    ASLMyoSeg.ASLMyoSegTest().runTest()


def test_sample_data_is_registered_and_loads_without_a_download(host, panel):
    import SampleData

    (source,) = SampleData.SampleDataLogic.sources
    assert all(uri.startswith("file:") for uri in source["uris"])
    assert Path(source["thumbnailFileName"]).is_file()
    loaded = source["customDownloader"](None)
    assert [one.condition for one in loaded] == ["rest", "stress"]


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


def _sequence(names):
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "loaded")
    images = np.random.default_rng(3).random((len(names), 1, 32, 32)).astype(np.float32)
    for index, name in enumerate(names):
        volume = slicer.vtkMRMLScalarVolumeNode()
        volume.SetName(name)
        slicer.util.updateVolumeFromArray(volume, images[index])
        sequence.SetDataNodeAtValue(volume, str(index))
    return sequence


def _ras(series, row, column):
    import vtk

    matrix = vtk.vtkMatrix4x4()
    series.image_node.GetIJKToRASMatrix(matrix)
    return matrix.MultiplyPoint((float(column), float(row), 0.0, 1.0))[:3]
