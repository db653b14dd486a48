"""A ring of muscle whose flow is known in each sector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ASLMyoSegLib.perfusion.aha import segment_labels
from ASLMyoSegLib.perfusion.kinetics import difference_magnetisation
from ASLMyoSegLib.series import ASLSeries, Geometry, RVInsertion


def ring(centre: tuple[float, float] = (48.0, 48.0), size: int = 96) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    radius = np.hypot(rows - centre[0], columns - centre[1])
    return (radius > 10) & (radius < 16)


def at(degrees: float, radius: float, centre: tuple[float, float] = (48.0, 48.0)) -> np.ndarray:
    """Pixel (y, x) at an angle of the display."""
    angle = np.radians(degrees)
    return np.array([centre[0] - radius * np.sin(angle), centre[1] + radius * np.cos(angle)])


POINTS = RVInsertion(at(120, 16)[None], at(240, 16)[None])


def series_with_flow(
    mbf: np.ndarray, ti: float | Sequence[float] = 1.8, **constants: float
) -> tuple[ASLSeries, np.ndarray]:
    """Images whose difference the general model produces; mbf per AHA segment 7-12.

    Args:
        mbf: (6,), mL/g/min.
        ti: inversion time of two pairs, or of each pair, s.
        constants: of `difference_magnetisation`.
    """
    mask = ring()
    field = np.zeros(mask.shape)
    labels = segment_labels(mask, "mid")
    for number, value in zip(range(7, 13), mbf, strict=True):
        field[labels == number] = value
    times = (ti, ti) if np.ndim(ti) == 0 else tuple(ti)
    images = [np.ones(mask.shape)]
    for time in times:
        label = np.where(mask, 1 - 2 * np.exp(-time / 1.25), 0.1)
        made = difference_magnetisation(field, time, **{"t1_tissue": 1.25, **constants})
        images += [label + made, label]
    types = ("m0scan", *("control", "label") * len(times))
    series = ASLSeries(
        np.abs(np.stack(images))[:, None].astype(np.float32),
        types,
        np.array([np.nan, *np.repeat(times, 2)]),
        Geometry((3.0, 3.0, 10.0)),
        metadata={"RepetitionTimePreparation": 10.0},
    )
    return series, np.broadcast_to(mask, series.images.shape)
