"""What the passes over one image have said so far, in memory that hardly grows with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import hadamard
from scipy.special import stdtrit
from torch.nn.functional import pad

from .scores import THRESHOLD, mcd_uncertainty

GROUPS = 16
"""Passes are dealt out to so many groups; how much these differ tells the error of the score."""

CONFIDENCE = 0.95

NOWHERE = (np.nan, np.nan)
"""The interval of a score that does not exist, or whose error is unknown."""


@dataclass(frozen=True)
class ImageSummary:
    """One image after N passes.

    Attributes:
        mean: float32 (y, x), 0 to 1.
        std: float32 (y, x), 0 to 0.5.
        region: bool (y, x), what may belong to the heart; the maps are zero elsewhere.
        score: MCD Uncertainty; NaN where the mask is empty.
        error: standard error of the score over repetitions of N passes; NaN where unknown.
        interval: where with 95 % confidence the mean score of such repetitions lies.
    """

    mean: np.ndarray
    std: np.ndarray
    region: np.ndarray
    score: float
    error: float
    interval: tuple[float, float]


Region = Callable[[np.ndarray], np.ndarray]
"""From the mean (y, x) of all passes to what may belong to the heart, bool (y, x)."""


class ImageStatistics:
    """Mean, spread and score of one image, pass by pass.

    Where the heart alone is asked for, each pass counts within its region only. The region comes
    from the mean of all passes, so it is applied last, which gives the same.

    Welford's update (1962) within each group and Chan's merger (1983) of the groups: neither
    subtracts large sums from each other, so float32 is enough.

    The standard error comes from balanced half-samples (McCarthy 1969): half of the groups deviate
    from all of them as all of them deviate from endless passes. So it holds for the score as it is
    defined, with its square roots, and with its threshold, where the jackknife would count pixels
    near one half several times.
    """

    def __init__(
        self,
        rows: int,
        columns: int,
        device: torch.device,
        *,
        kept: int | None = None,
        outside: tuple[int, int, int, int] = (0, 0, 0, 0),
        region: Region | None = None,
    ) -> None:
        """Begin without a pass.

        Args:
            rows: of what the passes saw, as `columns`.
            columns: see above.
            device: of the passes.
            kept: how many masks of single passes are kept; None: all.
            outside: pixels of the image left, right, above and below of that, for these masks.
            region: of the heart; None counts everything.
        """
        self.passes, self._kept = 0, kept
        self._outside, self._region = outside, region
        self._mean = torch.zeros(GROUPS, rows, columns, device=device)
        self._squares = torch.zeros(GROUPS, rows, columns, device=device)
        self._masks: list[np.ndarray] = []
        self._summary: ImageSummary | None = None

    def add(self, probability: torch.Tensor) -> None:
        """Take in passes, float32 (n, y, x)."""
        self._summary = None
        room = None if self._kept is None else max(0, self._kept - self.passes)
        masks = pad((probability[:room] >= THRESHOLD).cpu(), self._outside).flatten(1)
        self._masks.append(np.packbits(masks.numpy(), axis=-1))
        while len(probability):
            group = self.passes % GROUPS
            part = probability[: GROUPS - group]
            probability = probability[len(part) :]
            mean = self._mean[group : group + len(part)]
            squares = self._squares[group : group + len(part)]
            before = part - mean
            mean.add_(before, alpha=1 / (self.passes // GROUPS + 1))
            squares.addcmul_(before, part - mean)
            self.passes += len(part)

    def masks(self) -> np.ndarray:
        """Mask of each pass that is kept, packed to bits, uint8 (n, ceil(y * x / 8))."""
        self._masks = [np.concatenate(self._masks)]
        region = torch.from_numpy(self.summary().region)
        return self._masks[0] & np.packbits(pad(region, self._outside).numpy())

    def summary(self) -> ImageSummary:
        """All that is known now; at least one pass must have been added.

        The error is unknown while there are fewer passes than groups. Asked again before further
        passes, the answer is at hand.
        """
        if self._summary is None:
            self._summary = self._summarise()
        return self._summary

    def _summarise(self) -> ImageSummary:
        counts = np.array([len(range(g, self.passes, GROUPS)) for g in range(GROUPS)])
        means = self._mean.double().cpu().numpy()
        squares = self._squares.double().cpu().numpy()
        mean = np.tensordot(counts, means, 1) / self.passes
        region = np.ones(mean.shape, bool) if self._region is None else self._region(mean)
        mean, means, squares = mean * region, means * region, squares * region
        # Of each group: sum of differences from the mean of all, and of their squares.
        first = counts[:, None, None] * (means - mean)
        second = squares + first * (means - mean)
        std = np.sqrt(second.sum(0) / self.passes)
        maps = mean.astype(np.float32), std.astype(np.float32)
        score = float(mcd_uncertainty(*maps))
        error, interval = np.nan, NOWHERE
        if self.passes >= GROUPS and np.isfinite(score):
            error = score * _relative_error(counts, mean, first, second)
            reach = stdtrit(GROUPS - 1, 0.5 + CONFIDENCE / 2) * error
            interval = (max(score - reach, 0.0), score + reach)
        return ImageSummary(*maps, region, score, error, interval)


def _relative_error(
    counts: np.ndarray, mean: np.ndarray, first: np.ndarray, second: np.ndarray
) -> float:
    """Of the quotient of total deviation and mask pixels, from the spread of both over halves.

    Each row of a Hadamard matrix, and its reverse, takes one half of the groups. The quotient is
    linearised about its value in all passes, as both parts are biased in halves.
    """
    rows = hadamard(GROUPS)[1:]
    halves = (np.concatenate([rows, -rows]) > 0).astype(float)
    passes = (halves @ counts)[:, None, None]
    shift = np.tensordot(halves, first, 1) / passes
    variance = np.tensordot(halves, second, 1) / passes - shift**2
    total = np.sqrt(np.maximum(variance, 0)).sum((1, 2))
    pixels = ((mean + shift) >= THRESHOLD).sum((1, 2))
    whole = np.sqrt(second.sum(0) / counts.sum()).sum()
    if whole == 0:
        return 0.0
    return float(np.std(total / whole - pixels / max((mean >= THRESHOLD).sum(), 1)))
