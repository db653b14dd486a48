"""Where a person says that the heart is: one faint point in the slice views."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..run.heart import Place
from . import hierarchy, nodes
from .landmarks import place_by_clicks
from .mrml import ROLE, slicer, vtk

KIND = "vtkMRMLMarkupsFiducialNode"
COLOUR = (0.45, 0.9, 1.0)
FAINT = 0.5
"""Opacity."""


def point_of(one: Any) -> Any | None:
    """The point of a series, vtkMRMLMarkupsFiducialNode; None where it has none."""
    return one.browser.GetNodeReference("ASLMyoSeg.heart")


def start_pointing(one: Any) -> Any:
    """Let the next click in a slice view say where the heart is; returns the node of the point.

    Raises:
        SceneError: where the scene belongs to no application in which points could be placed.
    """
    node = point_of(one) or _add_point(one)
    node.UnsetAllControlPoints()
    place_by_clicks(node, persistently=False)
    return node


def point_at(one: Any, place: tuple[float, float]) -> None:
    """Put the point at (y, x), pixels of images that stand, in the middle slice."""
    node = point_of(one) or _add_point(one)
    positions = nodes.points_in_ras(np.tile(place, (one.shape[0], 1)), one.geometry())
    node.SetNthControlPointPositionWorld(0, *positions[one.shape[0] // 2])


def forget(one: Any) -> None:
    """Take the point away: the heart is looked for again."""
    node = point_of(one)
    if node is not None:
        one.scene.RemoveNode(node)


def pointed(one: Any) -> tuple[float, float] | None:
    """The place as (y, x), pixels of images that stand; None where nobody points."""
    position = _position(one)
    if position is None:
        return None
    _, y, x = nodes.points_in_pixels(np.array([position]), one.geometry())[0].tolist()
    return y, x


def said(one: Any) -> str | None:
    """The place as `aslmyoseg run --heart` takes it."""
    position = _position(one)
    return None if position is None else str(Place(tuple(round(mm, 1) for mm in position)))


def _position(one: Any) -> list[float] | None:
    node = point_of(one)
    defined = slicer.vtkMRMLMarkupsNode.PositionDefined
    if node is None or not node.GetNumberOfControlPoints():
        return None
    if node.GetNthControlPointPositionStatus(0) != defined:
        return None
    position = [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(0, position)
    return position


def _add_point(one: Any) -> Any:
    node = one.scene.AddNewNodeByClass(KIND, f"{one.shown} heart")
    node.SetAttribute(ROLE, "heart")
    node.AddControlPoint(vtk.vtkVector3d(0.0, 0.0, 0.0), "heart")
    node.UnsetNthControlPointPosition(0)
    node.SetFixedNumberOfControlPoints(True)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetVisibility3D(False)
    display.SetOpacity(FAINT)
    for colour in (display.SetColor, display.SetSelectedColor):
        colour(*COLOUR)
    display.SetGlyphScale(2.0)
    display.SetTextScale(3.0)
    one.browser.SetNodeReferenceID("ASLMyoSeg.heart", node.GetID())
    hierarchy.gather(one)
    return node
