"""The wall of one slice between two closed curves: from a mask, to shares of pixels, and moved.

Points are (y, x) in pixels, whose centres are whole numbers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates
from vtk.util.numpy_support import vtk_to_numpy

from ..perfusion.aha import centre_of
from .mrml import slicer, vtk

POINTS = 8
"""Control points of a curve."""
RAYS = 64
"""On which the wall of a mask is looked for."""
ORDER = 3
"""Waves around the circle that the radius of a curve may have: what a mask's pixels add is left
out."""
STEP = 0.1
"""Pixels from one sample of a ray to the next."""
LINES = 8
"""On which the coverage of a row of pixels is measured."""
THINNEST = 1.0
"""Pixels between the two curves, at least."""
SMALLEST = 0.3
"""Pixels from the centre to a control point, at least."""
ROUNDS = 5
"""In which a curve is kept off the other: the spline between its points swings a little."""
FEWEST = 12
"""Pixels of a mask, below which it has no wall that curves could follow."""


@dataclass(frozen=True)
class Wall:
    """Control points of the endocardial and the epicardial curve, float (n, 2)."""

    inner: np.ndarray
    outer: np.ndarray

    def moved(self, by: np.ndarray) -> Wall:
        """The wall elsewhere: `by` is (down, right) in pixels."""
        return Wall(self.inner + by, self.outer + by)

    def share(self, shape: tuple[int, int]) -> np.ndarray:
        """Of each pixel (y, x) the share between the curves, float32, 0 to 1.

        What lies outside of the image is cut off.
        """
        outer, inner = (coverage(smooth(c), shape) for c in (self.outer, self.inner))
        return np.clip(outer - inner, 0, 1)

    def apart(self, moved: str) -> Wall:
        """The wall with the curve that was moved, `inner` or `outer`, kept off the other one."""
        curves = {"inner": self.inner, "outer": self.outer}
        sign = 1 if moved == "inner" else -1
        fixed = smooth(curves["outer" if moved == "inner" else "inner"])
        centre = fixed.mean(0)
        limit, angle = _radius(fixed, centre)
        curves[moved] = _in_order(curves[moved], centre)
        for _ in range(ROUNDS):
            radius, at = _radius(smooth(curves[moved]), centre)
            gap = sign * (np.interp(at, angle, limit, period=2 * np.pi) - radius)
            own, here = _radius(curves[moved], centre)
            lack = np.maximum(THINNEST - np.interp(here, at, gap, period=2 * np.pi), 0)
            if not lack.any():
                break
            curves[moved] = _at(centre, np.maximum(own - sign * lack, SMALLEST), here)
        return Wall(**curves)


def wall_of(mask: np.ndarray) -> Wall | None:
    """Curves along the wall of a mask, bool (y, x); None where it has none."""
    if mask.sum() < FEWEST:
        return None
    centre = centre_of(mask, (1.0, 1.0))
    angles = np.arange(RAYS) * 2 * np.pi / RAYS
    radii = np.arange(0, np.hypot(*mask.shape), STEP)
    rays = centre + radii[:, None, None] * _directions(angles)
    inside = map_coordinates(mask.astype(np.float32), rays.transpose(2, 0, 1), order=1) >= 0.5
    found = inside.any(0)
    if found.sum() < RAYS / 2:
        return None
    # Of a mask without a cavity the inner curve is a small one.
    inner = np.maximum(radii[inside.argmax(0)], THINNEST)
    outer = radii[len(radii) - 1 - inside[::-1].argmax(0)]
    curves = (
        _at(centre, _even(radius[found], angles[found]), np.arange(POINTS) * 2 * np.pi / POINTS)
        for radius in (inner, outer)
    )
    return Wall(*curves).apart("inner")


def smooth(points: np.ndarray) -> np.ndarray:
    """The curve that Slicer draws through control points, closed, float (n, 2)."""
    corners = vtk.vtkPoints()
    for y, x in points:
        corners.InsertNextPoint(x, y, 0.0)
    polydata = vtk.vtkPolyData()
    polydata.SetPoints(corners)
    curve = slicer.vtkCurveGenerator()
    curve.SetCurveTypeToCardinalSpline()
    curve.SetCurveIsClosed(True)
    curve.SetInputData(polydata)
    curve.Update()
    return vtk_to_numpy(curve.GetOutput().GetPoints().GetData())[:, 1::-1].astype(float)


def coverage(polygon: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Share of each pixel (y, x) that lies in a closed polygon (n, 2), float32, 0 to 1.

    Exact along each of `LINES` lines through a row of pixels.
    """
    rows, columns = shape
    lines = (np.arange(rows * LINES) + 0.5) / LINES - 0.5
    (y0, x0), (y1, x1) = polygon.T, np.roll(polygon, -1, 0).T
    crosses = (y0[:, None] <= lines) != (y1[:, None] <= lines)
    edge, line = np.nonzero(crosses)
    part = (lines[line] - y0[edge]) / (y1 - y0)[edge]
    at = x0[edge] + part * (x1 - x0)[edge]
    sign = np.where(y1 > y0, 1.0, -1.0)[edge]
    # To the right of a crossing all is inside, or outside again.
    right = sign[:, None] * np.clip(np.arange(columns) + 0.5 - at[:, None], 0, 1)
    covered = np.zeros((rows * LINES, columns))
    np.add.at(covered, line, right)
    share = np.abs(covered).reshape(rows, LINES, columns).mean(1)
    return np.clip(share, 0, 1).astype(np.float32)


def to_text(walls: Sequence[Wall | None]) -> str:
    """Walls of the slices of a frame, None where there is none."""
    points = [w and [np.round(c, 3).tolist() for c in (w.inner, w.outer)] for w in walls]
    return json.dumps(points) if any(points) else ""


def from_text(text: str, slices: int) -> tuple[Wall | None, ...]:
    """What `to_text` made; none of any slice where it is empty."""
    if not text:
        return (None,) * slices
    return tuple(w and Wall(*(np.array(c, float) for c in w)) for w in json.loads(text))


def _even(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Radii at the control points' angles, of waves laid through those that were found."""

    def waves(at: np.ndarray) -> np.ndarray:
        orders = np.arange(1, ORDER + 1)[:, None] * at
        return np.concatenate([np.ones((1, len(at))), np.cos(orders), np.sin(orders)]).T

    weights, *_ = np.linalg.lstsq(waves(angle), radius, rcond=None)
    return waves(np.arange(POINTS) * 2 * np.pi / POINTS) @ weights


def _in_order(points: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Points of a curve, those that were dragged past their neighbours or through the centre back
    between these."""
    _, angle = _radius(points, centre)
    before, after = np.roll(angle, 1), np.roll(angle, -1)
    turning = np.sign(np.median(np.mod(after - angle + np.pi, 2 * np.pi) - np.pi)) or 1.0
    opening = np.mod(turning * (after - before), 2 * np.pi)
    astray = (np.mod(turning * (angle - before), 2 * np.pi) > opening) & (opening < np.pi)
    angle = np.where(astray, before + turning * opening / 2, angle)
    return np.where(astray[:, None], _at(centre, np.full(len(points), SMALLEST), angle), points)


def _directions(angle: np.ndarray) -> np.ndarray:
    return np.stack([np.sin(angle), np.cos(angle)], -1)


def _at(centre: np.ndarray, radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return centre + radius[:, None] * _directions(angle)


def _radius(points: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance and angle of points as seen from a centre."""
    y, x = (points - centre).T
    return np.hypot(y, x), np.mod(np.arctan2(y, x), 2 * np.pi)
