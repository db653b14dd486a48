"""What people stumbled over in the panel, each by the event that showed it."""

import numpy as np
import pytest
import vtk

pytest.importorskip("slicer")

import slicer
from cases.panel import start_endless_run

from ASLMyoSegLib.network import Architecture, MCDUNet, save_model
from ASLMyoSegLib.scene import bullseye


def test_the_model_field_counts_as_it_is_when_segment_is_pressed(host, panel):
    asked = []
    panel.segmentSection.client.segment = lambda series, run, **how: asked.append(how["model"])
    panel.ui.sampleDataButton.click()
    field = panel.ui.modelPathLineEdit
    field.currentPath = "/tmp/none.txt"  # which the widget's filter refuses, and tells nobody of
    panel.update()
    assert field.currentPath == "/tmp/none.txt"
    panel.segmentSection.start()
    field.comboBox().lineEdit().clear()
    panel.segmentSection.start()
    assert asked == ["/tmp/none.txt", None]
    assert panel.parameters.modelFile == ""


def test_a_folder_that_is_cleared_is_none(host, reviewed):
    field = reviewed.ui.exportPathLineEdit
    field.currentPath = "/tmp/somewhere"
    assert reviewed.ui.exportButton.enabled
    field.comboBox().lineEdit().clear()
    assert not reviewed.ui.exportButton.enabled
    assert "Choose a folder first." in reviewed.ui.exportButton.toolTip
    assert reviewed.parameters.exportFolder == ""


def test_nothing_is_exported_while_its_series_is_segmented(host, panel, tmp_path):
    import torch

    torch.manual_seed(0)
    save_model(tmp_path / "small.safetensors", MCDUNet(Architecture(4, 3, 5, 0.5)), {})
    panel.ui.sampleDataButton.click()
    panel.ui.exportPathLineEdit.currentPath = str(tmp_path / "results")
    start_endless_run(host, panel, tmp_path / "small.safetensors")
    assert not panel.ui.exportButton.enabled
    assert "not whole yet" in panel.ui.exportButton.toolTip
    panel.ui.cancelButton.click()
    assert panel.ui.exportButton.enabled


def test_grey_buttons_say_why(host, panel):
    ui = panel.ui
    for name in (
        "segmentButton", "cancelButton", "nextDoubtfulButton", "acceptButton", "contoursButton",
        "paintButton", "applyToAllButton", "copyToNextButton", "undoStepButton",
        "backToAutomaticButton", "loadMasksButton", "placeLandmarksButton", "exportButton",
    ):  # fmt: skip
        button = getattr(ui, name)
        assert not button.enabled, name
        assert "\n" in button.toolTip, name


def test_words_are_as_high_as_they_need_and_no_table_lies_over_buttons(host, reviewed):
    panel, ui = reviewed, reviewed.ui
    host.window.show()
    panel.parameters.loadedSequence = panel.series.sequence("images")
    panel.segmentSection._say("These packages could not be installed: torch. " * 6)
    for name in ("series", "segment", "flow"):
        panel.folding.unfold(name)
        for _ in range(20):
            host.process_events()
        for label in panel.labels._labels:
            if label.visible and label.text:
                assert label.height >= label.heightForWidth(label.width), label.objectName
    panel.folding.unfold("series")
    for _ in range(20):
        host.process_events()
    table, beneath = ui.framesTable._native, ui.fillFromNamesButton._native
    lower = table.mapTo(table.window(), table.rect().bottomLeft()).y()
    assert lower < beneath.mapTo(beneath.window(), beneath.rect().topLeft()).y()


def test_opening_correct_does_not_widen_the_panel(host, reviewed):
    host.window.show()
    widths = []
    for name in ("review", "correct"):
        reviewed.folding.unfold(name)
        for _ in range(20):
            host.process_events()
        widths.append(host.window.panel.width())
    assert widths[1] <= widths[0]
    assert not reviewed.ui.segmentEditorHolder.visible
    reviewed.ui.paintButton.click()
    assert reviewed.ui.segmentEditorHolder.visible


def test_one_section_is_open_at_a_time(host, reviewed):
    names = ("series", "segment", "review", "correct", "flow", "export")
    for name in names:
        getattr(reviewed.ui, f"{name}CollapsibleButton").collapsed = False
        assert [n for n in names if not getattr(
            reviewed.ui, f"{n}CollapsibleButton"
        ).collapsed] == [name]  # fmt: skip


