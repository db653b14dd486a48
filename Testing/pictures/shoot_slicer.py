"""Pictures for the documents, taken in a running Slicer, which then ends.

``Slicer --additional-module-paths ASLMyoSeg \\
    --python-script Testing/pictures/shoot_slicer.py Docs/images``
"""

import sys
import time
from pathlib import Path

import qt
import slicer
from PIL import Image

from ASLMyoSegLib.phantom import simulate_subject
from ASLMyoSegLib.scene import SeriesScene, nodes

SECTIONS = ("series", "segment", "review", "correct", "flow", "export")
SIZE = (1500, 900)
COLOURS = 255
"""Of a picture of the whole window, which is a large file otherwise."""
TRIALS = 24
"""Of the three slices, whose precision is not shown."""
SEED, SUBJECT = 20261, 2
"""Of the simulated subject with three slices."""


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    window = slicer.util.mainWindow()
    window.showNormal()
    window.resize(*SIZE)
    window.statusBar().hide()
    slicer.util.findChild(window, "DataProbeCollapsibleWidget").collapsed = True
    slicer.util.selectModule("ASLMyoSeg")
    panel = slicer.modules.ASLMyoSegWidget
    review_sample(panel)
    for name in SECTIONS:
        unfold(panel, name)
        save(section(panel, name), folder / f"panel-{name}.png")
    unfold(panel, "review")
    save(window, folder / "view-layout.png", COLOURS)
    load_sequence(panel)
    unfold(panel, "series")
    save(section(panel, "series"), folder / "panel-frames.png")
    slicer.mrmlScene.Clear(False)
    review_three_slices(panel)
    unfold(panel, "flow")
    save(window, folder / "view-slices.png", COLOURS)


def review_sample(panel) -> None:
    """The sample segmented, with a correction and an accepted mask."""
    panel.ui.sampleDataButton.click()
    rest, stress = panel.series.all_in(slicer.mrmlScene)
    for series in (stress, rest):
        panel.logic.placeSampleLandmarks(series)
        segment(panel, series)
    panel.series.select(4)
    panel.ui.acceptButton.click()
    panel.series.select(8)
    panel.ui.copyToNextButton.click()
    panel.series.select(panel.series.doubtful_first()[0])
    panel.ui.exportPathLineEdit.currentPath = "results/sub-01_acq-rest"
    panel.flowSection.choose(8)
    wait(lambda: not panel._flowTimer.active)


def review_three_slices(panel) -> None:
    """Rest and stress of a simulated subject with three slices."""
    panel.parameters.fixedTrials = True
    panel.parameters.trials = TRIALS
    for condition in ("stress", "rest"):
        series, truth = simulate_subject(SEED, SUBJECT, condition, slices=3)
        loaded = SeriesScene.create(slicer.mrmlScene, series)
        loaded.set_landmarks(truth.rv_insertion)
        panel.use(loaded)
        segment(panel, loaded)
    panel.series.select(panel.series.doubtful_first()[0])
    panel.flowSection.choose(8)


def load_sequence(panel) -> None:
    """A volume sequence as the DICOM module leaves it, in the table of frames."""
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "ASL FAIR bSSFP")
    series = panel.series.series()
    for frame, image in enumerate(series.images[:7]):
        volume = nodes.volume_node(image, series.geometry, f"ASL FAIR bSSFP frame {frame}")
        sequence.SetDataNodeAtValue(volume, str(frame))
    panel.ui.sequenceSelector.setCurrentNode(sequence)
    panel.ui.inversionTimeSpinBox.value = series.inversion_time[1]
    panel.ui.applyInversionTimeButton.click()


def segment(panel, series) -> None:
    panel.parameters.series = series.browser
    wait(lambda: panel.series == series)
    panel.ui.segmentButton.click()
    wait(lambda: not panel.segmentSection.client.busy)
    wait(lambda: not panel._flowTimer.active)


def section(panel, name: str):
    return getattr(panel.ui, f"{name}CollapsibleButton")


def unfold(panel, name: str) -> None:
    """Open one section, and close the others."""
    for each in SECTIONS:
        section(panel, each).collapsed = each != name


def save(widget, path: Path, colours: int = 0) -> None:
    wait(lambda: False, 1.5)  # views draw when they have nothing else to do
    widget.grab().save(str(path))
    picture = Image.open(path).convert("RGB")
    if colours:
        palette = picture.quantize(colours, Image.Quantize.FASTOCTREE)
        picture = picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    picture.save(path, optimize=True)


def wait(condition, seconds: float = 300) -> None:
    """Let the window live until something is so, or for some time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        slicer.app.processEvents()
        time.sleep(0.01)


def run() -> None:
    with slicer.util.tryWithErrorDisplay("The pictures could not be taken."):
        main()
    slicer.util.exit()


qt.QTimer.singleShot(0, run)
