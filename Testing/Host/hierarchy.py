"""What Slicer's subject hierarchy does whenever nodes come and go, on its real node."""

from __future__ import annotations

from typing import Any

import slicer
import vtk

SHOWN = (
    "vtkMRMLMarkupsNode",
    "vtkMRMLModelNode",
    "vtkMRMLScalarVolumeNode",
    "vtkMRMLSegmentationNode",
    "vtkMRMLTableNode",
)
"""Nodes that one of its plugins takes; sequences and their browsers have no items."""


def tree(scene: Any) -> Any:
    """The scene's vtkMRMLSubjectHierarchyNode."""
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def observe(scene: Any) -> None:
    """Give nodes items from now on, and take them away with the nodes."""
    scene.AddObserver(scene.NodeAddedEvent, _added)
    scene.AddObserver(scene.NodeAboutToBeRemovedEvent, _removed)
    scene.AddObserver(scene.EndImportEvent, _imported)
    scene.AddObserver(scene.EndBatchProcessEvent, _imported)


def delete(node: Any) -> None:
    """What Delete does in the Data module: of a segmentation, the items of its segments go first,
    and their plugin removes the segments."""
    if node.IsA("vtkMRMLSegmentationNode"):
        node.GetSegmentation().RemoveAllSegments()
    node.GetScene().RemoveNode(node)


@vtk.calldata_type(vtk.VTK_OBJECT)
def _added(scene: Any, _event: str, node: Any) -> None:
    if not scene.IsImporting():
        _add(scene, node)


@vtk.calldata_type(vtk.VTK_OBJECT)
def _removed(scene: Any, _event: str, node: Any) -> None:
    if not scene.IsClosing() and not node.IsA("vtkMRMLSubjectHierarchyNode"):
        item = tree(scene).GetItemByDataNode(node)
        if item:
            tree(scene).RemoveItem(item, False, False)


def _imported(scene: Any, _event: str) -> None:
    if scene is None or scene.GetStates():
        return
    slicer.vtkMRMLSubjectHierarchyNode.ResolveSubjectHierarchy(scene)  # what was saved
    for index in range(scene.GetNumberOfNodes()):
        _add(scene, scene.GetNthNode(index))


def _add(scene: Any, node: Any) -> None:
    seen = any(node.IsA(kind) for kind in SHOWN) and not node.GetHideFromEditors()
    if seen and not tree(scene).GetItemByDataNode(node):
        tree(scene).CreateItem(tree(scene).GetSceneItemID(), node)
