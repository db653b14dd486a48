"""Scores of masks and of their uncertainty; arrays are (frame, slice, y, x).

Source: Do, Guo, Yoon, Nayak 2020, Methods. A score that does not exist is NaN, never zero.
"""

from __future__ import annotations

import numpy as np

from ..series import Posterior

THRESHOLD = 0.5
"""Mean probability from which a pixel belongs to the predicted mask."""

DOUBTFUL = 1.5
"""Times the series' median score from which an image is marked for a look."""

ALWAYS_DOUBTFUL = 0.4
"""Score from which an image is marked whatever the series' median: a series can be bad throughout.
Images of the shipped model's evaluation score 0.12 ± 0.02 (`Docs/evaluation.json`)."""


def mcd_uncertainty(mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Sum of the uncertainty map over the pixels of the predicted mask, (frame, slice).

    NaN where the predicted mask is empty; otherwise 0 or more, no unit.
    """
    pixels = (mean >= THRESHOLD).sum((-2, -1))
    total = std.sum((-2, -1), dtype=np.float64)
    return np.divide(total, pixels, out=np.full(pixels.shape, np.nan), where=pixels > 0)


def doubtful_images(scores: np.ndarray) -> np.ndarray:
    """Which images a person should look at, bool (frame, slice).

    Those without a mask, and those whose score is high, or far above the series' median.

    Args:
        scores: of `mcd_uncertainty`.
    """
    if not np.isfinite(scores).any():
        return np.ones(scores.shape, bool)
    return ~(scores <= min(ALWAYS_DOUBTFUL, DOUBTFUL * np.nanmedian(scores)))


def dice(masks: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Dice coefficient per image, 0 to 1; NaN where both masks are empty."""
    overlap = (masks & reference).sum((-2, -1))
    total = masks.sum((-2, -1)) + reference.sum((-2, -1))
    return np.divide(2 * overlap, total, out=np.full(total.shape, np.nan), where=total > 0)


def dice_uncertainty(posterior: Posterior, reference: np.ndarray) -> np.ndarray:
    """Standard deviation over passes of Dice against a reference, (frame, slice).

    Over the passes whose masks were kept.
    """
    trials = np.asarray(posterior.trials)
    values = [
        np.where(t < trials, dice(posterior.masks_of_trial(t), reference), np.nan)
        for t in range(len(posterior.trial_masks))
    ]
    return np.nanstd(values, axis=0)


def false_positives(masks: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Pixels of the mask that are not in the reference, per image."""
    return (masks & ~reference).sum((-2, -1))


def false_negatives(masks: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Pixels of the reference that are not in the mask, per image."""
    return (~masks & reference).sum((-2, -1))
