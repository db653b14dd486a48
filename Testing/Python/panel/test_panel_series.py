"""The panel and its surroundings: series, scenes, sample, self test, reload."""

import json
import logging
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from places import SAMPLE

pytest.importorskip("slicer")

import pydicom
import slicer
from cases.dicom import complete_header, pixels, write_classic, write_enhanced
from cases.panel import edit, flow_column, grown
from Host import Host

from ASLMyoSegLib.series import Posterior


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


def test_a_panel_that_was_reloaded_edits_no_more_and_follows_no_scene(host, reviewed):
    reviewed.onReload()
    host.panel.correctSection.editor.setActiveEffectByName("Paint")
    assert host.panel.correctSection.editing
    assert not reviewed.correctSection.editing
    assert reviewed.ui.seriesSelector.mrmlScene() is None


def test_after_opening_a_scene_slicers_tool_bar_steps_the_series_in_use(host, reviewed, tmp_path):
    assert host.tool_bar_browser is reviewed.series.browser
    slicer.mrmlScene.WriteToMRB(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear(False)
    slicer.mrmlScene.ReadFromMRB(str(tmp_path / "scene.mrb"))
    host.wait_until(lambda: not reviewed._flowTimer.active)
    assert reviewed.series.name == "sub-01_acq-rest"
    assert host.tool_bar_browser is reviewed.series.browser


def test_the_bullseyes_view_keeps_its_looks_when_the_scene_is_closed(host, reviewed):
    view = slicer.mrmlScene.GetSingletonNode("Bullseye", "vtkMRMLViewNode")
    assert not view.GetBoxVisible()
    slicer.mrmlScene.Clear(False)
    assert not view.GetBoxVisible()
    assert view.GetBackgroundColor() == (0.0, 0.0, 0.0)


def test_the_bullseyes_lettering_stays_smooth_whatever_happens_to_its_view(host, reviewed):
    manager = slicer.app.layoutManager()
    views = {
        widget.mrmlViewNode().GetLayoutName(): widget
        for widget in map(manager.threeDWidget, range(manager.threeDViewCount))
    }
    window = views["Bullseye"].renderWindow()
    assert window.GetMultiSamples() > 0
    views["Bullseye"].mrmlViewNode().SetFieldOfView(77.0)
    assert window.GetMultiSamples() > 0


def test_the_self_test_of_the_module_passes_with_pytorch_and_without(host, panel, monkeypatch):
    from ASLMyoSegPanel import packages

    import ASLMyoSeg

    ASLMyoSeg.ASLMyoSegTest().runTest()
    lacking = [packages.Requirement("torch")]
    monkeypatch.setattr(
        packages,
        "missing",
        lambda wanted: lacking if str(wanted).endswith("requirements.txt") else [],
    )
    ASLMyoSeg.ASLMyoSegTest().runTest()


def test_sample_data_is_registered_and_loads_without_a_download(host, panel):
    import SampleData

    (source,) = SampleData.SampleDataLogic.sources
    assert all(uri.startswith("file:") for uri in source["uris"])
    assert Path(source["thumbnailFileName"]).is_file()
    loaded = source["customDownloader"](None)
    assert [one.condition for one in loaded] == ["rest", "stress"]


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


def test_a_series_deleted_in_the_data_module_is_gone_and_the_other_can_be_used(host, reviewed):
    rest, stress = reviewed.series.all_in(slicer.mrmlScene)
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(rest.frames_node))
    assert hierarchy.GetItemName(folder) == "sub-01_acq-rest"
    hierarchy.RemoveItem(folder)
    host.wait_until(lambda: reviewed.series is None, 20)
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSequenceNode") == 4
    reviewed.ui.seriesSelector.setCurrentNode(stress.browser)
    host.wait_until(lambda: reviewed.series == stress, 20)


def test_the_condition_can_be_told(host, reviewed):
    rest, stress = reviewed.series.all_in(slicer.mrmlScene)
    reviewed.ui.conditionComboBox.currentText = "stress"
    assert rest.condition == "stress"
    reviewed.ui.seriesSelector.setCurrentNode(stress.browser)
    host.process_events()
    assert stress.condition == "stress"
    reviewed.ui.conditionComboBox.currentText = "rest"
    assert (rest.condition, stress.condition) == ("stress", "rest")


def test_the_folder_of_a_dicom_study_is_opened(host, panel, tmp_path):
    write_classic(tmp_path / "1", pixels(3), number=1, description="loc Doe", comments=None)
    write_classic(tmp_path / "3", pixels(size=(64, 64)))
    write_enhanced(tmp_path / "4" / "I0", pixels(size=(64, 64)))
    panel.seriesSection.open(str(tmp_path))
    assert panel.series.name == "series-003_asl-rest"
    assert [one.condition for one in panel.series.all_in(slicer.mrmlScene)] == ["rest", "stress"]
    assert "2 control, 2 label, 1 m0scan" in panel.ui.seriesInfoLabel.text


