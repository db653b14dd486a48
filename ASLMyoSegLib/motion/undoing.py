"""Frames moved back to where the heart usually is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import shift

from ..errors import SeriesError
from ..series import ASLSeries
from .measuring import Motion, measure_motion


def correct_motion(series: ASLSeries, motion: Motion) -> tuple[ASLSeries, Motion]:
    """The series with each frame moved back to the usual place, by cubic splines on its own grid.

    What leaves the image is lost, and what enters repeats its border. Frames whose motion is not
    known stay as they are.
    """
    images = series.images.copy()
    for frame, k in np.ndindex(images.shape[:2]):
        image, by = images[frame, k], motion.shifts[frame, k]
        if np.isfinite(by).all():
            moved = shift(image, -by, order=3, mode="nearest")
            images[frame, k] = moved.clip(image.min(), image.max())
    return replace(series, images=images), replace(motion, corrected=True)


def align_with_one_mask(series: ASLSeries, masks: np.ndarray) -> ASLSeries:
    """The series with each frame moved to the usual place, where one mask serves them all.

    Raises:
        SeriesError: where frames have masks of their own, which follow the motion already.
    """
    if (masks != masks[0]).any():
        raise SeriesError(
            f"{series.metadata.get('source', series.name)}: its frames have masks of their own, "
            "which follow the motion; correct it only with one mask for all."
        )
    return correct_motion(series, measure_motion(series, masks))[0]
