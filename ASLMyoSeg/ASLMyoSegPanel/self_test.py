"""The module's self test: the way from a series to a saved scene, in a running Slicer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest


class ASLMyoSegTest(ScriptedLoadableModuleTest):
    """Goes through the panel from top to bottom with the sample series and few trials."""

    TRIALS = 4
    LONGEST = 60
    """Seconds that one step may take."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        self.setUp()
        self.test_WholeWay()

    def test_WholeWay(self):
        panel = slicer.util.getModuleWidget("ASLMyoSeg")
        panel.enter()
        self.openSample(panel)
        self.segment(panel)
        self.review(panel)
        self.correct(panel)
        self.measure(panel)
        self.saveAndLoad(panel)
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

    def waitUntil(self, condition: Callable[[], bool]):
        end = time.monotonic() + self.LONGEST
        while not condition():
            self.assertLess(time.monotonic(), end, "a step took too long")
            slicer.app.processEvents()
            time.sleep(0.01)

    def said(self, panel) -> str:
        return f"the panel says: {panel.ui.progressLabel.text}"
