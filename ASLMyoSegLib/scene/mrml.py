"""A private MRML scene that knows the nodes we use, in Slicer and with the `slicer-core` wheel."""

from __future__ import annotations

import tempfile
from typing import Any

from ..errors import ASLMyoSegError

try:
    import slicer
    import vtk
except ImportError as error:
    raise ASLMyoSegError(
        "scenes need Slicer's MRML, which is not here: pip install 'aslmyoseg[mrml]' (Python 3.11 "
        "or newer), or work inside Slicer."
    ) from error

ROLE = "ASLMyoSeg.role"
"""Attribute by which our nodes are known again, in whatever scene they come back."""

LOGICS = (
    "vtkSlicerApplicationLogic",
    "vtkSlicerVolumesLogic",
    "vtkSlicerTablesLogic",
    "vtkSlicerMarkupsLogic",
    "vtkSlicerSegmentationsModuleLogic",
    "vtkSlicerSequencesLogic",
)
"""Each registers its module's node classes with a scene."""


class PrivateScene:
    """A scene of our own: what the user has loaded stays untouched.

    >>> with PrivateScene() as scene:
    ...     table = scene.add("vtkMRMLTableNode", "Frames")
    """

    def __enter__(self) -> PrivateScene:
        self.scene = slicer.vtkMRMLScene()
        # Bundles are unpacked in the cache's folder, so the scene gets one that goes with it.
        self._folder = tempfile.TemporaryDirectory(prefix="aslmyoseg-")
        cache, manager = slicer.vtkCacheManager(), slicer.vtkDataIOManager()
        cache.SetRemoteCacheDirectory(self._folder.name)
        manager.SetCacheManager(cache)
        self.scene.SetCacheManager(cache)
        self.scene.SetDataIOManager(manager)
        self._logics = []
        for name in LOGICS:
            if hasattr(slicer, name):
                logic = getattr(slicer, name)()
                logic.SetMRMLScene(self.scene)
                self._logics.append(logic)
        # The logic that registers legends wants a whole application about it.
        self.scene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())
        return self

    def __exit__(self, *_: object) -> None:
        self.scene.Clear(True)
        # Told that the scene is gone, the segmentations' logic would look for nodes in it and warn.
        while self._logics:
            self._logics.pop()
        self._folder.cleanup()

    def add(self, kind: str, name: str) -> Any:
        """A new node of a class in the scene."""
        return self.scene.AddNewNodeByClass(kind, name)

    def nodes(self, kind: str) -> list[Any]:
        """Every node of a class, in order."""
        return nodes_of(self.scene, kind)


def nodes_of(scene: Any, kind: str, role: str | None = None) -> list[Any]:
    """Every node of a class, in order; with a role, only those of our own that play it."""
    count = scene.GetNumberOfNodesByClass(kind)
    found = [scene.GetNthNodeByClass(i, kind) for i in range(count)]
    return [n for n in found if role is None or n.GetAttribute(ROLE) == role]


def add_drawing(scene: Any, role: str, name: str) -> Any:
    """A model that is no data: it plays a role, has nothing in it yet, and is in no list of nodes.

    It is hidden before it is added: the Data module lists what is not hidden then.
    """
    model = slicer.vtkMRMLModelNode()
    model.SetName(name)
    model.SetAttribute(ROLE, role)
    model.SetSelectable(False)
    model.SetHideFromEditors(True)
    model = scene.AddNode(model)
    model.SetAndObservePolyData(vtk.vtkPolyData())
    model.CreateDefaultDisplayNodes()
    return model


def only_model(scene: Any, role: str) -> Any | None:
    """The model that plays a role; those that came with another scene, drawn alike, go."""
    first, *others = nodes_of(scene, "vtkMRMLModelNode", role) or [None]
    for node in others:
        scene.RemoveNode(node)
    return first


__all__ = ["ROLE", "PrivateScene", "add_drawing", "nodes_of", "only_model", "slicer", "vtk"]
