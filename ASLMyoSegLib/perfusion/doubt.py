"""How sure flow is: the spread over passes, over pairs, and that of constants, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import stdtrit

from ..series import MBFResult
from .aha import RING_SEGMENTS
from .pairs import combine_pairs

NOMINAL = 0.90
"""Of the intervals."""
POOLED = 10.0
"""Degrees of freedom that the spread over pairs of all segments together lends to that of each:
noise of neighbours is alike, and six pairs alone tell it to no better than 30 %."""
SHARE_OF_PASSES = 0.25
"""Of the spread over passes that counts: their masks are wider and narrower than the weights, which
hold fast to what all agree on (Docs/flow.md)."""


@dataclass(frozen=True)
class Doubt:
    """Standard errors of flow, mL/g/min, each (region,), the whole first.

    Attributes:
        passes: standard deviation over passes of the flow of their masks; NaN without any.
        pixels: of the mean over pixels, as their differences scatter; NaN where it is not known.
        choice: between weights that might as well have been chosen; NaN without any.
        pairs: of the mean over pairs; NaN where a single one does not tell.
        constants: of the model.
        freedom: degrees of freedom of `pairs`.
    """

    passes: np.ndarray
    pixels: np.ndarray
    choice: np.ndarray
    pairs: np.ndarray
    constants: np.ndarray
    freedom: np.ndarray

    @staticmethod
    def of(
        flows: np.ndarray,
        weights: np.ndarray,
        pixels: np.ndarray,
        by_pass: np.ndarray,
        by_choice: np.ndarray,
        over_pixels: np.ndarray,
        of_constants: float,
    ) -> Doubt:
        """From the flow of each pair and of each pass.

        Args:
            flows: (region, pair).
            weights: of pairs, 0 to 1.
            pixels: (region,), effective ones.
            by_pass: (pass, region), combined over pairs; NaN where passes are not known.
            by_choice: (choice, region), combined over pairs, of other weights.
            over_pixels: (region,), standard error of the mean over pixels.
            of_constants: standard deviation over flow of what constants may be.
        """
        error, freedom = error_over_pairs(flows, weights, pixels)
        mbf = np.abs(combine_pairs(flows, weights))
        choice = _deviation(by_choice) * np.sqrt(2)
        return Doubt(_deviation(by_pass), over_pixels, choice, error, of_constants * mbf, freedom)

    def of_region(self, number: int, mbf: float) -> dict[str, float]:
        """The attributes of a region's `SegmentFlow` that tell its doubt."""
        noise = np.maximum(self.pairs[number], np.nan_to_num(self.pixels[number]))
        spread, choice = np.nan_to_num([self.passes[number], self.choice[number]])
        alone = np.linalg.norm([noise, SHARE_OF_PASSES * spread, choice])
        error = np.hypot(alone, self.constants[number])
        reach = stdtrit(self.freedom[number], (1 + NOMINAL) / 2) * error
        found = {
            "spread": self.passes[number],
            "error": error,
            "low": mbf - reach,
            "high": mbf + reach,
            "error_alone": alone,
            "freedom": self.freedom[number],
        }
        return {name: float(value) for name, value in found.items()}


def error_over_pairs(
    flows: np.ndarray, weights: np.ndarray, pixels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Standard error of the weighted mean over pairs and its degrees of freedom, (region,) each.

    Args:
        flows: (region, pair), the first region the whole.
        weights: of pairs, 0 to 1.
        pixels: (region,), effective ones, to whose inverse variance is proportional.
    """
    valid = np.isfinite(flows)
    w = np.where(valid, weights, 0.0)
    total = w.sum(1)
    count = np.divide(total**2, (w**2).sum(1), out=np.zeros_like(total), where=total > 0)
    freedom = np.maximum(count - 1, 0)
    mean = np.divide((w * np.nan_to_num(flows)).sum(1), total, where=total > 0, out=total * np.nan)
    squares = (w * np.where(valid, flows - mean[:, None], 0.0) ** 2).sum(1)
    spread = freedom * total / np.maximum(count, 1)
    variance = np.divide(squares, spread, out=np.full_like(total, np.nan), where=spread > 0)
    known = np.isfinite(variance) & (pixels > 0)
    known[0] = False
    if known.any():
        of_pixel = np.median(variance[known] * pixels[known])
        shared = np.divide(of_pixel, pixels, out=np.full_like(pixels, np.nan), where=pixels > 0)
        lent = np.where(known, POOLED, 0.0)
        variance = np.where(
            known, (freedom * variance + lent * shared) / np.maximum(freedom + lent, 1), variance
        )
        freedom = freedom + lent
    error = np.sqrt(np.divide(variance, count, out=np.full_like(variance, np.nan), where=count > 0))
    return error, np.maximum(freedom, 1.0)


def _deviation(values: np.ndarray) -> np.ndarray:
    """Standard deviation over the first axis; NaN where fewer than two are known."""
    found = np.full(values.shape[1:], np.nan)
    enough = np.isfinite(values).sum(0) > 1
    found[enough] = np.nanstd(values[:, enough], axis=0, ddof=1)
    return found


def unsettled_segments(result: MBFResult) -> frozenset[int]:
    """AHA segments whose 90 % interval is wider than their flow differs from that of their ring,
    the mean of its segments: whether they differ from it is not settled."""
    flow = {s.aha: s for s in result.segments if np.isfinite(s.mbf)}
    found = set()
    for ring in RING_SEGMENTS.values():
        known = [flow[number] for number in ring if number in flow]
        for segment in known:
            apart = abs(segment.mbf - np.mean([other.mbf for other in known]))
            if segment.high - segment.low > apart:
                found.add(segment.aha)
    return frozenset(found)


class Measured(Protocol):
    """Flow with its doubt, as a `SegmentFlow` has it."""

    mbf: float
    error_alone: float
    freedom: float


def reserve(rest: Measured, stress: Measured) -> tuple[float, float, float]:
    """Flow under stress over that at rest, and the ends of its 90 % interval (Fieller 1954).

    What constants do to both alike leaves the ratio as it is. The interval ends nowhere (inf)
    where flow at rest may be none.
    """
    if not (np.isfinite([rest.mbf, stress.mbf]).all() and rest.mbf > 0):
        return np.nan, np.nan, np.nan
    ratio = stress.mbf / rest.mbf
    freedom = min(rest.freedom, stress.freedom)
    quantile = stdtrit(freedom, (1 + NOMINAL) / 2)
    below, above = (quantile * s.error_alone / rest.mbf for s in (rest, stress))
    if not np.isfinite([below, above]).all():
        return ratio, np.nan, np.nan
    shrink = 1 - below**2
    if shrink <= 0:
        return ratio, 0.0, np.inf
    reach = np.sqrt(max(ratio**2 * below**2 + above**2 * shrink, 0.0))
    return ratio, (ratio - reach) / shrink, (ratio + reach) / shrink
