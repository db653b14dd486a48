"""RV insertion points as Slicer's markups: two a slice, called anterior and inferior."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import SceneError, SeriesError
from ..series import Geometry, RVInsertion
from . import nodes
from .mrml import ROLE, slicer, vtk

NAMES = ("anterior", "inferior")
COLOUR = (1.0, 0.45, 0.9)
CLOSEST = 1.0
"""Pixels between the two points of a slice, below which they fix no rotation."""


def add_node(scene: Any, name: str, slices: int) -> Any:
    """A markups node whose points have names but no positions yet: they wait to be placed."""
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
    node.SetAttribute(ROLE, "landmarks")
    for _ in range(slices):
        for label in NAMES:
            node.AddControlPoint(vtk.vtkVector3d(0.0, 0.0, 0.0), label)
    for index in range(node.GetNumberOfControlPoints()):
        node.UnsetNthControlPointPosition(index)
    node.SetFixedNumberOfControlPoints(True)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetVisibility3D(False)  # the only 3D view of ours is the bullseye's
    display.SetSelectedColor(*COLOUR)
    display.SetColor(*COLOUR)
    display.SetGlyphScale(2.0)
    display.SetTextScale(3.0)
    return node


def start_placing(node: Any) -> None:
    """Let clicks in slice views place the points that have no position, in order.

    Raises:
        SceneError: where all points are placed already, or there is nothing to place them with.
    """
    scene = node.GetScene()
    if scene is None:
        raise SceneError("The RV insertions were deleted from the scene; place them again.")
    if not node.GetNumberOfUndefinedControlPoints():
        raise SceneError("All RV insertions are placed; drag them, or clear them to start anew.")
    place_by_clicks(node, persistently=True)


def place_by_clicks(node: Any, *, persistently: bool) -> None:
    """Let clicks in slice views place the points of a node that have no position, in order.

    Args:
        node: vtkMRMLMarkupsFiducialNode, in a scene.
        persistently: until somebody ends it, or one click only.

    Raises:
        SceneError: where there is nothing to place them with.
    """
    scene = node.GetScene()
    selection = scene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
    interaction = scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    if selection is None or interaction is None:
        raise SceneError("This scene belongs to no application in which points could be placed.")
    selection.SetReferenceActivePlaceNodeClassName("vtkMRMLMarkupsFiducialNode")
    selection.SetActivePlaceNodeID(node.GetID())
    interaction.SetPlaceModePersistence(int(persistently))
    interaction.SetCurrentInteractionMode(interaction.Place)


def clear(node: Any) -> None:
    """Take the positions away; the points wait to be placed again."""
    node.UnsetAllControlPoints()


def set_points(node: Any, points: RVInsertion, geometry: Geometry) -> None:
    """Place all points of a node that `add_node` made."""
    for offset, name in enumerate(NAMES):
        for k, position in enumerate(nodes.points_in_ras(getattr(points, name), geometry)):
            node.SetNthControlPointPositionWorld(2 * k + offset, *position)


def points_of(
    node: Any, geometry: Geometry, shape: tuple[int, ...], where: str
) -> RVInsertion | None:
    """The points in pixels; None as long as some wait to be placed.

    A point belongs to the slice that it lies nearest to, whatever its order.

    Args:
        node: vtkMRMLMarkupsFiducialNode.
        geometry: of the images.
        shape: (slice, y, x).
        where: begins the message of an error.

    Raises:
        SeriesError: where points were deleted, renamed or placed so that they mean nothing.
    """
    count = node.GetNumberOfControlPoints()
    placed = [
        i
        for i in range(count)
        if node.GetNthControlPointPositionStatus(i) == slicer.vtkMRMLMarkupsNode.PositionDefined
    ]
    if len(placed) < count or not count:
        return None
    found: dict[str, dict[int, np.ndarray]] = {name: {} for name in NAMES}
    for index in placed:
        label, position = node.GetNthControlPointLabel(index), [0.0, 0.0, 0.0]
        node.GetNthControlPointPositionWorld(index, position)
        at, *pixel = nodes.points_in_pixels(np.array([position]), geometry)[0]
        if label in found:
            found[label][int(np.clip(np.rint(at), 0, shape[0] - 1))] = np.array(pixel)
    if count != 2 * shape[0] or any(len(points) != shape[0] for points in found.values()):
        raise SeriesError(
            f"{where}: RV insertions need one 'anterior' and one 'inferior' point per slice."
        )
    points = RVInsertion(
        **{name: np.array([at[k] for k in range(shape[0])]) for name, at in found.items()}
    )
    apart = np.hypot(*(points.anterior - points.inferior).T)
    if (apart < CLOSEST).any():
        raise SeriesError(
            f"{where}: the RV insertions of slice {int(apart.argmin())} lie on one another; drag "
            "one to where the right ventricle meets the left."
        )
    return points
