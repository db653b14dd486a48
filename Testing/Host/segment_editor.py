"""Stand-in of Slicer's Segment Editor widget: few buttons, but the real logic with its undo."""

from __future__ import annotations

from typing import Any

import slicer
from PySide6.QtCore import Property
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from .mrml_widgets import qMRMLWidget


class qMRMLSegmentEditorWidget(qMRMLWidget):
    """Slicer's editor of segments: what it is bound to, its undo, and the names of its effects."""

    EFFECTS = ("Threshold", "Paint", "Draw", "Erase", "Level tracing", "Smoothing", "Islands")

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parameters: Any = None
        self._observing = False
        self._logic = slicer.vtkSlicerSegmentEditorLogic()
        self._logic.SetMRMLScene(slicer.mrmlScene)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(QLabel("Slicer's Segment Editor (stand-in of the test host)"))
        grid = QGridLayout()
        for number, effect in enumerate(self.EFFECTS):
            button = QToolButton()
            button.setText(effect)
            grid.addWidget(button, number // 4, number % 4)
        column.addLayout(grid)
        segments = QFrame()
        segments.setObjectName("SegmentsTableResizableFrame")
        segments.setMinimumHeight(160)
        column.addWidget(segments)

    def setMRMLSegmentEditorNode(self, node: Any) -> None:
        self._parameters = node
        self._logic.SetSegmentEditorNode(node)

    def mrmlSegmentEditorNode(self) -> Any:
        return self._parameters

    def setSegmentationNode(self, node: Any) -> None:
        if self._parameters is not None:
            self._parameters.SetAndObserveSegmentationNode(node)

    def segmentationNode(self) -> Any:
        return self._parameters.GetSegmentationNode() if self._parameters else None

    def setSourceVolumeNode(self, node: Any) -> None:
        if self._parameters is not None:
            self._parameters.SetAndObserveSourceVolumeNode(node)

    def sourceVolumeNode(self) -> Any:
        return self._parameters.GetSourceVolumeNode() if self._parameters else None

    def setCurrentSegmentID(self, segment: str) -> None:
        self._parameters.SetSelectedSegmentID(segment)

    def activeEffect(self) -> Any:
        return (self._parameters.GetActiveEffectName() or None) if self._parameters else None

    def setActiveEffect(self, effect: Any) -> None:
        if self._parameters is not None:
            self._parameters.SetActiveEffectName("")

    def setActiveEffectByName(self, name: str) -> None:
        self._parameters.SetActiveEffectName(name)

    def updateWidgetFromMRML(self) -> None:
        """The real widget shows what its node holds."""

    def setEffectNameOrder(self, names: Any) -> None:
        """The real widget shows its effects in this order."""

    def updateEffectList(self) -> None:
        """The real widget lists effects that were registered after it was made."""

    def setupViewObservations(self) -> None:
        self._observing = True

    def removeViewObservations(self) -> None:
        self._observing = False

    def installKeyboardShortcuts(self) -> None:
        """The real widget listens to the main window's keys."""

    def uninstallKeyboardShortcuts(self) -> None:
        """The real widget stops listening."""

    def saveStateForUndo(self) -> None:
        self._logic.SaveStateForUndo()

    def undo(self) -> None:
        self._logic.Undo()

    def redo(self) -> None:
        self._logic.Redo()

    def _flag() -> Property:
        return Property(bool, lambda self: True, lambda self, value: None)

    segmentationNodeSelectorVisible = _flag()
    sourceVolumeNodeSelectorVisible = _flag()
    maskingSectionVisible = _flag()
    specifyGeometryButtonVisible = _flag()
    show3DButtonVisible = _flag()
    addRemoveSegmentButtonsVisible = _flag()
    switchToSegmentationsButtonVisible = _flag()
    autoShowSourceVolumeNode = _flag()
    jumpToSelectedSegmentEnabled = _flag()
    undoEnabled = _flag()
    unorderedEffectsVisible = _flag()
    maximumNumberOfUndoStates = Property(
        int,
        lambda self: self._logic.GetMaximumNumberOfUndoStates(),
        lambda self, value: self._logic.SetMaximumNumberOfUndoStates(value),
    )
    effectColumnCount = Property(int, lambda self: 2, lambda self, value: None)
