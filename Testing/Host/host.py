"""The `Host`: puts the stand-ins in place, and opens the module's panel."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import slicer
from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication, QVBoxLayout

from . import (
    ctk_widgets,
    hierarchy,
    mrml_widgets,
    parameters,
    pythonqt,
    scripted,
    segment_editor,
)
from .application import Application
from .pythonqt import QtObject
from .window import MainWindow

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "ASLMyoSeg" / "ASLMyoSeg.py"
LOGICS = {
    "colors": "vtkMRMLColorLogic",
    "volumes": "vtkSlicerVolumesLogic",
    "tables": "vtkSlicerTablesLogic",
    "markups": "vtkSlicerMarkupsLogic",
    "segmentations": "vtkSlicerSegmentationsModuleLogic",
    "sequences": "vtkSlicerSequencesLogic",
}
"""Modules of Slicer whose logic is real here."""


class Host:
    """A Slicer without its windows, holding one panel.

    Args of `Host`: `module`, the file that Slicer would load.

    >>> with Host() as host:
    ...     panel = host.open_panel()
    ...     panel.ui.sampleDataButton.click()
    ...     host.wait_until(lambda: panel.series is not None)
    """

    def __init__(self, module: Path = MODULE) -> None:
        self.module_file = module

    def __enter__(self) -> Host:
        self.qt = QApplication.instance() or QApplication([])
        self._folder = tempfile.TemporaryDirectory(prefix="host ")  # a space, as people have them
        self.home = Path(self._folder.name)
        (self.home / "bin").mkdir()
        python = self.home / "bin" / "PythonSlicer"
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        self.qt.setOrganizationName("host")
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(
            QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(self.home / "settings")
        )
        pythonqt.errors.clear()
        self._modules_before = dict(sys.modules)
        self.window = MainWindow()
        self._put_in_place()
        self.panel: Any = None
        return self

    def __exit__(self, *_: object) -> None:
        if self.panel is not None:
            self.panel.cleanup()
            self.panel.parent.deleteLater()
        self.window.close()
        self.window.deleteLater()
        self.process_events()
        slicer.mrmlScene.Clear(False)
        self._restore_modules()
        self._folder.cleanup()

    def _restore_modules(self) -> None:
        """Forget the panel, and a library that was reloaded: others hold the one before."""
        library = "ASLMyoSegLib"
        reloaded = sys.modules.get(library) is not self._modules_before.get(library)
        gone = ["ASLMyoSeg", "ASLMyoSegPanel", "qt", "ctk", "SampleData"]
        gone += [library] if reloaded else []
        for name in list(sys.modules):
            if name.partition(".")[0] in gone:
                del sys.modules[name]
                if name in self._modules_before:
                    sys.modules[name] = self._modules_before[name]

    def open_panel(self) -> Any:
        """Register the module, start up, and enter the panel; returns the module's widget."""
        spec = importlib.util.spec_from_file_location("ASLMyoSeg", self.module_file)
        module = importlib.util.module_from_spec(spec)
        sys.modules["ASLMyoSeg"] = module
        sys.path.insert(0, str(self.module_file.parent))
        with _loadable_modules_absent():
            spec.loader.exec_module(module)
        parent = types.SimpleNamespace(path=str(self.module_file))
        self.module = module.ASLMyoSeg(parent)
        slicer.modules.aslmyoseg = types.SimpleNamespace(
            path=str(self.module_file),
            widgetRepresentation=lambda: self._parent,
        )
        slicer.app._native.startupCompleted.emit()
        top = mrml_widgets.qMRMLWidget()
        top.setLayout(QVBoxLayout())
        self.window.hold(top)
        self._parent = _ModuleWidget(top, self)
        return self.make_panel()

    def make_panel(self) -> Any:
        """Make the module's widget from its class as it is loaded now."""
        self.panel = sys.modules["ASLMyoSeg"].ASLMyoSegWidget(self._parent)
        slicer.modules.ASLMyoSegWidget = self.panel
        self.panel.setup()
        self._parent.isEntered = True
        self.panel.enter()
        self.process_events()
        return self.panel

    def process_events(self) -> None:
        self.qt.processEvents()

    def wait_until(self, condition: Callable[[], bool], seconds: float = 120) -> None:
        """Let the window live until something is so."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"not so within {seconds} s; errors: {self.errors}")
            self.process_events()
            time.sleep(0.005)

    @property
    def errors(self) -> list[str]:
        """Tracebacks that a real Slicer would have in its log."""
        return pythonqt.errors

    def _put_in_place(self) -> None:
        widgets = {
            name: kind
            for space in (ctk_widgets, mrml_widgets, segment_editor)
            for name, kind in vars(space).items()
            if name.startswith(("ctk", "qMRML", "qSlicer"))
        }
        pythonqt.widget_classes.update(widgets)
        sys.modules["qt"] = pythonqt.QtModule("qt")
        sys.modules["ctk"] = types.ModuleType("ctk")
        for name, kind in widgets.items():
            space = sys.modules["ctk"] if name.startswith("ctk") else slicer
            setattr(space, name, pythonqt.QtClass(kind))
        sys.modules["slicer.parameterNodeWrapper"] = parameters.as_module()
        sys.modules.update(scripted.as_modules())
        slicer.modules = types.SimpleNamespace()
        slicer.qSlicerScriptedLoadableModuleWidget = _ModuleWidget
        slicer.selfTests = {}
        slicer.mrmlScene = slicer.vtkMRMLScene()
        cache, manager = slicer.vtkCacheManager(), slicer.vtkDataIOManager()
        cache.SetRemoteCacheDirectory(str(self.home))
        manager.SetCacheManager(cache)
        slicer.mrmlScene.SetCacheManager(cache)
        slicer.mrmlScene.SetDataIOManager(manager)
        application_logic = slicer.vtkSlicerApplicationLogic()
        application_logic.SetMRMLScene(slicer.mrmlScene)
        for name, kind in LOGICS.items():
            logic = getattr(slicer, kind)()
            logic.SetMRMLApplicationLogic(application_logic)
            logic.SetMRMLScene(slicer.mrmlScene)
            application_logic.SetModuleLogic(name.capitalize(), logic)
            holder = types.SimpleNamespace(logic=lambda logic=logic: logic)
            setattr(slicer.modules, name, holder)
        self.tool_bar_browser: Any = None
        slicer.modules.sequences.setToolBarActiveBrowserNode = self._set_tool_bar_browser
        slicer.mrmlScene.AddObserver(
            slicer.mrmlScene.EndImportEvent,
            lambda *_: QTimer.singleShot(0, self._take_last_browser),
        )
        hierarchy.observe(slicer.mrmlScene)
        # The logic that registers legends wants a whole application about it.
        slicer.mrmlScene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())
        slicer.app = QtObject(Application(self.home, application_logic, self.window))

    def _set_tool_bar_browser(self, browser: Any) -> None:
        self.tool_bar_browser = browser

    def _take_last_browser(self) -> None:
        """As the tool bar does once a scene was read."""
        for browser in slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode"):
            self.tool_bar_browser = browser


class _ModuleWidget:
    """A module's `widgetRepresentation()`: a qMRMLWidget that knows the module's Python widget."""

    def __init__(self, native: mrml_widgets.qMRMLWidget, host: Host) -> None:
        self._native, self._host = native, host
        self.isEntered = False
        self.reload = host.make_panel
        self.self = lambda: host.panel

    def __getattr__(self, name: str) -> Any:
        return getattr(QtObject(self._native), name)


@contextlib.contextmanager
def _loadable_modules_absent() -> Iterator[None]:
    """As Slicer loads modules by name, one at a time, "ASLMyoSeg" comes before all others: what
    these add to `slicer` isn't there yet when its file is executed."""
    later = {
        name: thing
        for name, thing in vars(slicer).items()
        if re.search(r"\.vtkSlicer\w+Module\w+$", getattr(thing, "__module__", "") or "")
    }
    for name in later:
        delattr(slicer, name)
    try:
        yield
    finally:
        for name, thing in later.items():
            setattr(slicer, name, thing)
