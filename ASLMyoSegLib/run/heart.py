"""Where the heart is, in words and in the pixels of the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import SeriesError
from ..series import ASLSeries, Posterior
from ..words import numbered

MM = "mm"


@dataclass(frozen=True)
class Place:
    """Where a person says that the heart is.

    >>> str(Place.parse("12.5mm, -30mm, 41mm"))
    '12.5mm,-30mm,41mm'

    Attributes:
        numbers: column and row of the file's images, counted from 0; or three, mm to the patient's
            right, front and head, as Slicer shows positions.
    """

    numbers: tuple[float, ...]

    @staticmethod
    def parse(text: str) -> Place:
        """Of a form such as ``48,50`` or ``12.5mm,-30mm,41mm``.

        Raises:
            SeriesError: where it is none of both.
        """
        parts = [part.strip() for part in text.split(",")]
        in_mm = [part.endswith(MM) for part in parts]
        try:
            numbers = tuple(float(part.removesuffix(MM)) for part in parts)
        except ValueError:
            numbers = ()
        known = np.isfinite(numbers).all()
        if not (known and (len(numbers), set(in_mm)) in ((2, {False}), (3, {True}))):
            raise SeriesError(
                f"{text[:60]!r} is no place of the heart: give column and row of one pixel, such "
                "as 48,50, or right, anterior and superior in mm, such as 12.5mm,-30mm,41mm."
            )
        return Place(numbers)

    def __str__(self) -> str:
        unit = MM if len(self.numbers) == 3 else ""
        return ",".join(f"{number:.6g}{unit}" for number in self.numbers)

    def standing(self, series: ASLSeries) -> tuple[float, float]:
        """The place as (y, x), pixels of the images, which stand.

        Raises:
            SeriesError: where the file does not say how its images lie in the patient.
        """
        if len(self.numbers) == 3:
            return self._in_patient(series)
        shape, (column, row) = series.images.shape[1:], self.numbers
        points = np.tile(np.array([row, column], float), (shape[0], 1))
        y, x = series.on_file.standing_points(points, shape)[0].tolist()
        return y, x

    def _in_patient(self, series: ASLSeries) -> tuple[float, float]:
        grid = series.geometry
        if not grid.known:
            raise SeriesError(
                f"{series.metadata.get('source', series.name)}: does not say where it lies in the "
                f"patient, so {self} is no place in it; give column and row of a pixel."
            )
        lps = np.array(self.numbers) * [-1, -1, 1]
        x, y, _ = np.linalg.solve(grid.axes, lps - grid.origin).tolist()
        return y, x


def describe_heart(series: ASLSeries, posterior: Posterior, stated: Place | None) -> dict[str, Any]:
    """As it stands in ``summary.json``: columns and rows of the file's images, from 0.

    `stated` is what a person said, `slices` where each slice of the file was looked at; null where
    nobody said, and where the whole field was.
    """
    places = None
    if posterior.hearts is not None:
        shape = series.images.shape[1:]
        stored = series.on_file.stored_points(posterior.hearts, shape)[:, ::-1]
        places = stored.round(1).tolist()
    return {"stated": stated and str(stated), "slices": places}


def heart_notes(posterior: Posterior) -> tuple[str, ...]:
    """What is to be said of images that did not agree with the others."""
    if posterior.astray is None or not posterior.astray.any():
        return ()
    frames = np.flatnonzero(posterior.astray.any(1)).tolist()
    return (
        f"In {numbered('frame', frames)} something else looked more like the heart at first; the "
        "outline is of the place that the other images agree on: check it.",
    )
