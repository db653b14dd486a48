"""Parts of a series."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ASLMyoSegLib.series import ASLSeries


def only(series: ASLSeries, frames: Iterable[int]) -> ASLSeries:
    """A series of some of the frames."""
    kept = list(frames)
    return replace(
        series,
        images=series.images[kept],
        volume_types=tuple(series.volume_types[k] for k in kept),
        inversion_time=series.inversion_time[kept],
    )
