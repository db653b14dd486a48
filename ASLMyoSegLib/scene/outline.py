"""The selected AHA segment, outlined on the slices of the frame that is shown."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..perfusion.segments import segment_maps
from ..series import Geometry
from . import nodes
from .bullseye import OUTLINE_COLOUR, selected_segment
from .mrml import add_drawing, only_model, slicer, vtk

NAME = "ASLMyoSeg segment outline"
WIDTH = 3


def segments_of_frame(one: Any, frame: int) -> np.ndarray:
    """AHA segment number of each pixel of a frame's mask, int (slice, y, x), 0 outside."""
    return segment_maps(one.series(), one.segmentation().masks, one.landmarks())[frame]


def segment_at(one: Any, ras: tuple[float, float, float]) -> int | None:
    """The AHA segment at a position in the slices of the frame shown; None outside the mask."""
    labels = segments_of_frame(one, one.frame)
    point = nodes.points_in_pixels(np.array([ras]), one.series().geometry)[0]
    index = np.rint(point).astype(int)
    inside = ((index >= 0) & (index < labels.shape)).all()
    return int(labels[tuple(index)]) or None if inside else None


def update_outline(one: Any) -> None:
    """Draw the selected segment on the frame shown; nothing where none is selected."""
    model = _model(one.scene)
    selected = selected_segment(one.scene)
    region = np.zeros((1, 1, 1), bool)
    if selected is not None:
        region = segments_of_frame(one, one.frame) == selected
    model.SetAndObservePolyData(_walls(region, one.series().geometry))


def _walls(region: np.ndarray, geometry: Geometry) -> Any:
    """Upright walls about the pixels of a region (slice, y, x), through each slice's thickness.

    A slice view cuts them, and shows the cut: the region's outline on that slice, on no other.
    """
    padded = np.pad(region, ((0, 0), (1, 1), (1, 1)))
    corners = []
    for axis in (1, 2):
        k, y, x = np.nonzero(np.diff(padded, axis=axis))
        # Between pixels i - 1 and i of the unpadded region lies the edge at i - 0.5.
        edge = np.stack([k, y - (0.5 if axis == 1 else 1.0), x - (0.5 if axis == 2 else 1.0)], 1)
        along = np.zeros(3)
        along[3 - axis] = 0.5
        up = np.array([0.49, 0.0, 0.0])
        corners += [np.stack([edge - along - up, edge + along - up, edge + along + up,
                              edge - along + up], 1)]  # fmt: skip
    indices = np.concatenate(corners).reshape(-1, 3)
    matrix = slicer.util.arrayFromVTKMatrix(nodes.ijk_to_ras(geometry))
    ras = (matrix @ np.column_stack([indices[:, ::-1], np.ones(len(indices))]).T)[:3].T
    points, cells = vtk.vtkPoints(), vtk.vtkCellArray()
    for position in ras:
        points.InsertNextPoint(*position)
    for first in range(0, len(ras), 4):
        cells.InsertNextCell(4)
        for corner in range(4):
            cells.InsertCellPoint(first + corner)
    polydata = vtk.vtkPolyData()
    polydata.SetPoints(points)
    polydata.SetPolys(cells)
    return polydata


def _model(scene: Any) -> Any:
    model = only_model(scene, "segment outline")
    if model is not None:
        return model
    model = add_drawing(scene, "segment outline", NAME)
    display = model.GetDisplayNode()
    display.SetColor(OUTLINE_COLOUR)
    display.SetVisibility3D(False)
    display.SetVisibility2D(True)
    display.SetSliceIntersectionThickness(WIDTH)
    return model
