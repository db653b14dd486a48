"""Images of one grid laid on another."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from ...series import Geometry
from .nifti import frame_image

PARALLEL = 0.9999
"""Cosine of the angle between slices above which they are of one direction (0.8 degrees)."""
SAME_PLANE = 0.1
"""Share of the distance between slices within which two are one."""


def apart(
    m0_shape: tuple[int, ...], place: Geometry, shape: tuple[int, ...], geometry: Geometry
) -> str:
    """Why M0 cannot be laid on a series; empty if it can.

    Slices have to be the same ones, as thicker ones are brighter.

    Args:
        m0_shape: (slice, y, x) of M0.
        place: of M0.
        shape: (slice, y, x) of the series.
        geometry: of the series.
    """
    if abs(place.normal @ geometry.normal) < PARALLEL:
        return "its slices are tilted against those of the series"
    if not np.isclose(place.spacing[2], geometry.spacing[2], rtol=0.01):
        return (
            f"its slices are {place.spacing[2]:.4g} mm apart, where those of the series are "
            f"{geometry.spacing[2]:.4g} mm"
        )
    slices, rows, columns = shape
    corners = [(x, y, k) for k in range(slices) for y in (0, rows - 1) for x in (0, columns - 1)]
    points = np.array(corners) @ geometry.axes.T + geometry.origin
    there = np.linalg.solve(place.axes, (points - np.array(place.origin)).T).T
    heights, most = there[:, 2], m0_shape[0] - 1
    if (np.abs(heights - heights.round().clip(0, most)) > SAME_PLANE).any():
        return "its slices do not lie in the planes of all those of the series"
    across = there[:, :2]
    if (across < -0.5).any() or (across > np.array(m0_shape[:0:-1]) - 0.5).any():
        return "it does not cover the images of the series"
    return ""


def laid_on(
    volume: np.ndarray, place: Geometry, shape: tuple[int, ...], geometry: Geometry
) -> np.ndarray:
    """A frame (slice, y, x) on another grid, interpolated linearly."""
    reference = frame_image(np.zeros(shape, np.uint8), geometry)
    frame = frame_image(volume.astype(np.float32), place)
    found = sitk.Resample(frame, reference, sitk.Transform(), sitk.sitkLinear, np.nan)
    return sitk.GetArrayFromImage(found)
