"""Masks that others drew, on the grid of a series."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import SeriesError
from ..series import ASLSeries
from .nifti import read_volume

GRID_TOLERANCE = 1e-2
"""How far (mm, or cosines) two grids may differ and still be called the same."""


def read_masks(path: str | Path, series: ASLSeries) -> np.ndarray:
    """Masks of a series, bool (frame, slice, y, x); one volume serves all frames.

    Raises:
        SeriesError: where the file is not an image on the grid of the series.
    """
    path = Path(path)
    array, geometry = read_volume(path)
    array = array if array.ndim == 4 else np.broadcast_to(array, (len(series.images), *array.shape))
    if array.shape != series.images.shape:
        raise SeriesError(
            f"{path}: masks of shape {array.shape}, where the series has {series.images.shape} "
            "(frame, slice, y, x)."
        )
    for name in ("spacing", "origin", "direction"):
        ours, theirs = getattr(series.geometry, name), getattr(geometry, name)
        if not np.allclose(ours, theirs, atol=GRID_TOLERANCE):
            raise SeriesError(
                f"{path}: {name} {theirs} differs from the series' {ours}; "
                "resample the masks to the series' grid."
            )
    return array > 0
