"""M0 in a DICOM series of its own: found beside an ASL series, and chosen among several."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import SeriesError
from ...words import counted
from ..images.grids import apart, laid_on
from .stack import Stack, read_signal, stack_of
from .study import m0_beside, plain_name

SAME = {"EchoTime": "echo time", "FlipAngle": "flip angle"}
"""What both have to share for their signals to be of one scale, beside the grid."""


def find_m0(path: Path, asl: Stack) -> tuple[Stack | None, str, list[str]]:
    """The M0 series that goes with an ASL series: of the same slices, on the same grid rather than
    on another, and nearest in time.

    Args:
        path: of the ASL series.
        asl: its images.

    Returns:
        The images, None where there are none; the name of their series; and sentences on what was
        decided.
    """
    fitting: list[tuple[bool, float, str, Stack]] = []
    notes = []
    for records in m0_beside(path):
        name = plain_name(records[0])
        try:
            stack = stack_of(records[0].path, records)
        except SeriesError:
            notes.append(f"{name} says that it is M0, but is no stack of images; it is not used.")
            continue
        if why_not := _why_not(asl, stack):
            notes.append(f"{name} says that it is M0, but {why_not}; it is not used.")
        else:
            fitting.append((not same_grid(asl, stack), _between(asl, stack), name, stack))
    if not fitting:
        return None, "", notes
    elsewhere, _, name, chosen = min(fitting, key=lambda found: found[:2])
    notes = [f"M0 is {name}, a series of its own.", *chosen.notes]
    if len(fitting) > 1:
        others = ", ".join(other for *_, other, stack in fitting if stack is not chosen)
        notes[0] = f"M0 is {name}, a series of its own, of nearest grid and time; not {others}."
    if elsewhere:
        x, y, _ = chosen.geometry.spacing
        notes.append(
            f"{name} lies on another grid, of pixels of {x:.4g}x{y:.4g} mm; it was interpolated "
            "linearly on that of the series, as if its grey values had the same scale."
        )
    ours, theirs = asl.records[0].metadata, chosen.records[0].metadata
    for key, words in SAME.items():
        if key in ours and key in theirs and abs(ours[key] - theirs[key]) > 0.01 * ours[key]:
            notes.append(
                f"M0 was acquired with another {words} than the ASL series ({theirs[key]:g}, not "
                f"{ours[key]:g}): their signals are not of one scale, and flow is wrong by that."
            )
    return chosen, name, notes


def read_m0(asl: Stack, m0: Stack, gain: float | None) -> np.ndarray:
    """Signal of M0 on the grid of an ASL series, (frame, slice, y, x); `gain` as `read_signal`.

    Raises:
        SeriesError: where pixels are damaged.
    """
    frames = read_signal(m0, gain)
    if same_grid(asl, m0):
        return frames
    return np.stack([laid_on(f, m0.geometry, asl.shape, asl.geometry) for f in frames])


def same_grid(asl: Stack, m0: Stack) -> bool:
    """Whether M0 needs no interpolation."""
    return asl.shape == m0.shape and not asl.geometry.difference(m0.geometry)


def _why_not(asl: Stack, m0: Stack) -> str:
    """Why a series cannot be the M0 of another; empty where it can."""
    if len({stack.records[0].space for stack in (asl, m0)} - {""}) > 1:
        return "it is of another frame of reference (0020,0052)"
    if len(m0.volumes) >= len(asl.volumes):
        has = counted(len(m0.volumes), "frame")
        return f"it has {has}, where the ASL series has {len(asl.volumes)}"
    if same_grid(asl, m0):
        return ""
    if not np.isfinite([asl.geometry.spacing, m0.geometry.spacing]).all():
        return "it is of another size"
    return apart(m0.shape, m0.geometry, asl.shape, asl.geometry)


def _between(asl: Stack, m0: Stack) -> float:
    """Time between two series, s; beyond any of those, distance in their numbers."""
    starts = [[f.order.time for f in stack.frames] for stack in (asl, m0)]
    if None not in [time for times in starts for time in times]:
        return abs(min(starts[0]) - min(starts[1]))
    numbers = [stack.records[0].number or 0 for stack in (asl, m0)]
    return 1e9 + abs(numbers[0] - numbers[1])
