"""ASLMyoSeg: myocardial blood flow from arterial spin labelling, with its uncertainty."""

import sys
from pathlib import Path

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

HERE = Path(__file__).resolve().parent
LIBRARY = HERE if (HERE / "ASLMyoSegLib").is_dir() else HERE.parent
"""Installed, the library lies beside this file; in a source checkout, beside this folder."""
for folder in (HERE, LIBRARY):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))

from ASLMyoSegPanel.logic import SAMPLE, ASLMyoSegLogic  # noqa: E402
from ASLMyoSegPanel.self_test import ASLMyoSegTest  # noqa: E402, F401


class ASLMyoSeg(ScriptedLoadableModule):
    """The module as Slicer lists it."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("ASL Myocardial Segmentation")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Cardiac")]
        self.parent.dependencies = [
            "Colors",
            "Markups",
            "SegmentEditor",
            "Segmentations",
            "Sequences",
            "Tables",
        ]
        self.parent.contributors = ["The ASLMyoSeg contributors"]
        self.parent.helpText = _(
            "Measures myocardial blood flow from arterial spin labelling (ASL) MRI, without "
            "contrast agent. A Monte Carlo dropout U-Net outlines the heart muscle in every image "
            "and says how sure it is; doubtful images are corrected by hand; flow is computed per "
            "AHA segment and drawn as a bullseye. Go through the sections from top to bottom. "
            "See the <a href='https://github.com/aslmyoseg/ASLMyoSeg/blob/main/Docs/user-guide.md'>"
            "user guide</a>."
        )
        self.parent.acknowledgementText = _(
            "The method is that of Do, Guo, Yoon and Nayak, Accuracy, uncertainty, and "
            "adaptability of automatic myocardial ASL segmentation using deep CNN, Magnetic "
            "Resonance in Medicine 2020; 83:1863-1874."
        )
        slicer.app.connect("startupCompleted()", onStartupCompleted)


def onStartupCompleted():
    """Add the simulated subject to Sample Data, and the layouts that saved scenes ask for."""
    import SampleData
    from ASLMyoSegPanel.views import registerLayouts

    registerLayouts()
    files = sorted(SAMPLE.rglob("*_asl.nii.gz"))
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="ASLMyoSeg",
        sampleName="MyocardialASL",
        thumbnailFileName=str(HERE / "Resources" / "Icons" / "MyocardialASL.png"),
        uris=[file.as_uri() for file in files],
        fileNames=[file.name for file in files],
        loadFiles=[False] * len(files),
        customDownloader=lambda _source: ASLMyoSegLogic().openSample(),
    )


class ASLMyoSegWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: what its sections share, and when they are to show something new.

    Attributes:
        ui: widgets of the .ui file, by name.
        parameters: the parameter node, wrapped; None while a scene is closed.
        series: the series in use, as nodes; None where there is none.
    """

    FLOW_DELAY = 300
    """Milliseconds from a change to new flow: strokes and drags come in swarms."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.parameters = None
        self.series = None
        self._guiTag = None
        self._uiWidget = None
        self._flowDue = set()
        self._timers = []
        self.sections = ()

    def setup(self):
        """Called when the module is opened the first time.

        What the panel needs is imported from here on, as Slicer loads this file when it starts.
        """
        ScriptedLoadableModuleWidget.setup(self)
        from ASLMyoSegPanel.arrangement import Arrangement
        from ASLMyoSegPanel.correct_section import CorrectSection
        from ASLMyoSegPanel.export_section import ExportSection
        from ASLMyoSegPanel.flow_section import FlowSection
        from ASLMyoSegPanel.folding import Folding
        from ASLMyoSegPanel.frame_bar import FrameBar
        from ASLMyoSegPanel.labels import LabelHeights
        from ASLMyoSegPanel.review_section import ReviewSection
        from ASLMyoSegPanel.segment_section import SegmentSection
        from ASLMyoSegPanel.series_section import SeriesSection
        from ASLMyoSegPanel.views import registerLayouts
        from ASLMyoSegPanel.watch import SeriesWatch

        uiWidget = slicer.util.loadUI(self.resourcePath("UI/ASLMyoSeg.ui"))
        self.layout.addWidget(uiWidget)
        self._uiWidget = uiWidget
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = ASLMyoSegLogic()
        self._flowTimer = self.timer(self.FLOW_DELAY, self.onFlowDue)
        self._updateTimer = self.timer(0, self.update)
        self._tidyTimer = self.timer(0, self.onNodesChanged)
        names = ("series", "segment", "review", "correct", "flow", "export")
        buttons = {name: getattr(self.ui, f"{name}CollapsibleButton") for name in names}
        self.folding = Folding(buttons, lambda: self.views.fitLater())
        self.labels = LabelHeights(uiWidget, vars(self.ui).values())
        self._watch = SeriesWatch(self.onFrame, self.requestFlow)
        self.views = Arrangement(self)
        self.seriesSection = SeriesSection(self)
        self.segmentSection = SegmentSection(self)
        self.reviewSection = ReviewSection(self)
        self.correctSection = CorrectSection(self)
        self.flowSection = FlowSection(self)
        self.exportSection = ExportSection(self)
        self.frameBar = FrameBar(self)
        self.sections = (
            self.frameBar,
            self.seriesSection,
            self.segmentSection,
            self.reviewSection,
            self.correctSection,
            self.flowSection,
            self.exportSection,
        )
        registerLayouts()
        scene = slicer.mrmlScene
        for event, slot in (
            (scene.StartCloseEvent, self.onSceneStartClose),
            (scene.EndCloseEvent, self.onSceneEndClose),
            (scene.EndImportEvent, self.onSceneEndImport),
            (scene.NodeRemovedEvent, self.onNodeRemoved),
        ):
            self.addObserver(scene, event, slot)
        self.initializeParameterNode()

    def cleanup(self):
        """Called when the application closes, or the module is reloaded."""
        self.exit()
        if self.sections:
            for timer in self._timers:
                timer.stop()
            self._watch.watch(None)
            self.views.release()
            self.labels.release()
            self.segmentSection.client.stop()
            self.exportSection.stop()
            self.correctSection.release()
            self._uiWidget.setMRMLScene(None)  # Reload keeps it, hidden
        self.removeObservers()

    def enter(self):
        """Called each time the module is opened."""
        self.initializeParameterNode()
        for section in self.sections:
            section.enter()

    def exit(self):
        """Called each time another module is opened."""
        self.storeCorrection()
        for section in self.sections:
            section.leave()
        if self.parameters is not None and self._guiTag is not None:
            self.parameters.disconnectGui(self._guiTag)
            self._guiTag = None

    def onReload(self):
        """Reload the panel's and the library's files too, not this one only."""
        for name in list(sys.modules):
            if name.split(".")[0] in ("ASLMyoSegPanel", "ASLMyoSegLib"):
                del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)

    def onSceneStartClose(self, caller=None, event=None):
        """The nodes are about to go, and with them what the worker computes for."""
        self.segmentSection.stop()
        self.exportSection.stop()
        self.correctSection.motion.stop()
        self._flowDue.clear()
        for section in self.sections:
            section.leave()
        self.setParameterNode(None)

    def onSceneEndClose(self, caller=None, event=None):
        from ASLMyoSegLib.scene import bullseye

        bullseye.set_up_view(slicer.mrmlScene)  # closing gave it back Slicer's looks
        if self.parent.isEntered:
            self.enter()

    def onSceneEndImport(self, caller=None, event=None):
        """A saved scene has brought its own parameter node, views and series."""
        from ASLMyoSegLib.scene.series_scene import SeriesScene

        self._tidyTimer.start()
        if self.parent.isEntered:
            self.initializeParameterNode()
            self.requestFlow(*SeriesScene.all_in(slicer.mrmlScene))  # saved before it was measured
            self.views.restore()

    def onNodeRemoved(self, caller=None, event=None):
        self._tidyTimer.start()

    def onNodesChanged(self):
        """Somebody has deleted nodes, maybe a whole series, or opened a scene made without Slicer,
        which has no folders."""
        from ASLMyoSegLib.scene import hierarchy
        from ASLMyoSegLib.scene.series_scene import SeriesScene

        for series in SeriesScene.all_in(slicer.mrmlScene):
            hierarchy.gather(series)
        hierarchy.tidy(slicer.mrmlScene)
        self.storeCorrection()
        self.update()

    def initializeParameterNode(self):
        """Make sure that there is a parameter node, and that it has a series where one is."""
        from ASLMyoSegLib.scene.series_scene import SeriesScene

        self.setParameterNode(self.logic.getParameterNode())
        if not self.parameters.series:
            for found in SeriesScene.all_in(slicer.mrmlScene)[:1]:
                self.parameters.series = found.browser

    def setParameterNode(self, parameters):
        """Bind the widgets to a parameter node, or to none."""
        if self.parameters is not None:
            if self._guiTag is not None:
                self.parameters.disconnectGui(self._guiTag)
            self.removeObserver(self.parameters, vtk.vtkCommand.ModifiedEvent, self.requestUpdate)
        self.parameters, self._guiTag = parameters, None
        if parameters is not None:
            self._guiTag = parameters.connectGui(self.ui)
            self.addObserver(parameters, vtk.vtkCommand.ModifiedEvent, self.requestUpdate)
        self.update()

    def use(self, series):
        """Take a series into use, and show it."""
        self.parameters.series = series.browser
        self.flowSection.takeFieldStrength(series)
        self.update()
        self.views.show()
        if not series.segmented:
            self.folding.unfold("segment")

    def requestUpdate(self, caller=None, event=None):
        """Show what has changed as soon as Slicer is done with what it does now."""
        self._updateTimer.start()

    def update(self):
        """Show the series in use as it is now; where nodes of it were deleted, say so."""
        from ASLMyoSegLib.errors import ASLMyoSegError
        from ASLMyoSegLib.scene.series_scene import SeriesScene

        problem, before, self.series = "", self.series, None
        if self.parameters is not None:
            series = SeriesScene.of(self.parameters.series)
            try:
                if series is not None:
                    self.check(series)
                    self.series = series
            except ASLMyoSegError as error:
                problem = str(error)
        self._watch.watch(self.series)
        if self.parameters is None:
            return
        for section in self.sections:
            section.update()
        if problem:
            self.ui.seriesInfoLabel.text = problem
        if self.series is not None and self.series != before:
            self.requestFlow()
            if before is not None:
                self.views.show()

    def check(self, series):
        """Raise `SceneError` where a node of a series that the panel shows was deleted."""
        for part in ("frames_node", "image_node", "mask_node", "uncertainty_node"):
            getattr(series, part)

    def onFrame(self):
        """Another frame is shown: what was edited in the last one is kept."""
        self.storeCorrection()
        self.requestUpdate()

    def requestFlow(self, *series):
        """Measure flow anew, soon: of the series in use, or of those that are given."""
        self._flowDue.update(series or (self.series,))
        if not self._flowTimer.active:
            self._flowTimer.start()

    def onFlowDue(self):
        due, self._flowDue = self._flowDue, set()
        self.storeCorrection()
        for series in due:
            there = series is not None and series.whole  # nodes may have been deleted meanwhile
            if there and series.segmented:
                self.flowSection.measure(series)
        self.update()

    def storeCorrection(self):
        """Take note of what was edited by hand."""
        from ASLMyoSegLib.errors import ASLMyoSegError

        if self.series is not None:
            try:
                self.series.store_correction()
            except ASLMyoSegError as error:  # deleted nodes hold no correction any more
                self.ui.seriesInfoLabel.text = str(error)

    def timer(self, milliseconds, slot):
        """A timer that fires once after each start, until the panel goes."""
        timer = qt.QTimer()
        timer.setSingleShot(True)  # PythonQt takes the static method for the property
        timer.interval = milliseconds
        timer.connect("timeout()", slot)
        self._timers.append(timer)
        return timer

    @property
    def requirements(self):
        """File of the packages that segmentation needs."""
        return self.resourcePath("requirements.txt")
