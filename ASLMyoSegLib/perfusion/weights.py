"""How much each pixel counts for flow: the surer it is that it is muscle, the more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from ..series import ASLSeries, Posterior
from .admixture import Admixture, mean_square_share

WAYS = ("posterior", "mask")
"""`mask` counts every pixel of a mask alike, as the paper does."""
FOUND = 0.5
"""Mean from which the posterior takes a pixel for muscle; a person may know better below it."""
RARE = 0.02
"""Mean below which hardly a pass takes a pixel."""
BORDER_DOUBT = ((1.6, 0.02), (1.2, 0.06))
"""Distance (pixels) from what lies outside, and doubt of pixels nearer than that, of a mask of
which the posterior knows nothing: those on the border share with it, those behind a corner less."""


@dataclass(frozen=True)
class Weighing:
    """How much pixels of masks count.

    A pixel's squared error is that of its noise, and of the blood that it may hold in proportion to
    its doubt, 1 minus the posterior's mean: the best weight is the inverse of their sum. What the
    differences themselves show to be blood counts less still (`admixture`).

    Attributes:
        masks: bool (frame, slice, y, x), automatic or a person's: nothing outside of them counts.
        doubt: (frame, slice, y, x), 0 to 1, that a pixel is muscle.
        tolerance: (slice,), mean square share of blood at which a pixel counts half.
        factors: float32 (frame, slice, y, x), 0 to 1: less where differences are blood's.
    """

    masks: np.ndarray
    doubt: np.ndarray
    tolerance: np.ndarray
    factors: np.ndarray

    @staticmethod
    def of(
        series: ASLSeries,
        masks: np.ndarray,
        labels: np.ndarray,
        posterior: Posterior | None,
        polarity: np.ndarray,
    ) -> Weighing:
        """Of a series.

        Args:
            series: the images.
            masks: bool (frame, slice, y, x).
            labels: int, same shape, AHA segment of each pixel that any of the masks holds.
            posterior: what the network said; None where it was not asked, as for masks from
                elsewhere.
            polarity: 1 or -1, of the signal of each pair's muscle.
        """
        controls, inverted = (list(series.frames_of(kind)) for kind in ("control", "label"))
        tolerance = np.ones(masks.shape[1])
        factors = np.ones(masks.shape, np.float32)
        for k in np.flatnonzero(masks.any((0, 2, 3))):
            images = series.images[:, k].astype(np.float64)
            difference = polarity[:, None, None] * (images[controls] - images[inverted])
            wall = masks[controls + inverted, k].mean(0) >= 0.5
            blood = Admixture.of(difference, wall, labels[controls, k])
            tolerance[k] = blood.tolerance
            factors[controls, k] = factors[inverted, k] = blood.factors
        return Weighing(masks, _doubt(masks, posterior), tolerance, factors)

    def weights(self, strictness: float = 1.0) -> np.ndarray:
        """Weight of each pixel, float32 (frame, slice, y, x), 0 to 1; 0 outside of the masks.

        Args:
            strictness: by how much the share of blood at which a pixel counts half is lowered.
        """
        tolerance = (self.tolerance / strictness)[:, None, None]
        sure = tolerance / (tolerance + mean_square_share(self.doubt))
        return (self.masks * self.factors * sure).astype(np.float32)


def _doubt(masks: np.ndarray, posterior: Posterior | None) -> np.ndarray:
    """Doubt that each pixel of the masks is muscle, 0 to 1: what the posterior says, and the
    distance to the border where it took a pixel for none."""
    doubt = np.ones(masks.shape, np.float32) if posterior is None else 1.0 - posterior.mean
    for frame, k in np.argwhere((masks & (doubt > 1.0 - FOUND)).any((2, 3))):
        mask = masks[frame, k]
        unknown = mask & (doubt[frame, k] > 1.0 - FOUND)
        doubt[frame, k][unknown] = _border_doubt(mask)[unknown]
    return doubt


def reach_of_passes(masks: np.ndarray, posterior: Posterior) -> np.ndarray:
    """Pixels whose being muscle the passes may decide, bool (frame, slice, y, x): those that any of
    them may have taken, or of a mask from which a person has removed some, only its own."""
    removed = ((posterior.mean >= FOUND) & ~masks).any((2, 3), keepdims=True)
    return masks | (~removed & (posterior.mean >= RARE))


def _border_doubt(mask: np.ndarray) -> np.ndarray:
    distance = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    doubt = np.zeros(mask.shape, np.float32)
    for reach, value in BORDER_DOUBT:
        doubt[distance < reach] = value
    return doubt
