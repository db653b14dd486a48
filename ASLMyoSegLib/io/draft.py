"""Images whose files say too little to make a series of them, with whatever they do say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..series import Geometry
from .pixels import usable
from .privacy import without_identifiers
from .statement import Hints, RawSeries, geometry_of, images_of


@dataclass(frozen=True)
class Draft:
    """Frames that wait for a person to say what they are.

    Attributes:
        images: float32 (frame, slice, y, x), checked as those of a series are.
        geometry: of one frame.
        name: short name for people.
        words: per frame what its files say of it, for people and for `guess.types_from_words`:
            file name, volume type, ``TI 1.5 s``; empty where they say nothing.
        metadata: as of a series.
    """

    images: np.ndarray
    geometry: Geometry
    name: str
    words: tuple[str, ...]
    metadata: dict[str, Any]


def draft_of(raw: RawSeries, path: Path, names: Sequence[str]) -> Draft:
    """What can be said of a series without a person.

    Args:
        raw: what its files say.
        path: of the files.
        names: of the file of each frame; empty where one file holds all.

    Raises:
        UnstatedError: where the pixel size is not said.
        SeriesError: where images cannot be those of a series.
    """
    notes = list(raw.metadata.get("Notes", ()))
    geometry = geometry_of(raw, path, Hints(), notes)
    images = images_of(raw)
    words = _words(raw, names) + ("m0scan",) * (len(images) - len(raw.images))
    images = usable(path, images, words, range(len(images)), notes)
    metadata = {**without_identifiers(raw.metadata), "source": str(path)}
    if notes:
        metadata["Notes"] = notes
    return Draft(images, geometry, raw.name, words, metadata)


def _words(raw: RawSeries, names: Sequence[str]) -> tuple[str, ...]:
    count = len(raw.images)
    types = raw.volume_types or ("",) * count
    try:
        times = np.broadcast_to(np.array(raw.inversion_time, float), count)
    except (TypeError, ValueError, OverflowError):  # not said, or not of these frames
        times = np.full(count, np.nan)
    told = []
    for name, kind, time in zip(names or ("",) * count, types, times, strict=True):
        unprepared = not kind and time == 0 and np.any(times > 0)
        timed = f"TI {time:g} s" if time > 0 else "m0scan" if unprepared else ""
        told.append(" ".join(filter(None, (name, kind, timed))))
    return tuple(told)