def test_a_result_reaches_each_view_by_one_copy(host, reviewed):
    """Each copy of a proxy is drawn, which took a tenth of a second."""
    series, copies = reviewed.series, []
    series.image_node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: copies.append(1))
    series.show_posterior(series.posterior())
    assert len(copies) <= 2
    copies.clear()
    series.accept(3)
    assert len(copies) <= 1


def test_the_bar_never_goes_back(host, panel):
    section, bar = panel.segmentSection, panel.ui.progressBar
    seen = []
    for passes, expected in ((400, 832), (800, 1520), (1000, 2048), (2048, 2048)):
        section.onProgress(passes, expected, 3.0)
        seen.append(bar.value)
    assert seen == sorted(seen)
    assert bar.value == bar.maximum


def test_pairs_left_out_are_not_counted_and_said_once(host, reviewed):
    series = reviewed.series
    series.select(3)
    from cases.panel import edit

    edit(series, np.zeros_like)
    host.wait_until(lambda: "left out" in reviewed.ui.flowLabel.text)
    assert "over 5 pairs" in reviewed.ui.flowLabel.text
    assert reviewed.ui.flowLabel.text.count("left out") == 1


def test_inversion_times_are_listed_each_once(host, reviewed):
    rows = reviewed.series.rows()
    times = [1.5 + k * 1e-4 for k in range(len(rows))]
    reviewed.series.adopt(
        slicer.mrmlScene,
        reviewed.series.sequence("images"),
        [r.volume_type for r in rows],
        times,
    )
    reviewed.update()
    assert reviewed.ui.seriesInfoLabel.text.count("1.5") == 1


def test_written_does_not_stay_after_a_later_failure(host, reviewed, tmp_path):
    ui = reviewed.ui
    ui.exportPathLineEdit.currentPath = str(tmp_path / "results")
    ui.exportButton.click()
    host.wait_until(lambda: not reviewed.exportSection.job.busy)
    assert "Written" in ui.exportLabel.text
    assert "The heart moved in frame" in ui.exportLabel.text
    ui.exportButton.click()  # into the same folder
    assert "Written" not in ui.exportLabel.text


def test_flow_has_one_colour_scale_until_another_is_chosen(host, reviewed):
    ui, scene = reviewed.ui, slicer.mrmlScene
    assert bullseye.scale(scene) == 4.0
    assert ui.scaleComboBox.currentText == "4"
    ui.scaleComboBox.currentText = "2"
    assert bullseye.scale(scene) == 2.0
    reviewed.update()
    assert ui.scaleComboBox.currentText == "2"


def test_keys_do_what_their_list_says(host, reviewed):
    from PySide6.QtGui import QShortcut

    window = host.window
    keys = {s.key().toString(): s for s in window.findChildren(QShortcut)}
    assert {"N", "P", "A", "U", "C", "D", "E", "O", "L", "?"} <= keys.keys()
    keys["A"].activated.emit()
    assert reviewed.series.statuses()[0] == "accepted"
    keys["C"].activated.emit()
    assert reviewed.ui.contoursButton.checked
    keys["C"].activated.emit()
    keys["O"].activated.emit()
    host.process_events()
    assert reviewed.series.overlay_opacity() == 0
    keys["O"].activated.emit()
    host.process_events()
    assert reviewed.series.overlay_opacity() > 0
    keys["?"].activated.emit()
    assert not reviewed.ui.keysLabel._native.isHidden()
    reviewed.exit()
    host.process_events()
    assert not {s.key().toString() for s in window.findChildren(QShortcut)} & {"N", "P"}


def test_all_frames_at_a_glance_and_a_click_goes_there(host, reviewed):
    box = reviewed.ui.lightBox
    reviewed.ui.lightBoxButton.click()
    assert box.count == 13
    assert not box._native.item(5).icon().isNull()
    box._native.itemClicked.emit(box._native.item(5))
    assert reviewed.series.frame == 5


def test_a_table_is_copied_to_a_spreadsheet(host, reviewed):
    from PySide6.QtGui import QGuiApplication, QShortcut

    (copy,) = reviewed.ui.reviewTable._native.findChildren(QShortcut)
    copy.activated.emit()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 14
    assert lines[0].startswith("Frame\tScore")


def test_previous_doubtful_goes_the_other_way(host, reviewed):
    series = reviewed.series
    reviewed.ui.thresholdSliderWidget.value = 0.95
    order = series.doubtful_first()
    doubtful = [f for f in order if series.doubtful()[f]]
    if len(doubtful) > 1:
        series.select(doubtful[1])
        reviewed.ui.previousDoubtfulButton.click()
        assert series.frame == doubtful[0]
