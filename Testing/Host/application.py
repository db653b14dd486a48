"""In place of `slicer.app`: the application, its layout manager and the views of that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
import vtk
from PySide6.QtCore import Property, QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from . import pythonqt
from .pythonqt import QtObject


class Application(QObject):
    """`slicer.app`, as far as the panel and `slicer.util` call it."""

    startupCompleted = Signal()

    def __init__(self, home: Path, logic: Any, window: QWidget) -> None:
        super().__init__()
        self._home, self._logic, self._window = str(home), logic, window
        self._layouts = LayoutManager()

    slicerHome = Property(str, lambda self: self._home)
    temporaryPath = Property(str, lambda self: self._home)
    applicationName = Property(str, lambda self: "Slicer")

    def applicationLogic(self) -> Any:
        return self._logic

    def layoutManager(self) -> LayoutManager:
        return self._layouts

    def testingEnabled(self) -> bool:
        return True

    def processEvents(self) -> None:
        QApplication.processEvents()

    def topLevelWidgets(self) -> list:
        return [self._window]

    def restoreOverrideCursor(self) -> None:
        QApplication.restoreOverrideCursor()

    def setOverrideCursor(self, cursor: Any) -> None:
        QApplication.setOverrideCursor(pythonqt.native_of(cursor))

    def moduleManager(self) -> QtObject:
        return QtObject(_ModuleManager(self))


class _ModuleManager(QObject):
    moduleAboutToBeUnloaded = Signal(str)

    def module(self, name: str) -> Any:
        return getattr(slicer.modules, name.lower())


class LayoutManager(QObject):
    """Sets the layout node; there are 3D views that draw nothing, and no slice views."""

    layoutChanged = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLScene(slicer.mrmlScene)
        self._views: list[ThreeDWidget] = []

    def layoutLogic(self) -> Any:
        return self._logic

    def setLayout(self, layout: int) -> None:
        self._logic.GetLayoutNode().SetViewArrangement(layout)
        self.layoutChanged.emit(layout)

    def sliceViewNames(self) -> list[str]:
        return []

    def mrmlSliceLogics(self) -> Any:
        return vtk.vtkCollection()

    def _count(self) -> int:
        known = [view.mrmlViewNode() for view in self._views]
        nodes = slicer.util.getNodesByClass("vtkMRMLViewNode")
        self._views += [ThreeDWidget(node) for node in nodes if node not in known]
        return len(self._views)

    threeDViewCount = Property(int, _count)

    def threeDWidget(self, number: int) -> ThreeDWidget:
        return self._views[number]


class ThreeDWidget:
    """A 3D view and its widget in one: a window that is never opened."""

    def __init__(self, node: Any) -> None:
        self._node = node
        self._window = vtk.vtkRenderWindow()
        self._window.SetMultiSamples(0)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._window.SetMultiSamples(0))

    def threeDView(self) -> ThreeDWidget:
        return self

    def mrmlViewNode(self) -> Any:
        return self._node

    def renderWindow(self) -> Any:
        return self._window

    def interactor(self) -> Any:
        return self._interactor
