"""Native T1 of muscle: a number for all of it, or a map."""

from __future__ import annotations

import numpy as np

from ..errors import QuantificationError
from ..series import ASLSeries
from .sums import REGIONS, region_means

LIKELY = (0.2, 4.0)
"""s: pixels of a map beyond are none of tissue, and do not count."""


def median_t1(series: ASLSeries, t1: float | np.ndarray) -> float:
    """One T1 (s) for all of the muscle: the number, or the median of a map.

    Raises:
        QuantificationError: where the map has another grid, or is none of seconds.
    """
    if np.ndim(t1) == 0:
        return float(t1)
    if np.shape(t1) != series.images.shape[1:]:
        raise QuantificationError(
            f"{series.name}: the T1 map has shape {np.shape(t1)}, where the images have "
            f"{series.images.shape[1:]} (slice, y, x); resample it on the grid of the series."
        )
    likely = t1[_is_likely(t1)]
    if not likely.size:
        raise QuantificationError(
            f"{series.name}: the T1 map holds no value between {LIKELY[0]:g} and {LIKELY[1]:g} s; "
            "give it in seconds."
        )
    return float(np.median(likely))


def t1_of_regions(t1: float | np.ndarray, weights: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """T1 (s) of each region, (region,): the weighted mean of a map over it.

    Args:
        t1: a number, or a map (slice, y, x).
        weights: (frame, slice, y, x), 0 to 1.
        labels: same shape, region of each pixel.
    """
    if np.ndim(t1) == 0:
        return np.full(REGIONS, float(t1))
    likely = _is_likely(t1)
    inside = weights * likely
    means = region_means(np.broadcast_to(np.where(likely, t1, 0.0), weights.shape), inside, labels)
    known = np.isfinite(means)
    total = np.where(known, means, 0.0).sum(1)
    return np.divide(
        total, known.sum(1), out=np.full(REGIONS, np.median(t1[likely])), where=known.any(1)
    )


def _is_likely(t1: np.ndarray) -> np.ndarray:
    return (t1 > LIKELY[0]) & (t1 < LIKELY[1])
