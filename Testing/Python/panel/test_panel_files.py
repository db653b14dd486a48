"""Files that say too little of themselves: the panel asks, in the table of frames."""

import logging

import numpy as np
import pytest

pytest.importorskip("slicer")

import SimpleITK as sitk
import slicer

FRAMES = 7


@pytest.fixture
def images():
    return np.random.default_rng(3).random((FRAMES, 1, 32, 32)).astype(np.float32)


def test_a_nifti_without_side_cars_is_asked_about_and_becomes_a_series(
    host, panel, tmp_path, images
):
    _write(tmp_path / "heart.nii.gz", images)
    ui = panel.ui
    panel.seriesSection.open(str(tmp_path / "heart.nii.gz"))
    host.process_events()
    assert panel.series is None
    assert not ui.framesWidget.isHidden()
    assert _types(panel) == ["m0scan", *["control", "label"] * 3]
    assert "alternating, control first" in ui.framesProblemLabel.text
    assert "has no inversion time: give it in seconds" in ui.framesProblemLabel.text
    assert not ui.adoptButton.enabled
    ui.inversionTimeSpinBox.value = 1.4
    ui.applyInversionTimeButton.click()
    ui.adoptButton.click()
    series = panel.series.series()
    assert series.name == "heart"
    assert series.volume_types == ("m0scan", *("control", "label") * 3)
    assert np.array_equal(series.images, images)
    assert series.inversion_time[1:] == pytest.approx(1.4)
    assert ui.framesWidget.isHidden()


def test_what_a_side_car_says_is_kept_and_only_the_rest_is_asked_for(host, panel, tmp_path, images):
    _write(tmp_path / "heart.nii.gz", images)
    (tmp_path / "heart_asl.json").write_text(
        '{"PostLabelingDelay": 1.5, "MagneticFieldStrength": 1.5, "PatientName": "Doe"}'
    )
    panel.seriesSection.open(str(tmp_path / "heart.nii.gz"))
    host.process_events()
    assert "no inversion time" not in panel.ui.framesProblemLabel.text
    panel.ui.adoptButton.click()
    assert panel.series.series().inversion_time[1:] == pytest.approx(1.5)
    assert panel.ui.fieldStrengthComboBox.currentText == "1.5 T"
    assert "Doe" not in str(panel.series.metadata)


def test_a_folder_of_single_images_is_filled_in_by_their_names(host, panel, tmp_path, images):
    names = ["01_M0", "02_tag", "03_control", "04_tag", "05_control"]
    for name, image in zip(names, images, strict=False):
        _write(tmp_path / "frames" / f"{name}.nii.gz", image)
    panel.seriesSection.open(str(tmp_path / "frames"))
    host.process_events()
    assert _types(panel) == ["m0scan", "label", "control", "label", "control"]
    assert "02_tag.nii.gz" in panel.ui.framesTable.item(1, 0).text()


def test_the_frame_of_a_row_is_shown_while_it_is_asked_about(host, panel, tmp_path, images):
    _write(tmp_path / "heart.nrrd", images)
    panel.seriesSection.open(str(tmp_path / "heart.nrrd"))
    host.process_events()
    panel.ui.framesTable.setCurrentCell(3, 0)
    (browser,) = slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode")
    assert browser.GetSelectedItemNumber() == 3
    shown = slicer.util.arrayFromVolume(browser.GetProxyNode(browser.GetMasterSequenceNode()))
    assert np.array_equal(shown, images[3])


def test_several_files_are_asked_about_one_after_the_other(host, panel, tmp_path, images):
    for name in ("rest", "stress"):
        _write(tmp_path / f"{name}.nii.gz", images)
    panel.seriesSection.open(str(tmp_path))
    for name in ("rest", "stress"):
        host.process_events()
        panel.ui.inversionTimeSpinBox.value = 1.4
        panel.ui.applyInversionTimeButton.click()
        panel.ui.adoptButton.click()
        assert panel.series.name == name
        assert panel.series.condition == name
    assert panel.ui.framesWidget.isHidden()


def test_an_m0_scan_of_its_own_is_the_last_frame(host, panel, tmp_path, images):
    _write(tmp_path / "sub-01_asl.nii.gz", images[:6])
    _write(tmp_path / "sub-01_m0scan.nii.gz", images[6])
    panel.seriesSection.open(str(tmp_path))
    host.process_events()
    assert _types(panel) == [*["control", "label"] * 3, "m0scan"]


def test_one_image_is_segmented_alone_and_says_that_it_has_no_flow(host, panel, tmp_path, images):
    volume = sitk.GetImageFromArray(images[:5, 0])
    volume.SetSpacing((3, 3, 8))
    sitk.WriteImage(volume, str(tmp_path / "cine.nii.gz"))
    ui = panel.ui
    panel.seriesSection.open(str(tmp_path / "cine.nii.gz"))
    host.process_events()
    assert len(_types(panel)) == 1
    assert "one image of 5 slices" in ui.framesProblemLabel.text
    panel.seriesSection._kinds[0].setCurrentText("control")
    ui.adoptButton.click()
    assert np.array_equal(panel.series.series().images, images[np.newaxis, :5, 0])
    assert "TI" not in ui.seriesInfoLabel.text
    ui.fixedTrialsCheckBox.click()
    ui.trialsSpinBox.value = 2
    ui.segmentButton.click()
    host.wait_until(lambda: ui.progressLabel.text.startswith("Done"))
    host.wait_until(lambda: "no label frame; flow is control minus label" in ui.flowLabel.text)


@pytest.mark.parametrize("kind", ["pictures", "matlab"])
def test_what_the_table_cannot_state_is_one_sentence_without_options(
    host, panel, tmp_path, images, kind, caplog
):
    if kind == "matlab":
        scipy_io = pytest.importorskip("scipy.io")
        scipy_io.savemat(tmp_path / "heart.mat", {"images": images[:, 0]})
    else:
        for number, image in enumerate(images[:, 0]):
            picture = sitk.GetImageFromArray((255 * image).astype(np.uint8))
            sitk.WriteImage(picture, str(tmp_path / f"{number}.png"))
    path = {"matlab": "heart.mat", "pictures": ""}[kind]
    with caplog.at_level(logging.ERROR):
        panel.seriesSection.open(str(tmp_path / path))
    assert "save the images as NIfTI or NRRD" in caplog.text
    assert "--" not in caplog.text.replace(str(tmp_path), "")
    assert panel.series is None


def _write(path, array):
    """Through SimpleITK: (frame, slice, y, x), or (slice, y, x)."""
    path.parent.mkdir(exist_ok=True)
    frames = [sitk.GetImageFromArray(a) for a in (array if array.ndim == 4 else [array])]
    sitk.WriteImage(sitk.JoinSeries(frames) if array.ndim == 4 else frames[0], str(path))


def _types(panel):
    return [kind.currentText for kind in panel.seriesSection._kinds]
