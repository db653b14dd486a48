"""Masks a pixel thinner and thicker on both sides, as Matlab's ``bwmorph`` makes them."""

from __future__ import annotations

import numpy as np


def thinner(mask: np.ndarray) -> np.ndarray:
    """A mask (y, x) after one iteration of ``bwmorph(mask, 'thin')``: borders go where the shape
    stays connected.

    Source: Guo, Hall, Commun ACM 1989;32:359-373, algorithm A1; Matlab and scikit-image use it.
    """
    thin = np.pad(mask.astype(bool), 1)
    for first in (True, False):
        thin = thin & ~_removable(thin, first)
    return thin[1:-1, 1:-1]


def thicker(mask: np.ndarray) -> np.ndarray:
    """A mask (y, x) after one iteration of ``bwmorph(mask, 'thicken')``: what is around it becomes
    thinner."""
    return ~thinner(np.pad(~mask.astype(bool), 1, constant_values=True))[1:-1, 1:-1]


def _removable(mask: np.ndarray, first: bool) -> np.ndarray:
    """Pixels that one of the two sub-iterations removes; the border of the array is empty."""
    # Neighbours counter-clockwise from the right: x1 to x8 of Guo and Hall.
    steps = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))
    x = [np.roll(mask, (-down, -right), (0, 1)) for down, right in steps]
    around = [*x, x[0]]
    crossings = sum(~around[k] & (around[k + 1] | around[(k + 2) % 8]) for k in (0, 2, 4, 6))
    one = sum(around[k] | around[k + 1] for k in (0, 2, 4, 6))
    other = sum(around[k + 1] | around[k + 2 if k < 6 else 0] for k in (0, 2, 4, 6))
    few = np.minimum(one, other)
    kept = (x[1] | x[2] | ~x[7]) & x[0] if first else (x[5] | x[6] | ~x[3]) & x[4]
    return mask & (crossings == 1) & (few >= 2) & (few <= 3) & ~kept
