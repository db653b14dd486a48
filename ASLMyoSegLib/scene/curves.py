"""Endocardial and epicardial curves on the frame shown: Slicer's closed-curve markups, whose mask
follows them, and which follow the mask where it is painted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import nodes
from .mrml import ROLE, nodes_of, slicer, vtk
from .walls import Wall, from_text, to_text, wall_of

KIND = "vtkMRMLMarkupsClosedCurveNode"
COLOURS = {"inner": (1.0, 0.35, 0.30), "outer": (0.35, 0.85, 0.40)}
"""Red within and green around, as programs of the field have them."""
NAMES = {"inner": "endocardial", "outer": "epicardial"}
LINE = 0.3
"""Thickness of the line, of the control points' size."""
GLYPH = 1.6
"""Size of the control points, per cent of the view."""
SAME = 1e-3
"""Millimetres below which a point is where it should be."""


def show(one: Any) -> bool:
    """Lay the curves along the wall of the frame shown; returns whether it has one."""
    walls = walls_of(one, one.frame)
    for k, wall in enumerate(walls):
        for which in NAMES:
            node = _curve(one.scene, which, k)
            if wall is not None:
                _lay(node, nodes.plane_in_ras(getattr(wall, which), k, one.geometry()))
            node.SetDisplayVisibility(wall is not None)
    for _, k, node in list(shown(one.scene)):
        if k >= len(walls):
            one.scene.RemoveNode(node)
    return any(walls)


def hide(scene: Any) -> None:
    """Take the curves away."""
    for _, _, node in list(shown(scene)):
        scene.RemoveNode(node)


def shown(scene: Any) -> Iterator[tuple[str, int, Any]]:
    """Which curve, of which slice, and its node."""
    for node in nodes_of(scene, KIND):
        which, _, k = (node.GetAttribute(ROLE) or "").partition(" curve ")
        if which in NAMES:
            yield which, int(k), node


def walls_of(one: Any, frame: int) -> tuple[Wall | None, ...]:
    """The wall of each slice of a frame: by the curves that it was drawn by, or along its mask."""
    mask = one.mask(frame)
    drawn = from_text(one.rows()[frame].contours, len(mask))
    return tuple(wall or wall_of(m) for wall, m in zip(drawn, mask, strict=True))


def follow(one: Any, which: str, k: int) -> Wall | None:
    """Let the mask of the frame shown follow the curves of slice k, of which one was moved.

    Returns:
        The wall, with the curve that was moved kept off the other one; None where curves have lost
        their points.
    """
    wall = _wall(one, k)
    if wall is None:
        return None
    wall = wall.apart(which)
    mask = one.mask(one.frame)
    mask[k] = wall.share(mask.shape[1:]) >= 0.5
    stored = one.stored
    nodes.draw_mask(one.mask_node, stored.as_stored(mask), stored.geometry)
    return wall


def settle(one: Any, which: str, k: int) -> None:
    """Keep the curves of slice k as they are now: the frame is corrected."""
    wall = follow(one, which, k)
    if wall is not None:
        walls = list(from_text(one.rows()[one.frame].contours, len(one.mask(one.frame))))
        walls[k] = wall
        one.keep_contours(one.frame, to_text(walls))
    show(one)


def _wall(one: Any, k: int) -> Wall | None:
    curves = {which: node for which, slice_, node in shown(one.scene) if slice_ == k}
    if len(curves) < len(NAMES):
        return None
    points = {w: slicer.util.arrayFromMarkupsControlPoints(n) for w, n in curves.items()}
    if any(len(p) < 3 for p in points.values()):
        return None
    return Wall(**{w: nodes.points_in_pixels(p, one.geometry())[:, 1:] for w, p in points.items()})


def _lay(node: Any, positions: np.ndarray) -> None:
    """Move the control points of a curve, unless they are there already."""
    before = slicer.util.arrayFromMarkupsControlPoints(node)
    if before.shape == positions.shape and np.abs(before - positions).max() < SAME:
        return
    points = vtk.vtkPoints()
    for position in positions:
        points.InsertNextPoint(position)
    node.SetControlPointPositionsWorld(points)


def _curve(scene: Any, which: str, k: int) -> Any:
    """One curve's node; made where there is none."""
    role = f"{which} curve {k}"
    for node in nodes_of(scene, KIND, role):
        return node
    node = slicer.vtkMRMLMarkupsClosedCurveNode()
    node.SetName(f"{NAMES[which].capitalize()} contour, slice {k + 1}")
    node.SetAttribute(ROLE, role)
    node.SetCurveTypeToCardinalSpline()
    node.SetHideFromEditors(True)
    node = scene.AddNode(node)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetVisibility3D(False)
    display.SetPointLabelsVisibility(False)
    display.SetPropertiesLabelVisibility(False)
    display.SetFillVisibility(False)
    display.SetGlyphScale(GLYPH)
    display.SetLineThickness(LINE)
    for colour in (display.SetColor, display.SetSelectedColor):
        colour(*COLOURS[which])
    return node
