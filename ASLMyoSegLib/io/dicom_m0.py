"""M0 in a DICOM series of its own: found beside an ASL series, and chosen among several."""

from __future__ import annotations

from pathlib import Path

from ..errors import SeriesError
from .dicom_stack import Stack, stack_of
from .dicom_study import m0_beside, plain_name

SAME = {"EchoTime": "echo time", "FlipAngle": "flip angle"}
"""What both have to share for their signals to be of one scale, beside the grid."""


def find_m0(path: Path, asl: Stack) -> tuple[Stack | None, str, list[str]]:
    """The M0 series that goes with an ASL series: on the same grid, and nearest in time.

    None is resampled: on another grid, signal is of another scale, as it goes with the size of a
    voxel and with how images are reconstructed.

    Args:
        path: of the ASL series.
        asl: its images.

    Returns:
        The images, None where there are none; the name of their series; and sentences on what was
        decided.
    """
    fitting: list[tuple[float, str, Stack]] = []
    notes = []
    for headers in m0_beside(path):
        name = plain_name(headers[0])
        try:
            stack = stack_of(headers[0].path, headers)
        except SeriesError:
            notes.append(f"{name} says that it is M0, but is no stack of images; it is not used.")
            continue
        if why_not := _why_not(asl, stack):
            notes.append(f"{name} says that it is M0, but {why_not}; it is not used.")
        else:
            fitting.append((_apart(asl, stack), name, stack))
    if not fitting:
        return None, "", notes
    _, name, chosen = min(fitting, key=lambda found: found[0])
    notes = [f"M0 is {name}, a series of its own.", *chosen.notes]
    if len(fitting) > 1:
        others = ", ".join(other for _, other, stack in fitting if stack is not chosen)
        notes[0] = f"M0 is {name}, a series of its own, acquired nearest in time; not {others}."
    ours, theirs = asl.headers[0].metadata, chosen.headers[0].metadata
    for key, words in SAME.items():
        if key in ours and key in theirs and abs(ours[key] - theirs[key]) > 0.01 * ours[key]:
            notes.append(
                f"M0 was acquired with another {words} than the ASL series ({theirs[key]:g}, not "
                f"{ours[key]:g}): their signals are not of one scale, and flow is wrong by that."
            )
    return chosen, name, notes


def _why_not(asl: Stack, m0: Stack) -> str:
    """Why a series cannot be the M0 of another; empty where it can."""
    spaces = {stack.headers[0].space for stack in (asl, m0)} - {""}
    if len(spaces) > 1:
        return "is of another frame of reference (0020,0052)"
    if asl.shape != m0.shape:
        sizes = ("x".join(map(str, stack.shape[::-1])) for stack in (m0, asl))
        return "has {} pixels and slices, where the ASL series has {}".format(*sizes)
    if name := asl.geometry.difference(m0.geometry):
        return f"has another {name} of its grid than the ASL series"
    if len(m0.volumes) >= len(asl.volumes):
        return f"has {len(m0.volumes)} frames, where the ASL series has {len(asl.volumes)}"
    return ""


def _apart(asl: Stack, m0: Stack) -> float:
    """Time between two series, s; beyond any of those, distance in their numbers."""
    starts = [[f.order.time for f in stack.frames] for stack in (asl, m0)]
    if None not in [time for times in starts for time in times]:
        return abs(min(starts[0]) - min(starts[1]))
    numbers = [stack.headers[0].number or 0 for stack in (asl, m0)]
    return 1e9 + abs(numbers[0] - numbers[1])
