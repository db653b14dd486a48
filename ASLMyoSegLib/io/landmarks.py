"""RV insertion points as JSON: ``{"anterior": [[y, x], ...], "inferior": [[y, x], ...]}``.

One point per slice, in pixels of the series' file as it is stored, the centre of the first pixel at
(0, 0).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..errors import SeriesError
from ..series import ASLSeries, RVInsertion
from .files import read_json, replacing
from .reading import series_name


def read_rv_insertion(path: str | Path, series: ASLSeries) -> RVInsertion:
    """Read the points, check that they lie in the images, and bring them to stand as these do.

    Raises:
        SeriesError: where the file is missing or its points make no sense.
    """
    path = Path(path)
    content = read_json(path)
    points = {}
    slices, stored = series.images.shape[1], series.on_file
    shape = stored.stored_sides(series.images.shape[1:])
    for name in ("anterior", "inferior"):
        try:
            points[name] = np.array(content[name], dtype=float)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise SeriesError(
                f"{path}: has no list of points (y, x) called {name!r}; give one per slice."
            ) from None
        if points[name].shape != (slices, 2):
            raise SeriesError(
                f"{path}: {name!r} has shape {points[name].shape}, where {(slices, 2)} is "
                "needed: one point (y, x) per slice."
            )
        if not ((points[name] >= -0.5) & (points[name] <= np.array(shape) - 0.5)).all():
            raise SeriesError(
                f"{path}: {name!r} {points[name].tolist()} lies outside the image of "
                f"{shape[0]} rows and {shape[1]} columns."
            )
    same = np.hypot(*(points["anterior"] - points["inferior"]).T) < 1.0
    if same.any():
        raise SeriesError(
            f"{path}: anterior and inferior point of slice {int(same.argmax())} are the same; "
            "they fix the rotation only where they differ."
        )
    return RVInsertion(
        **{k: stored.standing_points(v, series.images.shape[1:]) for k, v in points.items()}
    )


def find_rv_insertion(series: Path) -> Path | None:
    """``sub-01_rvinsertion.json`` beside ``sub-01_asl.nii.gz``, where there is one."""
    beside = series.with_name(f"{series_name(series)}_rvinsertion.json")
    return beside if beside.is_file() else None


def write_rv_insertion(path: str | Path, points: RVInsertion, series: ASLSeries) -> None:
    """Write the points of a series; the counterpart of `read_rv_insertion`.

    Raises:
        OutputError: where the file cannot be written.
    """
    content = {
        name: series.on_file.stored_points(getattr(points, name), series.images.shape[1:])
        .round(3)
        .tolist()
        for name in ("anterior", "inferior")
    }
    with replacing(path) as beside:
        beside.write_text(json.dumps(content) + "\n", encoding="utf-8")
