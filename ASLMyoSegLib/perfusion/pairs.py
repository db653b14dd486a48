"""Flow of several pairs of control and label taken together."""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

from .kinetics import difference_magnetisation, mbf_of_difference
from .model import FlowModel

FEWEST_TO_JUDGE = 4
"""Pairs without which none can be told to be the odd one out."""
TOLERATED = 2.5
"""Times the usual departure from what pairs share, up to which a pair counts fully; beyond, with
the inverse square."""
NAMED = 0.5
"""Weight below which a pair is named."""
FEWEST_TIMES = 3
"""Different inversion times that tell the arrival of labelled blood beside its flow."""
DIFFERENT = 0.1
"""Share by which inversion times differ that count as different: heartbeats do by less."""
LARGEST_CONDITION = 1e12
"""Of the fit, beyond which flow and arrival cannot be told apart at all."""
UNSURE_ARRIVAL = 0.15
"""s, standard error above which the arrival time is left as it was taken to be."""


def weigh_pairs(flows: np.ndarray, precision: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much each pair counts, 0 to 1, and how far it departs from the others.

    A pair that motion or an irregular heartbeat has spoilt departs in many segments at once: its
    departure is the root mean square over segments, each over the segment's own spread.

    Args:
        flows: (segment, pair), mL/g/min; NaN where there is none.
        precision: of each pair, (pair,), in proportion to its inverse variance.

    Returns:
        Weights and departures, (pair,); a departure of 1 is usual.
    """
    weights, departures = np.ones((2, flows.shape[1]))
    pairs = np.isfinite(flows).any(0)
    usable = flows[:, pairs][np.isfinite(flows[:, pairs]).all(1)]
    if pairs.sum() < FEWEST_TO_JUDGE or not len(usable):
        return weights, departures
    residuals = np.abs(usable - np.median(usable, axis=1, keepdims=True)) * np.sqrt(
        precision[pairs]
    )
    spread = np.median(residuals, axis=1, keepdims=True)
    if not (spread > 0).all():
        return weights, departures
    departure = np.sqrt(np.mean((residuals / spread) ** 2, axis=0))
    departures[pairs] = departure / np.median(departure)
    weights[pairs] = np.minimum(1.0, (TOLERATED / np.maximum(departures[pairs], TOLERATED)) ** 2)
    return weights, departures


def combine_pairs(flows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted mean over the last axis, of the pairs that have a flow; NaN where none has."""
    valid = np.isfinite(flows)
    total = np.where(valid, weights, 0.0).sum(-1)
    summed = (weights * np.where(valid, flows, 0.0)).sum(-1)
    return np.divide(summed, total, out=np.full(total.shape, np.nan), where=total > 0)


def sensitivity(model: FlowModel) -> np.ndarray:
    """Precision of the flow of each pair, (pair,), 1 the highest: the square of the difference that
    a unit of flow makes, by which the weighted mean is the fit by least squares."""
    of_unit_flow = model.of_unit_flow()
    return (of_unit_flow / of_unit_flow.max()) ** 2


def fit_arrival(model: FlowModel, difference: np.ndarray) -> float | None:
    """Arrival time (s) of labelled blood that fits the differences of pairs at several inversion
    times.

    Args:
        model: with their inversion times.
        difference: control minus label over M0 of the whole muscle, (pair,).

    Returns:
        None where the inversion times do not tell it.
    """
    known = np.isfinite(difference)
    difference, times = difference[known], model.times[known]
    distinct = 1 + int((np.diff(np.sort(times)) > DIFFERENT * np.median(times)).sum())
    if distinct < FEWEST_TIMES:
        return None
    constants = model.kinetic_constants()
    start = float(np.nanmedian(mbf_of_difference(difference, times, **constants)))
    if not np.isfinite(start):
        return None
    del constants["arrival_time"]
    scale = 0.05 * float(np.abs(difference).max())

    def misfit(found: np.ndarray) -> np.ndarray:
        made = difference_magnetisation(found[0], times, arrival_time=found[1], **constants)
        return (made - difference) / scale

    latest = float(times.min())
    limits = ([-np.inf, 0.0], [np.inf, latest])
    fit = least_squares(misfit, [start, 0.1 * latest], bounds=limits, loss="soft_l1")
    curvature = fit.jac.T @ fit.jac
    if np.linalg.cond(curvature) > LARGEST_CONDITION:
        return None
    variance = 2 * fit.cost / max(len(times) - 2, 1)
    error = np.sqrt(np.linalg.inv(curvature)[1, 1] * variance)
    return float(fit.x[1]) if error < UNSURE_ARRIVAL else None
