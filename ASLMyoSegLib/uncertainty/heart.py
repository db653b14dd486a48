"""Where the heart is, and which of the marked pixels are its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, find_objects, label
from scipy.ndimage import sum as sum_labels

from ..series import RVInsertion
from .scores import THRESHOLD

FROM_MIDDLE, FROM_RV, FROM_WINDOW, FROM_PERSON = 60.0, 30.0, 40.0, 15.0
"""How far (mm; a standard deviation) the heart lies from the middle of the image, from the middle
between RV insertions, from the middle of a window about it, and from where a person says."""

BRIDGE = 0.3
"""Mean probability that connects marks: parts of one ring are seldom without muscle between them
in every pass."""

SAME = 12.0
"""Distance (mm; a standard deviation) between marks of one heart in different images."""


@dataclass(frozen=True)
class Guess:
    """Where the heart is expected.

    Attributes:
        place: pixels (y, x).
        reach: how sure that is: mm, a standard deviation.
    """

    place: np.ndarray
    reach: float

    def weight(self, places: np.ndarray, spacing: np.ndarray) -> np.ndarray:
        """How likely a heart is at each of some places (n, 2), up to 1."""
        away = (((places - self.place) * spacing) ** 2).sum(-1)
        return np.exp(-away / (2 * self.reach**2))


@dataclass(frozen=True)
class Marks:
    """What may be a heart in one image.

    Attributes:
        labels: number of the mark of each pixel (y, x), from 1; 0 where there is none.
        middles: of each mark, pixels (y, x), (mark, 2).
        weights: probability that each one holds, summed over its pixels.
    """

    labels: np.ndarray
    middles: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class Places:
    """Where the heart is in a series.

    Attributes:
        hearts: of each slice, pixels (slice, 2), (y, x).
        astray: bool (frame, slice), images in which something else looked more like it.
    """

    hearts: np.ndarray
    astray: np.ndarray


def marks_of(mean: np.ndarray) -> Marks:
    """Connected pixels above `BRIDGE` of which some reach the threshold of masks.

    Args:
        mean: probability of muscle (y, x).
    """
    labels, _ = label(mean >= BRIDGE)
    numbers = np.unique(labels[mean >= THRESHOLD])
    order = np.zeros(labels.max() + 1, int)
    order[numbers] = np.arange(1, len(numbers) + 1)
    labels = order[labels]
    boxes = find_objects(labels)
    middles = [[(span.start + span.stop - 1) / 2 for span in box] for box in boxes]
    weights = sum_labels(mean, labels, np.arange(1, len(numbers) + 1))
    return Marks(labels, np.reshape(middles, (-1, 2)), np.reshape(weights, -1))


def region(mean: np.ndarray, guess: Guess, spacing: np.ndarray) -> np.ndarray:
    """Pixels that may belong to the heart: those that no other mark is nearer to, bool (y, x).

    The heart is the mark that holds the most probability, weighted by how likely the guess makes
    its place. A single mark is the heart wherever it lies, and its region is the whole image.

    Args:
        mean: probability of muscle (y, x).
        guess: where the heart is expected.
        spacing: pixel size, mm (y, x).
    """
    marks = marks_of(mean)
    if len(marks.weights) < 2:
        return np.ones(mean.shape, bool)
    likely = marks.weights * guess.weight(marks.middles, spacing)
    nearest = distance_transform_edt(
        marks.labels == 0, sampling=spacing, return_distances=False, return_indices=True
    )
    return marks.labels[tuple(nearest)] == 1 + likely.argmax()


def between(points: RVInsertion) -> np.ndarray:
    """The middle between RV insertions, over all slices, pixels (y, x)."""
    return np.nanmean([points.anterior, points.inferior], (0, 1))


def agree(votes: list[list[Marks]], guess: Guess, spacing: np.ndarray) -> Places:
    """The place that images of one heart agree on.

    Every image has one vote, shared among its marks by the probability that they hold and by the
    guess. The place is where most votes lie within `SAME` of each other; each slice has its own
    about there, as the long axis is seldom quite at right angles.

    Args:
        votes: marks of each frame and slice.
        guess: where the heart is expected.
        spacing: pixel size, mm (y, x).
    """
    frames, slices = len(votes), len(votes[0])
    near, place = 2 * SAME, guess.place
    everyone = [(k, marks) for frame in votes for k, marks in enumerate(frame)]
    shares = [marks.weights * guess.weight(marks.middles, spacing) for _, marks in everyone]
    shares = [share / max(share.sum(), 1e-30) for share in shares]
    where = np.concatenate([marks.middles for _, marks in everyone])
    weight = np.concatenate(shares)
    of_slice = np.concatenate([np.full(len(m.weights), k) for k, m in everyone])
    if len(where):
        density = [weight @ Guess(at, SAME).weight(where, spacing) for at in where]
        place = where[int(np.argmax(density))]
    inside = (np.abs((where - place) * spacing) < near).all(1)
    hearts = np.tile(_middle(where, weight * inside, place), (slices, 1))
    for k in range(slices):
        hearts[k] = _middle(where, weight * inside * (of_slice == k), hearts[k])
    astray = [
        len(share) > 0
        and not (np.abs((marks.middles[share.argmax()] - hearts[k]) * spacing) < near).all()
        for (k, marks), share in zip(everyone, shares, strict=True)
    ]
    return Places(hearts, np.reshape(astray, (frames, slices)))


def _middle(where: np.ndarray, weight: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    total = weight.sum()
    return weight @ where / total if total > 0 else otherwise
