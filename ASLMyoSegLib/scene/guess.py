"""What the frames of a volume sequence are, where nobody says so, and whether it can be."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ..io.guess import WORDS, types_from_words
from ..series import VOLUME_TYPES

_TIME = re.compile(r"(?<![a-z])(?:ti|pld|inversion.?time)\s*[=:_ -]?\s*(\d+(?:\.\d+)?)\s*(ms|s)?")
LONGEST = 10.0
"""Seconds above which a number without a unit must mean milliseconds."""


def guess_frames(
    names: Sequence[str], inversion_times: Sequence[float] = ()
) -> tuple[tuple[str, ...], tuple[float, ...], str]:
    """Volume types and inversion times (s) of frames, and in words how they were told.

    Args:
        names: one per frame, whatever says something of it: name, description, attributes.
        inversion_times: one per frame where metadata has them, s or ms.

    Returns:
        Types (`VOLUME_TYPES`), times in s (NaN for `m0scan` and where nothing tells), and one of
        ``from the names`` or ``alternating, control first``, with ``after an M0 image`` where the
        number of frames is odd.
    """
    lowered = [name.lower() for name in names]
    types = types_from_words(names)
    how = "from the names"
    if types is None:
        types, how = _alternating([bool(re.search(WORDS["m0scan"], name)) for name in lowered])
    given = inversion_times or [_time_in(name) for name in lowered]
    times = [np.nan if k == "m0scan" else _seconds(t) for k, t in zip(types, given, strict=True)]
    return types, tuple(times), how


def check_frames(volume_types: Sequence[str], inversion_times: Sequence[float]) -> str:
    """Why these frames cannot be a series, in one sentence; empty where they can.

    A series without M0, or without control or label, can: it is segmented, and says when flow is
    asked for why there is none.
    """
    for frame, kind in enumerate(volume_types):
        if kind not in VOLUME_TYPES:
            return f"Frame {frame} is {kind or 'nothing'!r}; choose {', '.join(VOLUME_TYPES)}."
    counts = {kind: list(volume_types).count(kind) for kind in VOLUME_TYPES}
    paired = bool(counts["control"] and counts["label"])
    if paired and counts["control"] != counts["label"]:
        return (
            f"{counts['control']} control and {counts['label']} label frames make no pairs: "
            "as many of each are needed."
        )
    for frame, (kind, time) in enumerate(zip(volume_types, inversion_times, strict=True)):
        if kind == "m0scan":
            continue
        if not np.isfinite(time) and not paired:
            continue
        if not np.isfinite(time):
            return f"Frame {frame} ({kind}) has no inversion time: give it in seconds."
        if not 0 < time <= LONGEST:
            hint = " Is it in milliseconds?" if time > LONGEST else ""
            return (
                f"Frame {frame} ({kind}) has inversion time {time:g} s, where seconds above 0 and "
                f"up to {LONGEST:g} are possible.{hint}"
            )
    return ""


def foresee(volume_types: Sequence[str], slices: int) -> str:
    """What such frames, of so many slices, will not give; empty where they give all."""
    if {"control", "label"} <= set(volume_types):
        return ""
    found = "Without control and label there will be masks, but no flow."
    if len(volume_types) == 1 and slices > 1:
        found += (
            f" This is one image of {slices} slices; if they are frames, save them in four "
            "dimensions."
        )
    return found


def _alternating(m0: list[bool]) -> tuple[tuple[str, ...], str]:
    """Control and label in turn, between the frames that are M0; a first one without partner is."""
    how = "alternating, control first"
    others = [frame for frame, known in enumerate(m0) if not known]
    if len(others) % 2:
        m0[others.pop(0)] = True
        how += ", after an M0 image"
    turns = iter(("control", "label") * (len(others) // 2))
    return tuple("m0scan" if known else next(turns) for known in m0), how


def _time_in(name: str) -> float:
    found = _TIME.search(name)
    if not found:
        return np.nan
    value = float(found[1])
    return value / 1000 if found[2] == "ms" else _seconds(value)


def _seconds(value: float) -> float:
    return value / 1000 if value > LONGEST else value
