"""Blood that pixels of the muscle hold: what a share of it does, and which pixels hold some.

Blood of the cavities is inverted in label images and fresh in control images: its difference is
tens of times that of muscle, so a hundredth of it in a pixel reads as half a mL/g/min.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_erosion, binary_fill_holes

TOLERATED = 3.5
"""Standard errors above muscle at which a pixel's difference halves its weight."""
LARGEST_RATIO = 2.5
"""Of the flow of a segment to that of the lower ones of its ring: beyond, it is taken for blood."""
UNEVEN = 0.25
"""Share by which flow of muscle may differ within a segment, a standard deviation."""
MEAN_SQUARE_SHARE = 1 / 6
"""Of blood, in a pixel that is not wholly muscle: what a border cuts off may be any share, whose
mean square is a third, and half of the borders are those of blood."""
UNSETTLED = 0.15
"""Doubt well below which it is near the share itself that is not muscle, whose square counts, and
well above which any share may be."""
USUAL = 0.0006
"""Mean square share of blood that does what noise does, where both are those of the paper's
images."""
LIMITS = (0.0002, 0.02)
"""Of that share."""
FEWEST = 5
"""Pixels from which a level is taken."""
QUARTILE = 0.6745
"""Standard deviations of a normal distribution from its median to its lower quartile."""


@dataclass(frozen=True)
class Admixture:
    """What the differences of one slice tell, pair by pair.

    Attributes:
        tolerance: mean square share of blood that does to a pixel what its noise does in the mean
            over pairs, which blood does not average out of: a pixel counts half there.
        factors: (pair, y, x), 0 to 1: 1 where the difference in all other pairs is as of muscle, 0
            where it is blood's. The pair itself is left out, so that its noise does not choose.
    """

    tolerance: float
    factors: np.ndarray

    @staticmethod
    def of(difference: np.ndarray, wall: np.ndarray, segments: np.ndarray) -> Admixture:
        """From the images of one slice.

        Args:
            difference: control minus label, signed, (pair, y, x).
            wall: pixels of muscle that most masks share, bool (y, x).
            segments: AHA number of each pixel, int (pair, y, x), 0 outside: each is judged against
                its own segment, as the flow of others may be several times as high.
        """
        pairs = len(difference)
        factors = np.ones(difference.shape)
        if pairs < 2 or wall.sum() < FEWEST:
            return Admixture(USUAL, factors)
        cavity = binary_erosion(binary_fill_holes(wall) & ~wall)
        mean = difference.mean(0)
        blood = float(np.median(mean[cavity])) if cavity.sum() >= FEWEST else np.nan
        noise = float(np.median(difference[:, wall].std(0, ddof=1)))
        if not noise > 0:
            return Admixture(USUAL, factors)
        tolerance = USUAL
        if np.isfinite(blood) and blood != 0:
            tolerance = float(np.clip((noise / blood) ** 2 / pairs, *LIMITS))
        error = noise / np.sqrt(pairs - 1)
        for pair in range(pairs):
            others = (pairs * mean - difference[pair]) / (pairs - 1)
            most = LARGEST_RATIO * max(_muscle(others[wall], error), error)
            for number in np.unique(segments[pair][segments[pair] > 0]):
                segment = segments[pair] == number
                known = others[segment & wall]
                if known.size < FEWEST:
                    continue
                muscle = min(_muscle(known, error), most)
                excess = np.maximum(others[segment] - muscle, 0.0)
                excess /= np.hypot(error, UNEVEN * muscle)
                factors[pair][segment] = 1.0 / (1.0 + (excess / TOLERATED) ** 4)
        return Admixture(tolerance, factors)


def mean_square_share(doubt: np.ndarray) -> np.ndarray:
    """Of blood in a pixel of this doubt, 0 to 1, that it is muscle."""
    return MEAN_SQUARE_SHARE * doubt**2 / (doubt + UNSETTLED)


def _muscle(differences: np.ndarray, error: float) -> float:
    """Difference of muscle among pixels of which some hold blood: that adds and never takes, so the
    lower ones tell."""
    return float(np.percentile(differences, 25) + QUARTILE * error)
