"""Flow of a segmented series, or in words why there is none."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import QuantificationError
from ..perfusion.quantify import quantify
from ..series import ASLSeries, MBFResult, RVInsertion, Segmentation
from ..words import numbered

NARROWEST, WIDEST = 150.0, 600.0
"""Fields of view, mm, between which a chest is imaged."""


def measure_flow(
    series: ASLSeries,
    segmentation: Segmentation,
    points: RVInsertion | None,
    constants: Mapping[str, float] | None = None,
    masks: np.ndarray | None = None,
) -> tuple[MBFResult | None, tuple[str, ...]]:
    """Flow, or the reason why there is none; what reading noted, and images without muscle.

    `masks` are those of which flow is measured, where they are not all of the segmentation's.
    """
    empty = [int(i) for i in np.flatnonzero(~segmentation.masks.any((2, 3)).all(1))]
    notes = (*series.notes, *size_doubts(series))
    if empty:
        notes += (f"No myocardium was found in {numbered('frame', empty)}: outline it by hand.",)
    try:
        measured = segmentation.masks if masks is None else masks
        result = quantify(series, measured, points, **(constants or {}))
    except QuantificationError as error:
        return None, (*notes, f"No blood flow: {error}")
    return result, (*notes, *result.warnings)


def size_doubts(series: ASLSeries) -> tuple[str, ...]:
    """What is to be said where pixels cannot be of the size that files tell."""
    rows, columns = series.images.shape[2:]
    x, y = series.geometry.spacing[:2]
    lost = x == y == 1.0
    if (
        not lost
        and max(x * columns, y * rows) >= NARROWEST
        and min(x * columns, y * rows) <= WIDEST
    ):
        return ()
    why = "; files that lost their geometry have pixels of 1 mm" if lost else ""
    return (
        f"Pixels of {x:.4g}x{y:.4g} mm make a field of {x * columns:.4g}x{y * rows:.4g} mm, where "
        f"that of a chest is {NARROWEST:.0f} to {WIDEST:.0f} mm{why}: where it is wrong, state the "
        "pixel size with --pixel-size.",
    )
