"""In place of the base classes of scripted modules, and of what these import beside them."""

from __future__ import annotations

import types
import unittest
from pathlib import Path
from typing import Any

import slicer


class ScriptedLoadableModule:
    def __init__(self, parent: Any) -> None:
        self.parent = parent
        self.moduleName = type(self).__name__

    def resourcePath(self, name: str) -> str:
        return str(Path(self.parent.path).parent / "Resources" / name)


class ScriptedLoadableModuleWidget:
    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.developerMode = False
        self.parent = parent
        self.layout = parent.layout()

    def setup(self) -> None:
        """The real one adds Reload and Test in developer mode."""

    def onReload(self) -> None:
        slicer.util.reloadScriptedModule(self.moduleName)

    def resourcePath(self, name: str) -> str:
        path = slicer.util.modulePath(self.moduleName)
        return str(Path(path).parent / "Resources" / name)


class ScriptedLoadableModuleLogic:
    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Logic")

    def getParameterNode(self) -> Any:
        node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = slicer.vtkMRMLScriptedModuleNode()
            node.SetSingletonTag(self.moduleName)
            node.SetName(self.moduleName)
            node = slicer.mrmlScene.AddNode(node)
        node.SetAttribute("ModuleName", self.moduleName)
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    messageDelay = 0

    def delayDisplay(self, message: str, requestedDelay: int | None = None) -> None:
        print(message)


class SampleDataLogic:
    """`SampleData.SampleDataLogic`, which remembers what was registered."""

    sources: list[dict[str, Any]] = []  # noqa: RUF012

    @classmethod
    def registerCustomSampleDataSource(cls, **source: Any) -> None:
        cls.sources.append(source)


def as_modules() -> dict[str, types.ModuleType]:
    """What a scripted module imports, by name; no sample data is registered yet."""
    SampleDataLogic.sources.clear()
    bases = (
        ScriptedLoadableModule,
        ScriptedLoadableModuleWidget,
        ScriptedLoadableModuleLogic,
        ScriptedLoadableModuleTest,
    )
    content = {
        "slicer.i18n": {"tr": str, "translate": lambda _, text: text},
        "slicer.ScriptedLoadableModule": {kind.__name__: kind for kind in bases},
        "SampleData": {"SampleDataLogic": SampleDataLogic},
    }
    return {name: _module(name, **things) for name, things in content.items()}


def _module(name: str, **content: Any) -> types.ModuleType:
    module = types.ModuleType(name)
    vars(module).update(content)
    module.__all__ = list(content)
    return module
