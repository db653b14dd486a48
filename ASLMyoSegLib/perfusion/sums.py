"""Weighted means of images over regions, with all pixels and with those of each pass."""

from __future__ import annotations

import numpy as np

from ..series import Posterior
from .aha import AHA_NAMES

REGIONS = max(AHA_NAMES)
"""The whole, 0, and AHA segments 1 to 16."""

MOST_PASSES = 128
"""That the spread over passes is taken from: its own error is 6 % then."""
LEVELS = (np.arange(16) + 0.5) / 16
"""Of the mean, spread evenly as passes that agree on the order of pixels would be."""


def region_means(images: np.ndarray, weights: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Weighted mean of each region in each frame, (region, frame); NaN where a region has nothing.

    Args:
        images: (frame, slice, y, x).
        weights: 0 to 1, same shape.
        labels: int, same shape, AHA segment of each pixel, 0 outside; row 0 is of all segments.
    """
    means = np.full((REGIONS, len(images)), np.nan)
    for frame, (image, weight, label) in enumerate(zip(images, weights, labels, strict=True)):
        at = (weight > 0) & (label > 0)
        w = weight[at].astype(np.float64)
        sums = np.bincount(label[at], w * image[at], REGIONS)
        total = np.bincount(label[at], w, REGIONS)
        sums[0], total[0] = sums.sum(), total.sum()
        np.divide(sums, total, out=means[:, frame], where=total > 0)
    return means


def means_of_passes(images: np.ndarray, labels: np.ndarray, posterior: Posterior) -> np.ndarray:
    """Mean of each region in each frame over the mask of each pass, (pass, region, frame).

    Where passes were not kept, as in a scene, masks of the posterior's mean at several levels stand
    for them.

    Args:
        images: (frame, slice, y, x).
        labels: int, same shape, AHA segment of each pixel that a pass may take.
        posterior: of the same images.
    """
    kept = int(min(len(posterior.trial_masks), np.min(posterior.trials), MOST_PASSES))
    count = kept if kept > 1 else len(LEVELS)
    frames, slices, rows, columns = images.shape
    sums, total = np.zeros((2, count, REGIONS, frames), np.float32)
    for frame in range(frames):
        for k in range(slices):
            label = labels[frame, k].ravel()
            at = np.flatnonzero(label)
            if not at.size:
                continue
            if kept > 1:
                packed = posterior.trial_masks[:kept, frame, k]
                bits = np.unpackbits(packed, axis=-1, count=rows * columns)[:, at]
            else:
                bits = posterior.mean[frame, k].ravel()[at] >= LEVELS[:, np.newaxis]
            taken = bits.astype(np.float32)
            own = np.zeros((at.size, REGIONS), np.float32)
            own[np.arange(at.size), label[at]] = 1.0
            total[..., frame] += taken @ own
            sums[..., frame] += taken @ (own * images[frame, k].ravel()[at, np.newaxis])
    sums[:, 0], total[:, 0] = sums.sum(1), total.sum(1)
    return np.divide(sums, total, out=np.full(sums.shape, np.nan), where=total > 0)


def error_over_pixels(values: np.ndarray, weights: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Standard error of the weighted mean of each region, (region,), from how its pixels scatter:
    of noise, and of what some of them hold beside muscle. NaN below two pixels.

    Args:
        values: of each pair, (pair, slice, y, x).
        weights: same shape.
        labels: int, same shape, AHA segment of each pixel.
    """
    errors = np.full(REGIONS, np.nan)
    for number in range(REGIONS):
        own = weights * ((labels > 0) if number == 0 else (labels == number))
        total = own.sum(0)
        at = total > 0
        if at.sum() < 2:
            continue
        of_pixel = (own * values).sum(0)[at] / total[at]
        w = total[at] / total[at].sum()
        errors[number] = np.linalg.norm(w * (of_pixel - w @ of_pixel))
    return errors


def total_weight(weights: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Sum of weights of each region, (region,), mean over frames."""
    found = np.bincount(labels.ravel(), weights.ravel().astype(np.float64), REGIONS)
    found[0] = found[1:].sum()
    return found / len(weights)


def effective_pixels(weights: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Pixels alike whose mean would be as noisy, (region,), mean over frames:
    ``(sum w)^2 / sum w^2``."""
    counts = np.zeros((len(weights), REGIONS))
    for frame, (weight, label) in enumerate(zip(weights, labels, strict=True)):
        at = (weight > 0) & (label > 0)
        w = weight[at].astype(np.float64)
        total, squares = (np.bincount(label[at], w**power, REGIONS) for power in (1, 2))
        total[0], squares[0] = total.sum(), squares.sum()
        np.divide(total**2, squares, out=counts[frame], where=squares > 0)
    return counts.mean(0)
