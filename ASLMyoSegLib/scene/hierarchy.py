"""A folder of the subject hierarchy for each series, as the Data module shows it.

Slicer gives volumes, segmentations, tables and markups an item each, and sequences none. Where it
gives nodes no items, as in the scenes that the command writes, there is no folder either; Slicer
makes both when it has opened such a scene.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from .mrml import nodes_of, slicer, vtk
from .sequences import BROWSED, MADE

UID = "ASLMyoSeg"
"""Kind of the folders' identifiers, and the attribute by which a series' nodes have them too."""


def gather(one: Any) -> None:
    """Put the nodes of a `SeriesNodes` that people can see into its folder, made where it has none.

    What somebody has put elsewhere stays there.
    """
    hierarchy = one.scene.GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")
    if hierarchy is None:  # the scene is in no application
        return
    items = [item for n in _seen(one) if (item := hierarchy.GetItemByDataNode(n))]
    if not items:
        return
    top = hierarchy.GetSceneItemID()
    folder = _folder(hierarchy, one.browser)
    if not folder and _mark(one.browser) is None:
        image = hierarchy.GetItemByDataNode(one.image_node)
        above = hierarchy.GetItemParent(image) if image else top  # a study, where it is DICOM
        folder = hierarchy.CreateFolderItem(above, one.shown)
        mark = str(uuid.uuid4())
        hierarchy.SetItemUID(folder, UID, mark)
        one.browser.SetAttribute(UID, mark)
        for node in _own(one):
            node.SetAttribute(UID, mark)
        if image:
            hierarchy.SetItemParent(image, folder)
    if folder:
        for item in items:
            if hierarchy.GetItemParent(item) == top:
                hierarchy.SetItemParent(item, folder)


def tidy(scene: Any) -> None:
    """Remove what is left of series whose folders were deleted in the Data module, and folders of
    which everything else was deleted.

    Deleting a folder deletes the tables, landmarks and what is shown; sequences have no items.
    Images that were loaded by others stay.
    """
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    series = nodes_of(scene, "vtkMRMLSequenceBrowserNode", "series")
    for browser in series:
        without_table = browser.GetNodeReference("ASLMyoSeg.frames") is None
        mark = _mark(browser)
        if mark is not None and without_table and not _folder(hierarchy, browser):
            _remove(scene, browser, mark)
    in_use = {_mark(browser) for browser in series if browser.GetScene() is scene}
    for folder in _folders(hierarchy):
        if hierarchy.GetItemUID(folder, UID) in in_use or hierarchy.GetNumberOfItemChildren(folder):
            continue
        hierarchy.RemoveItem(folder)


def _seen(one: Any) -> Iterator[Any]:
    for sequence in _parts(one, *BROWSED):
        proxy = one.browser.GetProxyNode(sequence)
        if proxy is not None:
            yield proxy
    yield from _parts(one, "frames", "flow", "landmarks", "heart")


def _parts(one: Any, *roles: str) -> list[Any]:
    """What a series refers to and nobody has deleted."""
    found = (one.browser.GetNodeReference(f"ASLMyoSeg.{role}") for role in roles)
    return [node for node in found if node is not None]


def _own(one: Any) -> Iterator[Any]:
    """Sequences that this module made: images may have been loaded by another one."""
    yield from _parts(one, "masks", "uncertainty", "probability")
    yield from (images for images in _parts(one, "images") if images.GetAttribute(MADE))


def _remove(scene: Any, browser: Any, mark: str) -> None:
    """Remove the sequences that were made for a series, and the browser, unless other images are
    what it browses."""
    for sequence in nodes_of(scene, "vtkMRMLSequenceNode"):
        if _mark(sequence) == mark:
            proxy = browser.GetProxyNode(sequence)
            if browser.IsSynchronizedSequenceNode(sequence, True):
                browser.RemoveSynchronizedSequenceNode(sequence.GetID())
            for node in (proxy, sequence):
                if node is not None and node.GetScene() is scene:
                    scene.RemoveNode(node)
    if browser.GetMasterSequenceNode() is None:
        scene.RemoveNode(browser)
    else:
        for name in [n for n in browser.GetAttributeNames() if n.startswith(UID)]:
            browser.RemoveAttribute(name)


def _mark(node: Any) -> str | None:
    return node.GetAttribute(UID)


def _folder(hierarchy: Any, browser: Any) -> int:
    """Item of the folder; 0 where it was deleted, or never made."""
    mark = _mark(browser)
    return hierarchy.GetItemByUID(UID, mark) if mark else 0


def _folders(hierarchy: Any) -> list[int]:
    items = vtk.vtkIdList()
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), items, True)
    every = [items.GetId(k) for k in range(items.GetNumberOfIds())]
    return [item for item in every if hierarchy.GetItemUID(item, UID)]
