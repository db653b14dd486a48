"""The panel, driven as a person does, in a host with real Qt, real MRML and the real worker."""

import json
import time

import numpy as np
import pytest

pytest.importorskip("slicer")

import slicer
from cases.panel import edit, flow_column, grown


def test_the_whole_way_of_a_person(host, panel, tmp_path):
    ui = panel.ui
    ui.sampleDataButton.click()
    assert "Frames: 13 (6 control, 6 label, 1 m0scan)" in ui.seriesInfoLabel.text
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
    host.wait_until(lambda: not panel.exportSection.job.busy)
    assert (tmp_path / "results" / "report.html").is_file()
    assert "report.html" in ui.exportLabel.text
    assert json.loads((tmp_path / "results" / "summary.json").read_text())["seconds"] > 0


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


def test_a_correction_or_a_moved_landmark_is_in_the_numbers_within_a_second(host, reviewed):
    """Of waiting and of work; other programs of the machine do not count."""
    rest, stress = reviewed.series.all_in(slicer.mrmlScene)
    reviewed.logic.showSampleResult(stress)
    reviewed.requestFlow(rest, stress)
    host.wait_until(lambda: stress.flow_node is not None)
    points = rest.landmarks_node
    for change in (
        lambda: edit(rest, grown),
        lambda: points.SetNthControlPointPositionWorld(0, 25.0, 40.0, 0.0),
        lambda: points.SetNthControlPointPositionWorld(1, 25.0, -20.0, 0.0),
        lambda: points.SetNthControlPointPositionWorld(0, -25.0, 40.0, 0.0),
    ):
        before, started = flow_column(reviewed), time.process_time()
        change()
        host.wait_until(lambda: not reviewed._flowTimer.active)
        host.wait_until(lambda: not reviewed._updateTimer.active)
        assert reviewed.FLOW_DELAY / 1000 + time.process_time() - started < 1
    assert flow_column(reviewed) != before


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
    (row,) = {index.row() for index in panel.ui.flowTableView.selectionModel().selectedRows()}
    assert flow_column(panel, 0)[row] == "9"


def test_another_series_that_is_picked_is_shown_and_measured(host, reviewed):
    panel, rest = reviewed, reviewed.series
    (stress,) = (one for one in rest.all_in(slicer.mrmlScene) if one != rest)
    panel.logic.showSampleResult(stress)
    panel.parameters.series = stress.browser
    host.wait_until(lambda: stress.flow())
    shown = slicer.mrmlScene.GetSingletonNode("Red", "vtkMRMLSliceCompositeNode")
    assert shown.GetBackgroundVolumeID() == stress.image_node.GetID()
    assert stress.mask_node.GetDisplayNode().GetVisibility()
    assert host.tool_bar_browser is stress.browser


def test_a_chosen_segment_is_chosen_in_another_series_too(host, reviewed):
    panel, rest = reviewed, reviewed.series
    panel.flowSection.choose(9)
    (stress,) = (one for one in rest.all_in(slicer.mrmlScene) if one != rest)
    panel.parameters.series = stress.browser
    host.process_events()
    panel.logic.showSampleResult(stress)
    panel.requestFlow()
    host.wait_until(lambda: not panel._flowTimer.active)
    (row,) = panel.ui.flowTableView.selectionModel().selectedRows()
    assert flow_column(panel, 0)[row.row()] == "9"


def test_constants_hold_for_rest_and_stress_alike(host, reviewed):
    panel, rest = reviewed, reviewed.series
    (stress,) = (one for one in rest.all_in(slicer.mrmlScene) if one != rest)
    panel.logic.showSampleResult(stress)
    panel.parameters.series = stress.browser
    host.wait_until(lambda: stress.flow() and not panel._flowTimer.active)
    before = [one.flow()[0][0] for one in (rest, stress)]
    panel.ui.partitionCoefficientSpinBox.value = 0.5
    host.wait_until(lambda: not panel._flowTimer.active)
    after = [one.flow()[0][0] for one in (rest, stress)]
    assert after == pytest.approx([0.5 * value for value in before], abs=2e-3)


def test_flow_of_a_series_that_is_left_at_once_is_measured_all_the_same(host, reviewed):
    panel, rest = reviewed, reviewed.series
    (stress,) = (one for one in rest.all_in(slicer.mrmlScene) if one != rest)
    before = rest.flow()
    edit(rest, grown)
    panel.parameters.series = stress.browser
    host.wait_until(lambda: panel.series == stress and not panel._flowTimer.active)
    assert rest.flow() != before
    assert "appears when" in panel.ui.flowLabel.text


def _ras(series, row, column):
    import vtk

    matrix = vtk.vtkMatrix4x4()
    series.image_node.GetIJKToRASMatrix(matrix)
    return matrix.MultiplyPoint((float(column), float(row), 0.0, 1.0))[:3]
