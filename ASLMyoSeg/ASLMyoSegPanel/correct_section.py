"""Section 4: Slicer's own Segment Editor on the mask of the frame that is shown."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _

from ASLMyoSegLib.scene import editing

from .section import Section

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
        ui.segmentEditorHolder.layout().addWidget(self.editor)
        ui.backToAutomaticButton.connect("clicked()", self.onBackToAutomatic)
        ui.copyToNextButton.connect("clicked()", self.onCopyToNext)

    def update(self) -> None:
        ui, series = self.ui, self.series
        self.editor.enabled = series is not None
        ui.backToAutomaticButton.enabled = series is not None and series.segmented
        last = series is None or series.frame + 1 >= len(series.rows())
        ui.copyToNextButton.enabled = not last
        if series is None:
            ui.correctFrameLabel.text = ""
            return
        row = series.rows()[series.frame]
        ui.correctFrameLabel.text = _("Frame {frame}, {kind}: {status}").format(
            frame=row.frame, kind=row.volume_type, status=row.status
        )
        parameters = self.parameters
        ui.editingLimitSliderWidget.enabled = parameters.limitEditing
        node = self._editorNode()
        if self.editor.mrmlSegmentEditorNode() is not node:
            self._bind(node)
        limit = parameters.editingLimit if parameters.limitEditing else None
        editing.bind_editor(series, node, limit)

    def enter(self) -> None:
        if self.editor.mrmlSegmentEditorNode() is not None:
            self.editor.setupViewObservations()
        self.editor.installKeyboardShortcuts()

    def leave(self) -> None:
        self.editor.setActiveEffect(None)
        self.editor.uninstallKeyboardShortcuts()
        self.editor.removeViewObservations()

    def release(self) -> None:
        """Let go of the editor's node, which the panel after a reload edits with."""
        self.editor.setMRMLSegmentEditorNode(None)
        self.editor.setMRMLScene(None)

    @property
    def editing(self) -> bool:
        """Whether an effect is active, so that clicks in the views are its own."""
        return self.editor.activeEffect() is not None

    def onBackToAutomatic(self) -> None:
        self.series.back_to_automatic(self.series.frame)
        self.panel.update()
        self.panel.requestFlow()

    def onCopyToNext(self) -> None:
        self.series.copy_to_next(self.series.frame)
        self.panel.update()
        self.panel.requestFlow()

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
