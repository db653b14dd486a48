"""Where the heart is, and which of the marked pixels are its own."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt, label
from scipy.ndimage import sum as sum_labels

from .scores import THRESHOLD

REACH = 40.0
"""How far (mm; a standard deviation) the middle of the muscle may lie from the place where it is
expected before other marks are preferred to it."""

BRIDGE = 0.3
"""Mean probability that connects marks: parts of one ring are seldom without muscle between them
in every pass."""


def region(mean: np.ndarray, place: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Pixels that may belong to the heart: those that no other mark is nearer to, bool (y, x).

    Marks are connected pixels above `BRIDGE` of which some reach the threshold of masks. The heart
    is the one that holds the most probability, weighted by a Gaussian of its distance from `place`.
    A single mark is the heart wherever it lies, and its region is the whole image.

    Args:
        mean: probability of muscle (y, x).
        place: where the heart is expected, pixels (y, x).
        spacing: pixel size, mm (y, x).
    """
    marks, _ = label(mean >= BRIDGE)
    numbers = np.unique(marks[mean >= THRESHOLD])
    if len(numbers) < 2:
        return np.ones(mean.shape, bool)
    marks[~np.isin(marks, numbers)] = 0
    pixels = sum_labels(np.ones_like(mean), marks, numbers)
    middles = np.stack([sum_labels(at, marks, numbers) / pixels for at in np.indices(mean.shape)])
    away = (((middles - place[:, None]) * spacing[:, None]) ** 2).sum(0)
    weights = sum_labels(mean, marks, numbers) * np.exp(-away / (2 * REACH**2))
    nearest = distance_transform_edt(
        marks == 0, sampling=spacing, return_distances=False, return_indices=True
    )
    return marks[tuple(nearest)] == numbers[weights.argmax()]
