"""The plan of the bullseye: which sector lies where on a disc of radius 1.

Angles are degrees, counter-clockwise from the right of the picture (see `perfusion.aha`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from ..perfusion.aha import RING_SEGMENTS

HUB = 0.22
"""Radius of segment 17, the apex, which short-axis images do not show."""
_RINGS = {"basal": (0.75, 1.0), "mid": (0.5, 0.75), "apical": (HUB, 0.5)}
_MID_ALONE = {"mid": (0.45, 1.0)}
_FIRST_ANGLE = {6: 60.0, 4: 45.0}
_SCALE_ENDS = (2.0, 4.0, 6.0, 10.0)

ASSUMED = {
    "geometry": "rotation assumed: no RV insertion points",
    "assumed": "sides assumed: no RV insertion points, and no usual short axis",
    "unknown": "sides unknown: no RV insertion points, and no orientation in the file",
}
"""Notes beneath the disc, by what tells the sides of its walls."""


@dataclass(frozen=True)
class Sector:
    """One AHA segment on the disc: from `start` it spans `width` degrees, between two radii."""

    aha: int
    inner: float
    outer: float
    start: float
    width: float

    @property
    def middle(self) -> tuple[float, float]:
        """Where to write, (x, y)."""
        angle, radius = np.radians(self.start + self.width / 2), (self.inner + self.outer) / 2
        return float(radius * np.cos(angle)), float(radius * np.sin(angle))

    def holds(self, x: float, y: float) -> bool:
        """Whether a point of the disc lies in the sector."""
        turned = np.mod(np.degrees(np.arctan2(y, x)) - self.start, 360.0)
        return bool(self.inner <= np.hypot(x, y) < self.outer and turned < self.width)


def is_mid_only(segments: Collection[int]) -> bool:
    """Whether these segments are those of a single mid slice, which then fills the disc."""
    return bool(segments) and all(number in RING_SEGMENTS["mid"] for number in segments)


def sectors(segments: Collection[int]) -> tuple[Sector, ...]:
    """The sectors of a disc that shows these segments: all 16, or those of a mid slice alone."""
    rings = _MID_ALONE if is_mid_only(segments) else _RINGS
    return tuple(
        Sector(number, *radii, _FIRST_ANGLE[count] + k * 360.0 / count, 360.0 / count)
        for ring, radii in rings.items()
        for count in (len(RING_SEGMENTS[ring]),)
        for k, number in enumerate(RING_SEGMENTS[ring])
    )


def scale_end(values: Iterable[float]) -> float:
    """End of a colour scale from 0 that holds all values: 2, 4, 6 or 10 mL/g/min."""
    highest = max((v for v in values if np.isfinite(v)), default=0.0)
    return next((end for end in _SCALE_ENDS if highest <= end), _SCALE_ENDS[-1])
