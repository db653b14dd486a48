"""RT structure sets: contours in mm, filled on the slices of a series.

By hand, as rt-utils rounds contours to whole pixels and needs OpenCV and one image for each slice,
and platipy wants a pydicom older than 3; neither knows of frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pydicom

from ...errors import SeriesError
from ...series import ASLSeries, Geometry
from ..dicom.files import parse, parsing
from ..dicom.references import Frames, frames_of
from .segments import Segment

STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
REACH = 0.5
"""Share of the distance between slices within which a contour is of a slice."""
ON_LINE = 0.02
"""Pixels, beside a line, that a centre may lie and still be on it."""
SAME_PLANE = 0.02
"""The same, within which contours are of one plane: one inside another is a hole then."""


def read_structure_set(file: Path, series: ASLSeries, frames: Frames) -> list[Segment]:
    """Regions with contours; each slice takes those of the plane nearest to it.

    Raises:
        SeriesError: where the file is damaged, or contours lie across the slices.
    """
    with parsing(file):
        dataset = parse(file)
        names = {
            int(item.ROINumber): str(item.get("ROIName") or f"ROI {item.ROINumber}")
            for item in dataset.StructureSetROISequence
        }
        found = []
        for item in dataset.get("ROIContourSequence") or ():
            number = int(item.ReferencedROINumber)
            contours = _by_frame(item.get("ContourSequence") or (), series.geometry, frames)
            masks = {
                frame: (_fill(file, names[number], points, series), series.geometry)
                for frame, points in contours.items()
            }
            found.append(Segment(names[number], masks, (str(number),)))
    return found


def _by_frame(
    items: Iterable[pydicom.Dataset], geometry: Geometry, frames: Frames
) -> dict[int | None, list[np.ndarray]]:
    """Contours (point, 3) as (x, y, slice) in pixels, by the frame that they were drawn on."""
    axes = geometry.axes
    found: dict[int | None, list[np.ndarray]] = {}
    for item in items:
        points = np.array(item.get("ContourData") or (), float).reshape(-1, 3)
        if not np.isfinite(points).all():
            raise ValueError("a contour has points that are no numbers")
        if len(points) < 3 or not str(item.get("ContourGeometricType", "")).startswith("CLOSED"):
            continue
        pixels = np.linalg.solve(axes, (points - np.array(geometry.origin)).T).T
        for frame in frames_of(item.get("ContourImageSequence"), frames) or {None}:
            found.setdefault(frame, []).append(pixels)
    return found


def _fill(file: Path, name: str, contours: list[np.ndarray], series: ASLSeries) -> np.ndarray:
    """Pixels whose centres lie in the contours, bool (slice, y, x)."""
    from matplotlib.path import Path as Polygon  # slow to load, and seldom wanted

    slices, rows, columns = series.images.shape[1:]
    masks = np.zeros((slices, rows, columns), bool)
    heights = np.array([contour[:, 2].mean() for contour in contours])
    if max(np.abs(c[:, 2] - h).max() for c, h in zip(contours, heights, strict=True)) > REACH:
        raise SeriesError(
            f"{file}: contours of {name!r} lie across the slices of the series; draw them on its "
            "images."
        )
    centres = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2)
    for k in range(slices):
        nearest = np.abs(heights - k).min()
        if nearest > REACH:
            continue
        plane = heights[np.abs(heights - k).argmin()]
        lines = np.zeros((rows, columns), bool)
        for contour in _within(contours, heights, plane):
            inside = Polygon(contour[:, :2]).contains_points(centres)
            masks[k] ^= inside.reshape(rows, columns)
            lines |= _passed(contour[:, :2], rows, columns)
        masks[k] |= lines
    return masks


def _passed(contour: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Pixels through whose centres a contour goes, bool (y, x).

    Much software draws contours from the centre of one marked pixel to that of the next, so that
    these belong to the mask, at holes as well.
    """
    passed = np.zeros((rows, columns), bool)
    for start, end in zip(contour, np.roll(contour, -1, axis=0), strict=True):
        low = np.ceil(np.minimum(start, end)[:2] - ON_LINE).clip(0, (columns, rows))
        high = np.floor(np.maximum(start, end)[:2] + ON_LINE).clip(-1, (columns - 1, rows - 1))
        (x0, y0), (x1, y1) = low.astype(int), np.maximum(high + 1, low).astype(int)
        y, x = np.mgrid[y0:y1, x0:x1]
        along = end - start
        beside = np.abs((x - start[0]) * along[1] - (y - start[1]) * along[0])
        passed[y, x] |= beside <= ON_LINE * np.hypot(*along)
    return passed


def _within(contours: list[np.ndarray], heights: np.ndarray, plane: float) -> Iterator[np.ndarray]:
    """Those of a plane; one that was written twice is no hole in itself."""
    earlier: list[np.ndarray] = []
    for contour, height in zip(contours, heights, strict=True):
        again = any(
            other.shape == contour.shape and np.allclose(other, contour, atol=SAME_PLANE)
            for other in earlier
        )
        if abs(height - plane) <= SAME_PLANE and not again:
            earlier.append(contour)
            yield contour
