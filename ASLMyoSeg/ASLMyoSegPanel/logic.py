"""What the module does without a panel."""

from __future__ import annotations

import logging
from pathlib import Path

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

HERE = Path(__file__).resolve().parents[1]
LIBRARY = HERE if (HERE / "ASLMyoSegLib").is_dir() else HERE.parent
"""Installed, the library lies beside the module's file; in a source checkout, beside its folder."""
SAMPLE = LIBRARY / "Resources" / "SampleData"


class ASLMyoSegLogic(ScriptedLoadableModuleLogic):
    """What the module does without a panel: it may be called from scripts.

    >>> import ASLMyoSeg
    >>> rest, stress = ASLMyoSeg.ASLMyoSegLogic().openSample()
    """

    def getParameterNode(self):
        from ASLMyoSegPanel.parameters import ASLMyoSegParameterNode

        return ASLMyoSegParameterNode(super().getParameterNode())

    def openSeries(self, path):
        """Put every series of a file or folder into the scene; see `scene.opening.Opened`."""
        from ASLMyoSegLib.io import left_out
        from ASLMyoSegLib.scene.opening import open_series

        for reason in left_out(path):
            logging.info("ASLMyoSeg left out %s", reason)
        return open_series(slicer.mrmlScene, path)

    def openSample(self):
        """The simulated subject, rest and stress."""
        return self.openSeries(SAMPLE).series

    def showSampleResult(self, series):
        """Show the segmentation of a series of the sample that was computed beforehand."""
        from ASLMyoSegLib.io import read_posterior

        series.show_posterior(read_posterior(SAMPLE / "derivatives" / "aslmyoseg" / series.name))

    def placeSampleLandmarks(self, series):
        """Place the RV insertions of a series of the sample, as an observer did."""
        from ASLMyoSegLib.io import read_rv_insertion

        (file,) = SAMPLE.rglob(f"{series.name}_rvinsertion.json")
        series.set_landmarks(read_rv_insertion(file, series.series()))