def test_a_dicom_series_is_exported_with_its_dicom_objects_while_its_files_are_known(
    host, panel, tmp_path
):
    paths = write_classic(tmp_path / "3", pixels(size=(64, 64)), complete_header)
    panel.seriesSection.open(str(tmp_path / "3"))
    mean = np.zeros((len(paths), 1, 64, 64), np.float32)
    mean[..., 20:40, 20:40] = 0.9
    no_masks = np.zeros((0, len(paths), 1, 512), np.uint8)
    trials = np.full(mean.shape[:2], 8)
    model = {"name": "m", "sha256": "0" * 64}
    panel.series.show_posterior(Posterior(mean, mean / 9, trials, no_masks, 0, "cpu", model))
    host.process_events()
    _export(host, panel, tmp_path / "out")
    made = [pydicom.dcmread(path) for path in (tmp_path / "out" / "dicom").iterdir()]
    assert "SEG" in {one.Modality for one in made}
    assert {one.StudyInstanceUID for one in made} == {pydicom.dcmread(paths[0][0]).StudyInstanceUID}
    assert str(tmp_path) not in str(panel.series.metadata)
    panel.exportSection.dicom.clear()  # as when a saved scene was opened
    _export(host, panel, tmp_path / "later")
    warnings = json.loads((tmp_path / "later" / "summary.json").read_text())["warnings"]
    assert any("No DICOM objects were written: a saved scene" in one for one in warnings)


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
    assert "Filled in" in ui.framesProblemLabel.text  # how is said beside what is wrong
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


def test_frames_of_a_series_can_be_stated_anew_and_masks_are_no_loaded_sequences(host, reviewed):
    selector = reviewed.ui.sequenceSelector
    shown = [selector._native._combo.itemText(k) for k in range(selector._native._combo.count())]
    assert shown == ["None", "sub-01_acq-rest images", "sub-01_acq-stress images"]
    before = reviewed.series.series()
    selector.setCurrentNode(reviewed.series.sequence("images"))
    host.process_events()
    assert reviewed.ui.adoptButton.enabled
    kinds = reviewed.seriesSection._kinds
    assert [k.currentText for k in kinds] == list(before.volume_types)
    kinds[1].currentText, kinds[2].currentText = "label", "control"
    reviewed.ui.adoptButton.click()
    after = reviewed.series.series()
    assert after.volume_types[1:3] == ("label", "control")
    assert np.array_equal(after.inversion_time, before.inversion_time, equal_nan=True)
    assert reviewed.series.segmented


def test_a_series_that_cannot_be_read_is_named_and_the_others_are_opened(
    host, panel, tmp_path, monkeypatch
):
    shutil.copytree(SAMPLE / "sub-01", tmp_path / "sub-01")
    (spoilt,) = tmp_path.rglob("*stress_asl.nii.gz")
    spoilt.write_bytes(b"nonsense")
    warnings = []
    monkeypatch.setattr(slicer.util, "warningDisplay", lambda text, *_: warnings.append(text))
    panel.seriesSection.open(str(tmp_path))
    assert [one.name for one in panel.series.all_in(slicer.mrmlScene)] == ["sub-01_acq-rest"]
    (text,) = warnings
    assert str(spoilt) in text


def test_the_field_strength_of_a_series_sets_t1_of_blood(host, panel, tmp_path, caplog):
    def at_low_field(dataset, _t, _k):
        dataset.MagneticFieldStrength = 1.5

    write_classic(tmp_path / "rest", pixels(), at_low_field)
    write_classic(tmp_path / "cine", pixels(4), description="cine", comments=None)
    with caplog.at_level(logging.INFO):
        panel.seriesSection.open(str(tmp_path))
    host.process_events()
    assert panel.ui.fieldStrengthComboBox.currentText == "1.5 T"
    assert panel.ui.t1BloodSpinBox.value == pytest.approx(1.35)
    assert "cine" in caplog.text  # left out, which needs no question


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


def _sequence(names):
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "loaded")
    images = np.random.default_rng(3).random((len(names), 1, 32, 32)).astype(np.float32)
    for index, name in enumerate(names):
        volume = slicer.vtkMRMLScalarVolumeNode()
        volume.SetName(name)
        slicer.util.updateVolumeFromArray(volume, images[index])
        sequence.SetDataNodeAtValue(volume, str(index))
    return sequence


def _export(host, panel, folder):
    panel.parameters.exportFolder = str(folder)
    panel.update()
    panel.ui.exportButton.click()
    host.wait_until(lambda: not panel.exportSection.job.busy)
