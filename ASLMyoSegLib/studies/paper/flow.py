"""Flow on masks, the paper's way: its formula, and all pixels of a mask alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import QuantificationError
from ...perfusion.quantify import quantify
from .cohort import Scan

PAPER_WAY = {"kinetics": "paper", "weights": "mask"}
"""Options of `quantify`."""


@dataclass(frozen=True)
class Flow:
    """Of one scan.

    Attributes:
        segments: MBF by AHA number, mL/g/min; NaN where there is none.
        noise: physiological noise by AHA number, mL/g/min; 0 is the whole muscle.
    """

    segments: dict[int, float]
    noise: dict[int, float]


def measure(scan: Scan, masks: np.ndarray) -> Flow | None:
    """Flow of a scan on masks (frame, slice, y, x); None where they give none."""
    try:
        result = quantify(scan.series, masks, scan.insertion, **PAPER_WAY)
    except QuantificationError:
        return None
    return Flow(
        {part.aha: part.mbf for part in result.segments},
        {part.aha: part.pn for part in (result.whole, *result.segments)},
    )


def compare(scans: list[Scan], masks: list[np.ndarray]) -> np.ndarray:
    """MBF of every segment of every scan on the reference masks and on others, (segment, 2)."""
    pairs = []
    for scan, own in zip(scans, masks, strict=True):
        expected, found = measure(scan, scan.masks), measure(scan, own)
        if expected is None or found is None:
            continue
        pairs += [
            (value, found.segments[aha])
            for aha, value in expected.segments.items()
            if np.isfinite(value) and np.isfinite(found.segments[aha])
        ]
    return np.array(pairs).reshape(-1, 2)
