"""RV insertion points that the program proposes: faint and locked, until somebody takes them."""

from __future__ import annotations

from typing import Any

from ..perfusion.insertions import propose_insertions
from . import nodes
from .landmarks import COLOUR, NAMES
from .mrml import ROLE, nodes_of

FAINT = 0.35
"""Opacity of what is proposed."""
KIND = "vtkMRMLMarkupsFiducialNode"
PROPOSAL = "proposal"


def propose(one: Any) -> bool:
    """Show where the RV insertions of a series may be, as long as none is placed; returns whether
    something is proposed."""
    withdraw(one.scene)
    node = one.landmarks_node
    if not one.segmented or node.GetNumberOfUndefinedControlPoints() < _count(node):
        return False
    points = propose_insertions(one.series(), one.segmentation().masks)
    if points is None:
        return False
    shown = one.scene.AddNewNodeByClass(KIND, f"{one.shown} RV insertions, proposed")
    shown.SetAttribute(ROLE, PROPOSAL)
    shown.SetHideFromEditors(True)
    for name in NAMES:
        for position in nodes.points_in_ras(getattr(points, name), one.geometry()):
            shown.AddControlPointWorld(*position, f"{name}?")
    shown.SetLocked(True)
    shown.CreateDefaultDisplayNodes()
    display = shown.GetDisplayNode()
    display.SetVisibility3D(False)
    display.SetOpacity(FAINT)
    for colour in (display.SetColor, display.SetSelectedColor):
        colour(*COLOUR)
    display.SetGlyphScale(2.0)
    display.SetTextScale(3.0)
    return True


def take(one: Any) -> bool:
    """Place the RV insertions where they are proposed; returns whether something was."""
    points = propose_insertions(one.series(), one.segmentation().masks)
    withdraw(one.scene)
    if points is not None:
        one.set_landmarks(points)
    return points is not None


def withdraw(scene: Any) -> None:
    """Take a proposal away."""
    for node in nodes_of(scene, KIND, PROPOSAL):
        scene.RemoveNode(node)


def proposed(scene: Any) -> bool:
    """Whether something is proposed."""
    return bool(nodes_of(scene, KIND, PROPOSAL))


def _count(node: Any) -> int:
    return node.GetNumberOfControlPoints()
