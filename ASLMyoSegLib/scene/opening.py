"""Files into a scene: every series of a file or folder that can be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import SeriesError
from ..io import find_rv_insertion, find_series, read_rv_insertion, read_series
from .series_scene import SeriesScene


def open_series(scene: Any, path: str | Path) -> tuple[list[SeriesScene], list[str]]:
    """Put every series of a file or folder into a scene, BIDS or DICOM.

    RV insertion points that lie beside a series are taken.

    Returns:
        The series, and in a sentence each, which others could not be read, and why.

    Raises:
        SeriesError: where none can be read.
    """
    read, problems = [], []
    for file in find_series(path):
        try:
            series, points = read_series(file), find_rv_insertion(file)
            read.append((series, read_rv_insertion(points, series) if points else None))
        except SeriesError as error:
            problems.append(error)
    if not read:
        raise problems[0]
    opened = []
    for series, points in read:
        opened.append(SeriesScene.create(scene, series))
        if points is not None:
            opened[-1].set_landmarks(points)
    return opened, [str(problem) for problem in problems]
