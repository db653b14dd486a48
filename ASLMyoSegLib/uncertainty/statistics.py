"""What the passes over one image have said so far, in memory that does not grow with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import stdtrit

from .scores import mcd_uncertainty

GROUPS = 16
"""Passes are dealt out to so many groups; how much these differ tells the error of the score."""

CONFIDENCE = 0.95


@dataclass(frozen=True)
class ImageSummary:
    """One image after N passes.

    Attributes:
        mean: float32 (y, x), 0 to 1.
        std: float32 (y, x), 0 to 0.5.
        score: MCD Uncertainty; NaN where the mask is empty.
        error: standard error of the score over repetitions of N passes; NaN where unknown.
        interval: 95 % confidence interval of the score of endless passes.
    """

    mean: np.ndarray
    std: np.ndarray
    score: float
    error: float
    interval: tuple[float, float]


class ImageStatistics:
    """Mean, spread and score of one image, pass by pass.

    Welford's update (1962) within each group and Chan's merger (1983) of the groups: neither
    subtracts large sums from each other, so float32 is enough. The standard error is the jackknife
    that leaves one group out at a time (Busing, Meijer, van der Leeden 1999, for groups of unequal
    sizes): it holds for the score as it is defined, with its square roots and its threshold.
    """

    def __init__(self, rows: int, columns: int, device: torch.device) -> None:
        self.passes = 0
        self._mean = torch.zeros(GROUPS, rows, columns, device=device)
        self._squares = torch.zeros(GROUPS, rows, columns, device=device)
        self._masks: list[np.ndarray] = []

    def add(self, probability: torch.Tensor) -> None:
        """Take in passes, float32 (n, y, x)."""
        masks = (probability >= 0.5).flatten(1).cpu().numpy()
        self._masks.append(np.packbits(masks, axis=-1))
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
        """Mask of each pass, packed to bits, uint8 (n, ceil(y * x / 8))."""
        self._masks = [np.concatenate(self._masks)] if self._masks else []
        return self._masks[0]

    def summary(self) -> ImageSummary:
        """All that is known now; at least one pass must have been added."""
        used = min(self.passes, GROUPS)
        counts = np.array([len(range(g, self.passes, GROUPS)) for g in range(used)])
        means = self._mean[:used].double().cpu().numpy()
        squares = self._squares[:used].double().cpu().numpy()
        weights = counts[:, None, None]
        mean = (weights * means).sum(0) / self.passes
        spread = squares + weights * (means - mean) ** 2
        total = spread.sum(0)
        std = np.sqrt(total / self.passes)
        score = float(mcd_uncertainty(mean, std))
        if used < 2:
            return ImageSummary(*_single(mean, std), score, np.nan, (np.nan, np.nan))
        # Without group g: the mean moves, and the squares about it lose what the move explains.
        left = self.passes - weights
        means_left = mean - weights * (means - mean) / left
        squares_left = total - spread - left * (means_left - mean) ** 2
        scores_left = mcd_uncertainty(means_left, np.sqrt(np.maximum(squares_left, 0) / left))
        error = _jackknife_error(score, scores_left, self.passes / counts)
        reach = stdtrit(used - 1, 0.5 + CONFIDENCE / 2) * error
        return ImageSummary(*_single(mean, std), score, error, (score - reach, score + reach))


def _jackknife_error(score: float, left_out: np.ndarray, shares: np.ndarray) -> float:
    """Standard error from scores without each group, whose shares are ``N / n_group``."""
    pseudo = shares * score - (shares - 1) * left_out
    estimate = len(shares) * score - ((1 - 1 / shares) * left_out).sum()
    return float(np.sqrt(np.mean((pseudo - estimate) ** 2 / (shares - 1))))


def _single(mean: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return mean.astype(np.float32), std.astype(np.float32)
