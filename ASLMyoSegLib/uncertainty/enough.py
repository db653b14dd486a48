"""How many passes are enough for a precision of the score."""

from __future__ import annotations

import numpy as np

from .statistics import ImageSummary

FLOOR = 64
"""Fewest passes per image by which a precision is judged."""

FORETELLING = 32
"""Passes after which an image's spread tells how many it will need."""

MARGIN = 1.2
"""An image is done where its estimated error is below the precision by this factor."""

CEILING = 4096
"""Most passes that a precision may cost an image; its interval then says what was reached."""


def passes_needed(passes: int, summary: ImageSummary, precision: float) -> int:
    """Passes after which an image is to be judged again; those that it had, where it is done.

    The error falls with the root of the passes. Its estimate has an error itself, of about a fifth:
    so a margin is kept, and no more than twice the passes are asked for at once.
    """
    return min(passes_foreseen(passes, summary, precision), 2 * passes)


def passes_foreseen(passes: int, summary: ImageSummary, precision: float) -> int:
    """Passes that an image will have had in the end, as far as its spread tells by now."""
    if np.isnan(summary.score):  # an empty mask has no score that could become precise
        return passes
    limit = precision * summary.score / MARGIN
    excess = (summary.error / limit) ** 2 if limit else 0.0
    if np.isnan(excess) or excess <= 1 or passes >= CEILING:
        return passes
    return min(int(np.ceil(passes * excess * 1.05)), CEILING)
