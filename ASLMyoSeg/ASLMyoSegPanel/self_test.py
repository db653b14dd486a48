"""The module's self test: the way from a series to a saved scene, in a running Slicer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import qt
import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest


class ASLMyoSegTest(ScriptedLoadableModuleTest):
    """Goes through the panel from top to bottom with the sample series and few trials."""

    TRIALS = 4
    LONGEST = 120
    """Seconds that one step may take."""
    TICK = 20
    """Milliseconds between two ticks of the timer by which gaps of the event loop are measured."""
    GAP = 0.25
    """Seconds that the window may stand still at most, in an optimised build of Slicer."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        self.setUp()
        self.test_WholeWay()

    def test_WholeWay(self):
        panel = slicer.util.getModuleWidget("ASLMyoSeg")
        panel.enter()
        gaps = {}
        for step in (
            self.openSample,
            self.segment,
            self.review,
            self.correct,
            self.undo,
            self.drawContours,
            self.applyToAll,
            self.deleteMasks,
            self.measure,
            self.export,
            self.saveAndLoad,
            self.closeDuringRun,
        ):
            with LargestGap(self.TICK) as gap:
                step(panel)
                self.waitUntil(lambda: not panel._flowTimer.active)
            gaps[step.__name__] = gap.seconds
        for name, seconds in gaps.items():
            print(f"largest gap of the event loop in {name}: {seconds:.2f} s")
        late = [name for name, seconds in gaps.items() if seconds > self.GAP]
        if late:
            print(f"above {self.GAP} s, which an optimised build should not be: {', '.join(late)}")
        self.delayDisplay("Test passed")

    def openSample(self, panel):
        self.delayDisplay("A series: rest and stress of a simulated subject")
        panel.ui.sampleDataButton.click()
        self.assertEqual(len(panel.series.all_in(slicer.mrmlScene)), 2)
        self.assertIn("Frames: 13", panel.ui.seriesInfoLabel.text)

    def segment(self, panel):
        from ASLMyoSegPanel import packages

        if packages.missing(panel.requirements):
            self.delayDisplay("PyTorch is not installed: inference is skipped")
            panel.logic.showSampleResult(panel.series)
            panel.requestFlow()
        else:
            self.delayDisplay("Segment, in the worker process")
            panel.parameters.fixedTrials = True
            panel.parameters.trials = self.TRIALS
            panel.ui.segmentButton.click()
            self.waitUntil(lambda: not panel.segmentSection.client.busy)
            self.assertTrue(panel.ui.progressLabel.text.startswith("Done"), self.said(panel))
        self.waitUntil(lambda: panel.series.flow())
        self.assertTrue((panel.series.areas() > 50).all())
        self.assertTrue(np.isfinite(panel.series.scores()).all())

    def review(self, panel):
        self.delayDisplay("Review: the most doubtful frame first")
        scores = [panel.series.rows()[frame].score for frame in panel.series.doubtful_first()]
        self.assertEqual(scores, sorted(scores, reverse=True))
        panel.series.select(2)
        panel.ui.acceptButton.click()
        self.assertEqual(panel.series.statuses()[2], "accepted")

    def correct(self, panel):
        self.delayDisplay("Correct: an edit stays in its frame and moves flow")
        before = panel.series.flow()
        panel.series.select(1)
        mask = slicer.util.arrayFromSegmentBinaryLabelmap(
            panel.series.mask_node, "myocardium", panel.series.image_node
        )
        mask = (mask | np.roll(mask, 1, axis=2)).astype(np.uint8)
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            mask, panel.series.mask_node, "myocardium", panel.series.image_node
        )
        self.waitUntil(lambda: panel.series.flow() != before)
        panel.series.select(2)
        self.assertEqual(panel.series.statuses()[1:3], ("corrected", "accepted"))

    def undo(self, panel):
        self.delayDisplay("Undo and redo move flow as well")
        editor = panel.correctSection.editor
        panel.series.select(3)
        slicer.app.processEvents()
        before = panel.series.flow()
        editor.saveStateForUndo()
        mask = slicer.util.arrayFromSegmentBinaryLabelmap(
            panel.series.mask_node, "myocardium", panel.series.image_node
        )
        mask = (mask | np.roll(mask, 2, axis=2)).astype(np.uint8)
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            mask, panel.series.mask_node, "myocardium", panel.series.image_node
        )
        self.waitUntil(lambda: panel.series.flow() != before)
        painted = panel.series.flow()
        editor.undo()
        self.waitUntil(lambda: panel.series.flow() == before)
        editor.redo()
        self.waitUntil(lambda: panel.series.flow() == painted)
        editor.undo()
        self.waitUntil(lambda: panel.series.flow() == before)

    def drawContours(self, panel):
        self.delayDisplay("Contours: the mask follows a point that is dragged")
        panel.folding.unfold("correct")
        panel.series.select(4)
        panel.ui.contoursButton.click()
        outer = self.curve("outer")
        before, status = panel.series.areas()[4].sum(), panel.series.statuses()[4]
        self.assertEqual(status, "automatic")
        self.drag(outer, 0, 1.3)
        self.waitUntil(lambda: panel.series.statuses()[4] == "corrected")
        self.assertGreater(panel.series.areas()[4].sum(), before)
        panel.correctSection.editor.undo()
        self.waitUntil(lambda: panel.series.areas()[4].sum() == before)
        panel.correctSection.editor.redo()
        self.waitUntil(lambda: panel.series.areas()[4].sum() > before)

    def applyToAll(self, panel):
        self.delayDisplay("One correction serves the series, and is undone in one step")
        before = panel.series.areas().tolist()
        panel.ui.applyToAllButton.click()
        self.waitUntil(lambda: not panel.correctSection.motion.busy)
        self.assertIn("Changed", panel.ui.correctLabel.text)
        self.assertEqual(panel.series.statuses().count("automatic"), 0)
        self.assertEqual(panel.series.statuses()[2], "accepted")
        panel.ui.undoStepButton.click()
        self.assertEqual(panel.series.areas().tolist(), before)
        panel.ui.contoursButton.click()

    def deleteMasks(self, panel):
        self.delayDisplay("Masks that are deleted in the Data module come back")
        before = panel.series.statuses(), panel.series.areas().tolist()
        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        hierarchy.RemoveItem(hierarchy.GetItemByDataNode(panel.series.mask_node))
        self.waitUntil(lambda: not panel._tidyTimer.active and not panel._updateTimer.active)
        self.assertEqual(before, (panel.series.statuses(), panel.series.areas().tolist()))

    def export(self, panel):
        self.delayDisplay("Export, in a process of its own")
        from ASLMyoSegPanel import packages

        if packages.missing(panel.resourcePath("requirements-report.txt")):
            return
        with tempfile.TemporaryDirectory() as folder:
            panel.ui.exportPathLineEdit.currentPath = str(Path(folder) / "results")
            panel.ui.exportButton.click()
            self.waitUntil(lambda: not panel.exportSection.job.busy)
            self.assertIn("Written", panel.ui.exportLabel.text)

    def closeDuringRun(self, panel):
        self.delayDisplay("Closing the scene ends a run")
        from ASLMyoSegPanel import packages

        if not packages.missing(panel.requirements):
            panel.parameters.fixedTrials = True
            panel.parameters.trials = 1000
            panel.ui.segmentButton.click()
            self.waitUntil(lambda: "of" in panel.ui.progressLabel.text)
        slicer.mrmlScene.Clear()
        self.waitUntil(lambda: panel.series is None)
        self.assertFalse(panel.segmentSection.client.busy)

    def measure(self, panel):
        self.delayDisplay("Flow: landmarks turn the sectors")
        for series in panel.series.all_in(slicer.mrmlScene):
            panel.logic.placeSampleLandmarks(series)
        self.waitUntil(lambda: "Rotation unknown" not in panel.ui.flowLabel.text)
        self.assertEqual(panel.ui.landmarksLabel.text, "2 of 2 placed")
        self.assertTrue(0.2 < panel.series.flow()[0][0] < 5)
        panel.ui.bullseyeButton.click()

    def saveAndLoad(self, panel):
        self.delayDisplay("Everything comes back from a saved scene")
        self.waitUntil(lambda: not panel._flowTimer.active)
        before = panel.series.statuses(), panel.series.areas().tolist(), panel.series.flow()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "scene.mrb"
            self.assertTrue(slicer.mrmlScene.WriteToMRB(str(file)))
            slicer.mrmlScene.Clear()
            self.assertTrue(slicer.mrmlScene.ReadFromMRB(str(file)))
        panel.enter()
        self.assertEqual(
            before, (panel.series.statuses(), panel.series.areas().tolist(), panel.series.flow())
        )

    def curve(self, which: str):
        from ASLMyoSegLib.scene import curves

        return next(node for w, _k, node in curves.shown(slicer.mrmlScene) if w == which)

    def drag(self, curve, point: int, farther: float):
        """Move a control point away from the middle, by the events of a mouse."""
        middle = slicer.util.arrayFromMarkupsControlPoints(curve).mean(0)
        start = np.zeros(3)
        curve.GetNthControlPointPositionWorld(point, start)
        curve.InvokeEvent(curve.PointStartInteractionEvent)
        for part in np.linspace(1, farther, 5)[1:]:
            curve.SetNthControlPointPositionWorld(point, *(middle + part * (start - middle)))
            slicer.app.processEvents()
        curve.InvokeEvent(curve.PointEndInteractionEvent)

    def waitUntil(self, condition: Callable[[], bool]):
        end = time.monotonic() + self.LONGEST
        while not condition():
            self.assertLess(time.monotonic(), end, "a step took too long")
            slicer.app.processEvents()
            time.sleep(0.01)

    def said(self, panel) -> str:
        return f"the panel says: {panel.ui.progressLabel.text}"


class LargestGap:
    """The longest time for which the event loop stood still, by a timer that ticks in it.

    Attributes:
        seconds: without the tick itself.
    """

    def __init__(self, tick: int):
        self.seconds = 0.0
        self._tick = tick
        self._timer = qt.QTimer()
        self._timer.interval = tick
        self._timer.connect("timeout()", self._onTick)

    def __enter__(self):
        self._last = time.monotonic()
        self._timer.start()
        return self

    def __exit__(self, *_):
        self._onTick()
        self._timer.stop()

    def _onTick(self):
        now = time.monotonic()
        self.seconds = max(self.seconds, now - self._last - self._tick / 1000)
        self._last = now
