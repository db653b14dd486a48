"""What the frames of a file are: their volume types, which of them are used, and when they were
taken."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SeriesError, UnstatedError
from ..series import VOLUME_TYPES, ASLSeries
from ..words import brief, counted, numbered, shortened
from .guess import type_from_words

OF_FILE = "FramesOfFile"
"""Metadata of series that are not all frames of one file: `count` of the file, those `kept`."""
LEFT_OUT = ("n/a", "na", "norf", "cbf", "deltam", "skip", "")
"""Words of frames, in small letters, that are neither segmented nor quantified: those of BIDS, and
what people write."""
PARTS = {"phase": "phase", "ph": "phase", "real": "the real part", "imag": "the imaginary part",
         "imaginary": "the imaginary part"}  # fmt: skip
"""Images that are no magnitude, by what stands in their names: ``part-phase`` in BIDS, a last
``_ph`` or ``_real`` of converters."""
SHORTEST_INVERSION_TIME, LONGEST_INVERSION_TIME = 0.01, 10.0
"""Seconds; what lies beyond is in milliseconds, or was divided by 1000 twice."""


@dataclass(frozen=True)
class FramesUsed:
    """Which frames of a file make the series.

    Attributes:
        count: of all frames of the file.
        kept: indices of those that are used, in their order.
        types: of these, words of `VOLUME_TYPES`.
        prepared: indices of all frames of the file that are control or label, used or not.
    """

    count: int
    kept: tuple[int, ...]
    types: tuple[str, ...]
    prepared: tuple[int, ...]


def frames_of_file(series: ASLSeries) -> tuple[int, Sequence[int]]:
    """How many frames the file of a series has, and which of these its first frames are; M0 of a
    file of its own follows them."""
    told = series.metadata.get(OF_FILE)
    if isinstance(told, Mapping):
        return told["count"], told["kept"]
    return len(series.images), range(len(series.images))


def no_magnitude(name: str) -> str:
    """What an image of this file name is, where it is no magnitude; empty where it may be one."""
    stem = re.sub(r"(_asl)?(\.[a-z]+){1,2}$", "", name.lower())
    parts = stem.split("_")
    named = next((p[5:] for p in parts if p.startswith("part-")), parts[-1] if parts[1:] else "")
    return PARTS.get(named, "")


def is_left_out(word: str) -> bool:
    """Whether a frame of this word is neither segmented nor quantified."""
    return word.strip().lower() in LEFT_OUT


def volume_types_of(words: Sequence[str], where: str, notes: list[str]) -> tuple[str, ...]:
    """Words that people write for frames as those of `VOLUME_TYPES`, in any case of letters; those
    of frames that are left out, and unknown ones, as they are.

    Args:
        words: one per frame.
        where: the file or the option that has them.
        notes: what is assumed is added.
    """
    types, taken = [], {}
    for word in words:
        plain = word.strip().lower()
        known = plain in (*VOLUME_TYPES, *LEFT_OUT)
        kind = plain if known else type_from_words(plain) or word
        if not known and kind != word:
            taken[word] = kind
        types.append(kind)
    notes += [f"{brief(where)}: {word!r} is taken for {kind}." for word, kind in taken.items()]
    return tuple(types)


def check_types(types: Sequence[str], where: str) -> None:
    """Refuse words that say nothing.

    Args:
        types: of `volume_types_of`.
        where: the file or the option that says them.

    Raises:
        SeriesError: where there is one.
    """
    for frame, kind in enumerate(types):
        if kind not in (*VOLUME_TYPES, *LEFT_OUT):
            raise SeriesError(
                f"{where}: frame {frame} is {kind!r}; only control, label and m0scan frames can be "
                "segmented and quantified, and those called n/a are left out."
            )


def frames_used(
    types: Sequence[str],
    shape: Sequence[int],
    skipped: Sequence[int],
    path: Path,
    where: str,
    notes: list[str],
    *,
    stated: bool,
) -> FramesUsed:
    """The frames that make a series: neither skipped, nor of a type that is left out, nor a last
    one without its partner, unless a person says that it is one.

    Args:
        types: per frame of the file, or of those that are not skipped.
        shape: of the images of the file, (frame, slice, ...).
        skipped: frames that a person leaves out, from 0.
        path: of the images.
        where: the file or the option that says the types.
        notes: what is left out is added.
        stated: whether a person says the types.

    Raises:
        SeriesError: where types and frames do not fit each other.
    """
    types = list(types)
    check_types(types, where)
    count = shape[0]
    if beyond := sorted(f for f in set(skipped) if f >= count):
        raise SeriesError(
            f"--skip-frames {beyond[0]}: {path.name} has {counted(count, 'frame')}, of which the "
            "first is 0."
        )
    if skipped and len(types) == count - len(set(skipped)):
        for frame in sorted(set(skipped)):
            types.insert(frame, "skip")
    if len(types) != count:
        _refuse_count(types, shape, path, where)
    kept = [f for f, kind in enumerate(types) if kind in VOLUME_TYPES and f not in skipped]
    if not kept:
        raise SeriesError(f"{where}: leaves out all frames; one at least has to be used.")
    for kind in dict.fromkeys(types):
        frames = [f for f, k in enumerate(types) if k == kind and f not in skipped]
        if kind in LEFT_OUT and frames:
            notes.append(
                f"Left out, as {brief(where)} has {kind!r} there: {numbered('frame', frames)}."
            )
    if skipped:
        notes.append(f"Left out by --skip-frames: {numbered('frame', sorted(set(skipped)))}.")
    odd = None if stated else _without_partner([(f, types[f]) for f in kept])
    if odd is not None:
        kept.remove(odd)
        notes.append(f"Frame {odd}, the last {types[odd]}, has no partner and is left out.")
    prepared = tuple(f for f, kind in enumerate(types) if kind in ("control", "label"))
    return FramesUsed(count, tuple(kept), tuple(types[f] for f in kept), prepared)


def _without_partner(frames: Sequence[tuple[int, str]]) -> int | None:
    """The last of frames that are control and label in turn, where their number is odd."""
    pairs = [(f, kind) for f, kind in frames if kind != "m0scan"]
    kinds = [kind for _, kind in pairs]
    in_turn = all(a != b for a, b in pairwise(kinds))
    return pairs[-1][0] if in_turn and len(kinds) > 2 and len(kinds) % 2 else None


def _refuse_count(types: Sequence[str], shape: Sequence[int], path: Path, where: str) -> None:
    frames, slices = shape[:2]
    problem = (
        f"{where}: {counted(len(types), 'volume type')}, but {path.name} has "
        f"{counted(frames, 'frame')}"
    )
    if frames == 1 and len(types) == slices:
        raise UnstatedError(
            f"{problem} of {slices} slices",
            "if these are the frames, say so with --axes x,y,frame.",
        )
    raise SeriesError(f"{problem}; give one each, n/a for those that are left out.")


def inversion_times(value: Any, used: FramesUsed, where: str, notes: list[str]) -> np.ndarray:
    """TI of each frame that is used, s; NaN of M0.

    Args:
        value: one for all; or one for each frame of the file, for each that is used, or for each
            control and label.
        used: the frames.
        where: the file and the key, or the option, that says them.
        notes: what is assumed is added.

    Raises:
        SeriesError: where the value is impossible.
    """
    try:
        times = np.array(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        times = np.array(np.nan)
    truths = any(isinstance(v, bool) for v in (value if isinstance(value, list) else [value]))
    if truths or times.ndim > 1 or (times.ndim == 0 and np.isnan(times)):
        raise SeriesError(f"{where} is {shortened(value)}, where seconds are needed.")
    times = _of_each(times.reshape(-1), used, where, notes)
    prepared = np.array([kind != "m0scan" for kind in used.types])
    for k in np.flatnonzero(prepared):
        frame, time = used.kept[k], times[k]
        if np.isnan(time):
            raise SeriesError(
                f"{where} of frame {frame} is not there; state it in seconds with --inversion-time."
            )
        if not SHORTEST_INVERSION_TIME <= time <= LONGEST_INVERSION_TIME:
            hint = " (is it in milliseconds?)" if time > LONGEST_INVERSION_TIME else ""
            raise SeriesError(
                f"{where} of frame {frame} is {time:g}, where {SHORTEST_INVERSION_TIME:g} to "
                f"{LONGEST_INVERSION_TIME:g} seconds are possible{hint}."
            )
    return np.where(prepared, times, np.nan)


def _of_each(times: np.ndarray, used: FramesUsed, where: str, notes: list[str]) -> np.ndarray:
    """One for each frame that is used."""
    if times.size == 1:
        return np.full(len(used.kept), times[0])
    if times.size == used.count:
        return times[list(used.kept)]
    if times.size == len(used.kept):
        return times
    if times.size == len(used.prepared):
        notes.append(
            f"{brief(where)} has no values for M0: they are those of control and label in turn."
        )
        of_file = np.full(used.count, np.nan)
        of_file[list(used.prepared)] = times
        return of_file[list(used.kept)]
    raise SeriesError(
        f"{where} has {counted(times.size, 'value')} for {counted(used.count, 'frame')}; give "
        "one or one each."
    )
