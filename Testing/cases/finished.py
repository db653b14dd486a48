"""Finished series that did not move, for the tests of what is written of them."""

from __future__ import annotations

import numpy as np

from ASLMyoSegLib.motion.measuring import Motion
from ASLMyoSegLib.run.finished import FinishedSeries
from ASLMyoSegLib.series import ASLSeries, MBFResult, Posterior, RVInsertion, Segmentation


def finished(
    series: ASLSeries,
    posterior: Posterior,
    segmentation: Segmentation,
    flow: MBFResult | None = None,
    points: RVInsertion | None = None,
) -> FinishedSeries:
    """One that took no time and has no warnings."""
    x, y, _ = series.geometry.spacing
    still = Motion(np.zeros((*segmentation.masks.shape[:2], 2)), (y, x))
    return FinishedSeries(
        series, posterior, segmentation, flow, still, points, warnings=(), precision=None, seconds=0
    )
