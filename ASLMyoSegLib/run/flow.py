"""Flow of a segmented series, or in words why there is none."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import QuantificationError
from ..perfusion.quantify import quantify
from ..series import ASLSeries, MBFResult, RVInsertion, Segmentation
from ..words import numbered


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
    notes = series.notes
    if empty:
        notes += (f"No myocardium was found in {numbered('frame', empty)}: outline it by hand.",)
    try:
        measured = segmentation.masks if masks is None else masks
        result = quantify(series, measured, points, **(constants or {}))
    except QuantificationError as error:
        return None, (*notes, f"No blood flow: {error}")
    return result, (*notes, *result.warnings)
