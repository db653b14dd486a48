"""What files say of a series, what people say of files, and the two made one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SeriesError
from ..series import VOLUME_TYPES, ASLSeries, Geometry

SMALLEST, LARGEST = 16, 1024
"""Image sides, in pixels, between which a heart can be looked for."""
SHORTEST_INVERSION_TIME, LONGEST_INVERSION_TIME = 0.01, 10.0
"""Seconds; what lies beyond is in milliseconds, or was divided by 1000 twice."""


@dataclass(frozen=True)
class Hints:
    """What a person states of files that do not say it themselves; it outweighs what they say.

    Attributes:
        volume_types: of all frames in their order, words of `VOLUME_TYPES`; None: as the file says.
        inversion_time: s, of every control and label frame; None: as the file says.
    """

    volume_types: tuple[str, ...] | None = None
    inversion_time: float | None = None


@dataclass(frozen=True)
class RawSeries:
    """What the files of one format say; None where they are silent.

    Attributes:
        images: (frame, slice, y, x), of any type.
        geometry: of one frame.
        name: short name for people, without anything that tells who the patient is.
        volume_types: per frame, unchecked.
        inversion_time: s, one for all or per frame, unchecked; any value for `m0scan` frames.
        metadata: BIDS keys, and in `Notes` sentences for people, where something is to be said.
        types_from: the file that told the volume types, or should have, for messages.
        times_from: the same of the inversion time, with the key.
    """

    images: np.ndarray
    geometry: Geometry
    name: str
    volume_types: tuple[str, ...] | None = None
    inversion_time: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)
    types_from: str = ""
    times_from: str = ""


def complete(raw: RawSeries, path: Path, hints: Hints) -> ASLSeries:
    """The series, checked at the door.

    Raises:
        SeriesError: where something lacks, is impossible, or contradicts something else.
    """
    types = _volume_types(raw, path, hints)
    times = _inversion_times(raw, path, hints, types)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
        images = raw.images.astype(np.float32)
    _check_pixels(path, images, types)
    return ASLSeries(
        images=images,
        volume_types=types,
        inversion_time=times,
        geometry=raw.geometry,
        name=raw.name,
        metadata={**raw.metadata, "source": str(path)},
    )


def _volume_types(raw: RawSeries, path: Path, hints: Hints) -> tuple[str, ...]:
    where = "--volume-types" if hints.volume_types else raw.types_from or str(path)
    types = hints.volume_types or raw.volume_types
    if types is None:
        beside = f", or write {raw.types_from} (BIDS)" if raw.types_from else ""
        raise SeriesError(
            f"{path}: nothing says which of its {len(raw.images)} frames are control, label or "
            f"m0scan; state it with --volume-types{beside}."
        )
    for frame, kind in enumerate(types):
        if kind not in VOLUME_TYPES:
            raise SeriesError(
                f"{where}: frame {frame} is {kind!r}; only control, label and m0scan frames can be "
                "segmented and quantified."
            )
    if len(types) != len(raw.images):
        raise SeriesError(
            f"{where}: {len(types)} volume types, but {path.name} has {len(raw.images)} frames; "
            "give one each."
        )
    for kind in ("control", "label"):
        if kind not in types:
            raise SeriesError(f"{where}: no {kind} frame; flow is control minus label.")
    return types


def _inversion_times(
    raw: RawSeries, path: Path, hints: Hints, types: tuple[str, ...]
) -> np.ndarray:
    """TI of each frame, s; NaN for M0."""
    stated = hints.inversion_time is not None
    value = hints.inversion_time if stated else raw.inversion_time
    where = "--inversion-time" if stated else raw.times_from or f"{path}: inversion time"
    if value is None:
        beside = f", or write it into {raw.times_from} (BIDS)" if raw.times_from else ""
        raise SeriesError(
            f"{path}: nothing says its inversion time; state it in seconds with --inversion-time"
            f"{beside}."
        )
    try:
        times = np.array(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        times = np.array(np.nan)
    if isinstance(value, bool) or (times.ndim == 0 and np.isnan(times)):
        raise SeriesError(f"{where} is {shortened(value)}, where seconds are needed.")
    if times.ndim == 0:
        times = np.full(len(types), float(times))
    if times.shape != (len(types),):
        raise SeriesError(
            f"{where} has {times.size} values for {len(types)} frames; give one or one each."
        )
    prepared = np.array([kind != "m0scan" for kind in types])
    for frame in np.flatnonzero(prepared):
        time = times[frame]
        if not SHORTEST_INVERSION_TIME <= time <= LONGEST_INVERSION_TIME:
            hint = " (is it in milliseconds?)" if time > LONGEST_INVERSION_TIME else ""
            raise SeriesError(
                f"{where} of frame {frame} is {time:g}, where {SHORTEST_INVERSION_TIME:g} to "
                f"{LONGEST_INVERSION_TIME:g} seconds are possible{hint}."
            )
    return np.where(prepared, times, np.nan)


def shortened(value: object) -> str:
    """Of whatever length, for a message."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def check_matrix(path: Path, rows: int, columns: int) -> None:
    """Refuse images in which no heart can be looked for."""
    if min(rows, columns) < SMALLEST or max(rows, columns) > LARGEST:
        raise SeriesError(
            f"{path}: images of {columns}x{rows} pixels, where {SMALLEST} to {LARGEST} a side "
            "can be segmented."
        )


def _check_pixels(path: Path, images: np.ndarray, types: tuple[str, ...]) -> None:
    check_matrix(path, *images.shape[2:])
    for frame, image in enumerate(images):
        wrong = int(np.count_nonzero(~np.isfinite(image)))
        if wrong:
            raise SeriesError(
                f"{path}: frame {frame} ({types[frame]}) has {wrong} pixels that are NaN, "
                "infinite or too large for float32; export the images anew."
            )
        for k, plane in enumerate(image):
            if plane.min() == plane.max():
                raise SeriesError(
                    f"{path}: frame {frame}, slice {k} ({types[frame]}) has the value "
                    f"{plane.flat[0]:g} everywhere; leave it out or export it anew."
                )
