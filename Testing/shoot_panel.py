"""Pictures of the panel's sections for the user guide: ``python Testing/shoot_panel.py``.

The panel is loaded by the test host, with the sample. Slicer's own Segment Editor is a stand-in
there, and widgets look as plain Qt draws them.
"""

from __future__ import annotations

from pathlib import Path

import slicer
from Host import Host
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

PICTURES = Path(__file__).parents[1] / "Docs" / "images"
SECTIONS = ("series", "segment", "review", "correct", "flow", "export")
WIDTH = 440
TRIALS = 32


def main() -> None:
    with Host() as host:
        QApplication.setStyle("Fusion")
        panel = host.open_panel()
        _go_through(host, panel)
        for name in SECTIONS:
            getattr(panel.ui, f"{name}CollapsibleButton").collapsed = False
        top = panel.parent._native
        top.setPalette(_light())
        top.resize(WIDTH, 2400)
        top.show()
        for _ in range(20):
            host.process_events()
        PICTURES.mkdir(parents=True, exist_ok=True)
        for name in SECTIONS:
            section = getattr(panel.ui, f"{name}CollapsibleButton")._native
            section.grab().save(str(PICTURES / f"panel-{name}.png"))
        _load_sequence(host, panel)
        section = panel.ui.seriesCollapsibleButton._native
        section.grab().save(str(PICTURES / "panel-frames.png"))


def _go_through(host: Host, panel) -> None:
    """From the sample to flow, with a correction and an accepted mask on the way."""
    ui = panel.ui
    ui.sampleDataButton.click()
    host.wait_until(lambda: ui.deviceInfoLabel.text.startswith("Uses"))
    ui.fixedTrialsCheckBox.click()
    ui.trialsSpinBox.value = TRIALS
    ui.segmentButton.click()
    host.wait_until(lambda: ui.progressLabel.text.startswith("Done"))
    for series in panel.series.all_in(slicer.mrmlScene):
        if series != panel.series:
            panel.logic.showSampleResult(series)
        panel.logic.placeSampleLandmarks(series)
    panel.series.select(panel.series.doubtful_first()[1])
    ui.acceptButton.click()
    panel.series.select(3)
    ui.copyToNextButton.click()
    ui.exportPathLineEdit.currentPath = "results/sub-01_acq-rest"
    host.wait_until(lambda: not panel._flowTimer.active)


def _load_sequence(host: Host, panel) -> None:
    """A volume sequence as the DICOM module leaves it, in the table of frames."""
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "ASL FAIR bSSFP")
    images = panel.series.series().images
    for frame, image in enumerate(images[:7]):
        volume = slicer.vtkMRMLScalarVolumeNode()
        volume.SetName(f"ASL FAIR bSSFP frame {frame}")
        slicer.util.updateVolumeFromArray(volume, image)
        sequence.SetDataNodeAtValue(volume, str(frame))
    panel.ui.sequenceSelector.setCurrentNode(sequence)
    panel.ui.inversionTimeSpinBox.value = 1.67
    panel.ui.applyInversionTimeButton.click()
    for _ in range(20):
        host.process_events()


def _light() -> QPalette:
    palette = QPalette(QColor("#efefef"))
    palette.setColor(QPalette.ColorRole.Highlight, QColor("#3daee9"))
    return palette


if __name__ == "__main__":
    main()
