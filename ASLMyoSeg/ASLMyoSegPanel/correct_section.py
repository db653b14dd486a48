"""Section 4: contours, or Slicer's own Segment Editor, on the mask of the frame that is shown."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

from ASLMyoSegLib.io import read_masks
from ASLMyoSegLib.run.jobs import MotionJob
from ASLMyoSegLib.scene import editing
from ASLMyoSegLib.words import numbered

from .contour_tool import ContourTool
from .jobs import JobClient, Waiting
from .section import Section, explaining

EFFECTS = (
    "Paint",
    "Draw",
    "Erase",
    "Level tracing",
    "Threshold",
    "Margin",
    "Smoothing",
    "Scissors",
    "Islands",
)
"""Of the Segment Editor, those that make sense on one segment in single slices."""
LIST_OF_SEGMENTS = "SegmentsTableResizableFrame"
"""A child of the Segment Editor's widget: there is one segment only."""


class CorrectSection(Section):
    def setup(self) -> None:
        ui = self.ui
        self.editor = slicer.qMRMLSegmentEditorWidget()
        self.editor.toolTip = _("Correct the mask of this frame. Undo is at the lower right.")
        self.editor.maximumNumberOfUndoStates = 10
        self.editor.setEffectNameOrder(EFFECTS)
        self.editor.unorderedEffectsVisible = False
        self._bind(self._editorNode())
        for part in (
            "segmentationNodeSelectorVisible",
            "sourceVolumeNodeSelectorVisible",
            "specifyGeometryButtonVisible",
            "show3DButtonVisible",
            "addRemoveSegmentButtonsVisible",
            "switchToSegmentationsButtonVisible",
            "maskingSectionVisible",
            "autoShowSourceVolumeNode",  # the views show the image, also where the map is edited on
        ):
            setattr(self.editor, part, False)
        for child in slicer.util.findChildren(self.editor, name=LIST_OF_SEGMENTS):
            child.visible = False
        ui.segmentEditorHolder.layout().addWidget(self.editor)
        self.contours = ContourTool(self.editor.saveStateForUndo, self.onContoursChanged)
        self.motion = JobClient()
        self._said = ""
        ui.contoursButton.connect("toggled(bool)", self.onContours)
        ui.paintButton.connect("toggled(bool)", self.onPaint)
        ui.backToAutomaticButton.connect("clicked()", self.onBackToAutomatic)
        ui.copyToNextButton.connect("clicked()", self.onCopyToNext)
        ui.applyToAllButton.connect("clicked()", self.onApplyToAll)
        ui.undoStepButton.connect("clicked()", self.onUndoStep)
        ui.loadMasksButton.connect("clicked()", self.onLoadMasks)
        self.onPaint(False)

    def update(self) -> None:
        ui, series = self.ui, self.series
        self.editor.enabled = series is not None
        self.able(ui.backToAutomaticButton, self.lacking(segmented=True))
        for each in (ui.contoursButton, ui.paintButton, ui.loadMasksButton):
            self.able(each, self.lacking())
        if series is None:
            self.contours.hide()
            for button in (ui.copyToNextButton, ui.applyToAllButton, ui.undoStepButton):
                self.able(button, self.lacking())
            ui.correctLabel.text = ""
            return
        empty = "" if sum(series.rows()[series.frame].pixels) else _("This frame has no mask.")
        last = _("This is the last frame.") if series.frame + 1 >= len(series.rows()) else ""
        self.able(ui.copyToNextButton, last or empty)
        self.able(ui.applyToAllButton, "" if self.motion.busy else empty)
        ui.applyToAllButton.text = _("Cancel") if self.motion.busy else _("Apply to all frames")
        self.able(ui.undoStepButton, "" if series.last_step else _("There is no step to undo."))
        ui.correctLabel.text = self._said
        parameters = self.parameters
        ui.editingLimitSliderWidget.enabled = parameters.limitEditing
        node = self._editorNode()
        if self.editor.mrmlSegmentEditorNode() is not node:
            self._bind(node)
        limit = parameters.editingLimit if parameters.limitEditing else None
        editing.bind_editor(series, node, limit)
        if ui.contoursButton.checked:
            self._showContours()
        else:
            self.contours.hide()

    def enter(self) -> None:
        if self.editor.mrmlSegmentEditorNode() is not None:
            self.editor.setupViewObservations()
        self.editor.installKeyboardShortcuts()

    def leave(self) -> None:
        self.contours.hide()
        self.ui.contoursButton.checked = False
        self.editor.setActiveEffect(None)
        self.editor.uninstallKeyboardShortcuts()
        self.editor.removeViewObservations()

    def release(self) -> None:
        """Let go of the editor's node, which the panel after a reload edits with."""
        self.motion.stop()
        self.editor.setMRMLSegmentEditorNode(None)
        self.editor.setMRMLScene(None)

    @property
    def editing(self) -> bool:
        """Whether clicks in the views are an effect's or the contours' own."""
        return self.editor.activeEffect() is not None or self.contours.on

    def toggleOutline(self) -> None:
        """Show or hide the outline of the mask."""
        if self.series is not None:
            node = self.series.mask_node
            node.SetDisplayVisibility(not node.GetDisplayVisibility())

    def onContours(self, on: bool) -> None:
        if not on or self.series is None:
            self.contours.hide()
            return
        self.ui.paintButton.checked = False
        self._showContours()

    def onPaint(self, on: bool) -> None:
        """Show the Segment Editor, or fold it away, as it widens the panel."""
        self.ui.segmentEditorHolder.visible = on
        for name in ("limitEditingCheckBox", "editingLimitSliderWidget"):
            getattr(self.ui, name).visible = on
        self.ui.editingLimitSliderWidgetCaption.visible = on
        if on:
            self.ui.contoursButton.checked = False
        else:
            self.editor.setActiveEffect(None)
        self.panel.views.fitLater()

    def onContoursChanged(self) -> None:
        self.say("")
        self.panel.requestUpdate()
        self.panel.requestFlow()

    def onBackToAutomatic(self) -> None:
        self.series.back_to_automatic(self.series.frame)
        self._stepped("")

    def onCopyToNext(self) -> None:
        self.series.copy_to_next(self.series.frame)
        self._stepped("")

    def onApplyToAll(self) -> None:
        """Measure how the heart moved, then let this frame serve the series; or cancel that."""
        if self.motion.busy:
            self.motion.stop()
            self.say(_("Cancelled; no frame was changed."))
            return
        series, frame = self.series, self.series.frame
        job = MotionJob(series.series(), series.segmentation().masks)
        over = self.parameters.reviewedToo
        waiting = Waiting(
            lambda step: self.say(f"{step}..."),
            lambda motion: self.onMotion(series, frame, motion, over),
            self.say,
        )
        self.motion.start(job, waiting)
        self.say(_("Measuring how the heart moved..."))

    def onMotion(self, series, frame: int, motion, over: bool) -> None:
        with explaining(_("The correction could not be applied to all frames.")):
            self.panel.check(series)
            changed = series.apply_to_all(frame, motion.shifts, reviewed_too=over)
            said = _("Changed: {frames}. 'Undo step' takes it back.")
            none = _("No other frame could be changed: all are corrected or accepted.")
            self._stepped(said.format(frames=numbered("frame", changed)) if changed else none)
            self.panel.requestFlow(series)

    def onUndoStep(self) -> None:
        what, frames = self.series.last_step, self.series.undo_step()
        kept = _("Nothing was undone: the frames were corrected after that step.")
        said = _("Taken back: '{what}' in {frames}.").format(
            what=what, frames=numbered("frame", frames)
        )
        self._stepped(said if frames else kept)

    def onLoadMasks(self) -> None:
        """Take masks that were drawn elsewhere."""
        kinds = _("Masks (*.nii *.nii.gz *.nrrd *.nhdr *.mha *.mhd *.dcm);;All files (*)")
        folder = str(qt.QSettings().value("ASLMyoSeg/SeriesFolder") or "")
        path = qt.QFileDialog.getOpenFileName(None, _("Load masks"), folder, kinds)
        if path:
            self.loadMasks(path)

    def loadMasks(self, path: str) -> None:
        """Take the masks of a file or a folder of DICOM objects as corrections."""
        with explaining(_("The masks cannot be used.")):
            self.series.take_masks(read_masks(path, self.series.series()))
            self._stepped(_("Masks loaded; they count as corrected. 'Undo step' takes them back."))

    def say(self, message: str) -> None:
        self._said = message
        self.update()

    def _stepped(self, message: str) -> None:
        self._said = message
        self.panel.update()
        self.panel.requestFlow()

    def _showContours(self) -> None:
        if not self.contours.show(self.series):
            self.ui.correctLabel.text = _("This frame has no mask that contours could follow.")

    def _bind(self, node) -> None:
        """In this order, as the editor keeps its first choices in its parameter node."""
        self.editor.setMRMLSegmentEditorNode(node)
        self.editor.setMRMLScene(slicer.mrmlScene)

    def _editorNode(self):
        """The editor's parameter node: one of our own, so that Segment Editor keeps its choices."""
        node = slicer.mrmlScene.GetSingletonNode("ASLMyoSeg", "vtkMRMLSegmentEditorNode")
        if node is None:
            node = slicer.vtkMRMLSegmentEditorNode()
            node.SetSingletonTag("ASLMyoSeg")
            node = slicer.mrmlScene.AddNode(node)
        return node
