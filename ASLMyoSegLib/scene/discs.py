"""Discs of AHA sectors as flat VTK meshes, seen from the front: x right is -R, y up is S."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from vtk.util.numpy_support import numpy_to_vtk

from ..display.sectors import HUB, Sector, is_mid_only, sectors
from .mrml import vtk

RADIUS = 50.0
"""Of a disc, mm."""
GAP = 0.8
"""Between sectors, mm."""
IN_FRONT = 1.0
"""Of the discs lies what is written on them, mm."""
STEP = 3.0
"""Degrees of a straight piece of an arc."""
STRIPES, STRIPE, SLANT = 7.0, 1.0, 10.0
"""Degrees from one stripe of the hatching to the next, of a stripe, and from end to end of one."""
VALUE, SEGMENT, INK = "value", "AHA", "ink"
WHITE, BLACK, GREY, ORANGE = (255, 255, 255), (0, 0, 0), (175, 175, 175), (255, 170, 80)


@dataclass(frozen=True)
class Disc:
    """What one disc shows.

    Attributes:
        title: two lines above it.
        values: by AHA segment; NaN where there is none.
        note: in orange beneath it; empty for none.
        height: of its centre, mm.
        unsettled: segments whose flow may be that of their whole ring: they are hatched.
    """

    title: tuple[str, str]
    values: Mapping[int, float]
    note: str
    height: float
    unsettled: frozenset[int] = frozenset()

    @property
    def sectors(self) -> tuple[Sector, ...]:
        """Where the segments lie."""
        return sectors(tuple(self.values))

    def segment_at(self, x: float, y: float) -> int | None:
        """The segment beneath a point of the picture, mm."""
        u, v = x / RADIUS, (y - self.height) / RADIUS
        return next((s.aha for s in self.sectors if s.holds(u, v) and s.aha in self.values), None)


def sector_mesh(discs: Iterable[Disc], *, known: bool) -> Any:
    """Sectors that have a value, or those that have none, vtkPolyData.

    Cells carry `VALUE` and `SEGMENT`.
    """
    mesh = _Mesh()
    for disc in discs:
        for sector in disc.sectors:
            value = disc.values.get(sector.aha, np.nan)
            if np.isfinite(value) == known:
                mesh.add(_outline(sector, disc.height, GAP / 2), (value, sector.aha))
        if not known and not is_mid_only(tuple(disc.values)):
            mesh.add(_outline(Sector(17, 0.0, HUB, 0.0, 360.0), disc.height, GAP / 2), (np.nan, 17))
    return mesh.polydata((VALUE, SEGMENT))


def hatch_mesh(discs: Iterable[Disc]) -> Any:
    """Slanting stripes over unsettled segments, vtkPolyData."""
    mesh = _Mesh()
    part = np.linspace(0.0, 1.0, 7)
    for disc in discs:
        for sector in disc.sectors:
            if sector.aha not in disc.unsettled:
                continue
            radius = RADIUS * (sector.inner + part * (sector.outer - sector.inner))
            for start in np.arange(0.0, sector.width - SLANT - STRIPE, STRIPES):
                sides = []
                for side in (0.0, STRIPE):
                    angle = np.radians(sector.start + start + side + part * SLANT)
                    sides.append(
                        np.stack([radius * np.cos(angle), disc.height + radius * np.sin(angle)], 1)
                    )
                mesh.add(np.concatenate(sides), (1.0, sector.aha))
    return mesh.polydata((VALUE, SEGMENT), IN_FRONT / 2)


def outline_mesh(discs: Iterable[Disc], segment: int | None) -> Any:
    """A frame about one segment in every disc, vtkPolyData; empty for None."""
    mesh = _Mesh()
    for disc in discs:
        for sector in disc.sectors:
            if sector.aha == segment and segment in disc.values:
                inner = _outline(sector, disc.height, GAP / 2)
                outer = _outline(sector, disc.height, -GAP)
                count = len(inner) // 2
                # Both boundaries run along the outer arc, and back along the inner one.
                ring_in = np.concatenate([inner[:count], inner[count:][::-1], inner[:1]])
                ring_out = np.concatenate([outer[:count], outer[count:][::-1], outer[:1]])
                mesh.add(np.concatenate([ring_in, ring_out]), (float(segment), segment))
    return mesh.polydata((VALUE, SEGMENT))


def text_mesh(discs: Iterable[Disc], colours: Any) -> Any:
    """All that is written on and about the discs, vtkPolyData with `INK` as colours of cells.

    Args:
        discs: to be written on.
        colours: called with disc and value, gives the colour (r, g, b) from 0 to 1 behind it.
    """
    writing = vtk.vtkAppendPolyData()
    writing.AddInputData(vtk.vtkPolyData())  # it complains where there is nothing to append
    for disc in discs:
        at = disc.height
        # In three rings, no larger than lies within one of them on either side.
        large = 2.0 if is_mid_only(tuple(disc.values)) else 1.0
        for sector in disc.sectors:
            if sector.aha not in disc.values:
                continue
            value = disc.values[sector.aha]
            x, y = (RADIUS * v for v in sector.middle)
            bright = np.isfinite(value) and np.dot(colours(disc, value), (0.3, 0.59, 0.11)) > 0.6
            ink = BLACK if bright else WHITE
            shown = f"{value:.2f}" if np.isfinite(value) else "n/a"
            _write(writing, str(sector.aha), x, at + y + 2.4 * large, 1.8 * large, ink)
            _write(writing, shown, x, at + y - 1.0 * large, 3.0 * large, ink)
        if large == 1.0:
            _write(writing, "17", 0.0, at + 1.0, 2.4, GREY)
            _write(writing, "not imaged", 0.0, at - 3.0, 1.9, GREY)
        _write(writing, disc.title[0], 0.0, at + 69.0, 5.6, WHITE)
        _write(writing, disc.title[1], 0.0, at + 61.5, 4.2, WHITE)
        for word, x, y, turn in (
            ("anterior", 0, 54, 0),
            ("inferior", 0, -54, 0),
            ("septal", -54, 0, 90),
            ("lateral", 54, 0, -90),
        ):
            _write(writing, word, x, at + y, 3.2, GREY, turn)
        if disc.note:
            _write(writing, disc.note, 0.0, at - 61.0, 3.2, ORANGE)
    writing.Update()
    return writing.GetOutput()


def _write(
    writing: Any,
    text: str,
    x: float,
    y: float,
    height: float,
    ink: tuple[int, int, int],
    turn: float = 0.0,
) -> None:
    """Append a centred line of text as polygons, digits `height` mm high, turned by degrees."""
    letters = vtk.vtkVectorText()
    letters.SetText(text)
    letters.Update()
    left, right, *_ = letters.GetOutput().GetBounds()
    transform = vtk.vtkTransform()
    transform.Translate(-x, IN_FRONT, y)
    # The letters lie in x and y, digits 1 high; ours stand in -R and S.
    transform.Concatenate([-1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1])
    transform.RotateZ(turn)
    transform.Scale(height, height, 1.0)
    transform.Translate(-(left + right) / 2, -0.5, 0.0)
    placed = vtk.vtkTransformPolyDataFilter()
    placed.SetTransform(transform)
    placed.SetInputConnection(letters.GetOutputPort())
    placed.Update()
    polydata = placed.GetOutput()
    inks = np.tile(np.array(ink, np.uint8), (polydata.GetNumberOfCells(), 1))
    colour = numpy_to_vtk(inks, deep=True)
    colour.SetName(INK)
    polydata.GetCellData().AddArray(colour)
    writing.AddInputData(polydata)


def _outline(sector: Sector, height: float, inset: float) -> np.ndarray:
    """Points (2n, 2) in mm: n along the outer arc, then n along the inner one, same direction."""
    arcs = []
    for radius, sign in ((sector.outer, -1), (sector.inner, 1)):
        r = max(RADIUS * radius + sign * inset, 0.0) if radius else 0.0
        margin = np.degrees(inset / r) if r and sector.width < 360 else 0.0
        count = round(sector.width / STEP) + 1
        angle = np.radians(
            np.linspace(sector.start + margin, sector.start + sector.width - margin, count)
        )
        arcs.append(np.stack([r * np.cos(angle), height + r * np.sin(angle)], axis=1))
    return np.concatenate(arcs)


class _Mesh:
    """Bands between two lines of as many points each, gathered into one mesh."""

    def __init__(self) -> None:
        self._points: list[np.ndarray] = []
        self._values: list[tuple[float, ...]] = []

    def add(self, points: np.ndarray, values: tuple[float, ...]) -> None:
        """One band, (2n, 2): n points of one line, then n of the other."""
        self._points.append(points)
        self._values.append(values)

    def polydata(self, names: tuple[str, ...], front: float = 0.0) -> Any:
        points, cells = vtk.vtkPoints(), vtk.vtkCellArray()
        values: list[tuple[float, ...]] = []
        for band, value in zip(self._points, self._values, strict=True):
            first, count = points.GetNumberOfPoints(), len(band) // 2
            for x, y in band:
                points.InsertNextPoint(-x, front, y)
            for i in range(count - 1):
                cells.InsertNextCell(4)
                for corner in (i, i + 1, count + i + 1, count + i):
                    cells.InsertCellPoint(first + corner)
                values.append(value)
        polydata = vtk.vtkPolyData()
        polydata.SetPoints(points)
        polydata.SetPolys(cells)
        for column, name in enumerate(names):
            array = numpy_to_vtk(np.array([v[column] for v in values], float), deep=True)
            array.SetName(name)
            polydata.GetCellData().AddArray(array)
        return polydata
