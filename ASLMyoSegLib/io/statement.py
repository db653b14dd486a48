"""What files say of a series, what people say of files, and the two made one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SeriesError, UnstatedError
from ..series import VOLUME_TYPES, ASLSeries, Geometry
from ..words import counted
from .privacy import without_identifiers

SMALLEST, LARGEST = 16, 1024
"""Image sides, in pixels, between which a heart can be looked for."""
SHORTEST_INVERSION_TIME, LONGEST_INVERSION_TIME = 0.01, 10.0
"""Seconds; what lies beyond is in milliseconds, or was divided by 1000 twice."""
AXES = ("x", "y", "slice", "frame")
"""What an axis of an array can be."""


@dataclass(frozen=True)
class Hints:
    """What a person states of files that do not say it themselves; it outweighs what they say.

    >>> Hints(volume_types=("m0scan", "control", "label"), inversion_time=1.4).stated()
    {'volume_types': ('m0scan', 'control', 'label'), 'inversion_time': 1.4}

    Attributes:
        volume_types: of all frames in their order, words of `VOLUME_TYPES`, one where the file
            holds a single image of one slice or more; None: as the file says.
        inversion_time: s, of every control and label frame; None: as the file says.
        variable: name of the images in a MATLAB file, ``data.images`` for a field of a struct;
            None: the only one that can be images.
        axes: words of `AXES` in the order in which the file or MATLAB lists the sizes; None: as the
            format has them.
        pixel_size: mm along x, y and, where there are several slices, from slice to slice; None:
            as the file says.

    Raises:
        SeriesError: where axes or pixel size cannot be.
    """

    volume_types: tuple[str, ...] | None = None
    inversion_time: float | None = None
    variable: str | None = None
    axes: tuple[str, ...] | None = None
    pixel_size: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        axes, size = self.axes, self.pixel_size
        if axes is not None:
            complete_axes = {"x", "y", "frame"} <= set(axes) <= set(AXES)
            if not complete_axes or len(set(axes)) < len(axes):
                raise SeriesError(
                    f"--axes {','.join(map(str, axes))}: name x, y and frame once each, and slice "
                    "where there is such an axis, such as y,x,frame or x,y,slice,frame."
                )
        if size is not None and not (len(size) in (2, 3) and all(0 < v < np.inf for v in size)):
            raise SeriesError(
                f"--pixel-size {','.join(f'{v:g}' for v in size)}: give two or three lengths in mm "
                "above 0, along x, y and from slice to slice."
            )

    @property
    def frames(self) -> int | None:
        """How many there are, as far as it is stated."""
        return None if self.volume_types is None else len(self.volume_types)

    def stated(self) -> dict[str, Any]:
        """What was stated, by its name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class RawSeries:
    """What the files of one format say; None where they are silent.

    Attributes:
        images: (frame, slice, y, x), of any type.
        geometry: of one frame; spacing NaN where files do not say it.
        name: short name for people, without anything that tells who the patient is.
        volume_types: per frame, unchecked.
        inversion_time: s, one for all or per frame, unchecked; any value for `m0scan` frames.
        metadata: BIDS keys; `Notes`, sentences for people, where something is to be said; and
            `SeriesDigest`, which tells series apart where names do not.
        types_from: the file that told the volume types, or should have, for messages.
        times_from: the same of the inversion time, with the key.
        m0: frames (frame, slice, y, x) of an M0 scan that has its own file; they go last.
        m0_from: short name of that file or series, for people.
    """

    images: np.ndarray
    geometry: Geometry
    name: str
    volume_types: tuple[str, ...] | None = None
    inversion_time: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)
    types_from: str = ""
    times_from: str = ""
    m0: np.ndarray | None = None
    m0_from: str = ""


def complete(
    raw: RawSeries, path: Path, hints: Hints, *, keep_identifiers: bool = False
) -> ASLSeries:
    """The series, checked at the door, and without what tells who the patient is, unless that is
    to be kept.

    Raises:
        SeriesError: where something lacks, is impossible, or contradicts something else.
    """
    types = _volume_types(raw, path, hints)
    times = _inversion_times(raw, path, hints, types)
    geometry = geometry_of(raw, path, hints)
    images = images_of(raw)
    of_m0 = len(images) - len(raw.images)
    types += ("m0scan",) * of_m0
    times = np.append(times, np.full(of_m0, np.nan))
    check_pixels(path, images, types)
    metadata = {**raw.metadata, **({"M0From": raw.m0_from} if raw.m0_from else {})}
    metadata = metadata if keep_identifiers else without_identifiers(metadata)
    return ASLSeries(
        images=images,
        volume_types=types,
        inversion_time=times,
        geometry=geometry,
        name=raw.name,
        metadata={**metadata, "source": str(path)},
    )


def images_of(raw: RawSeries) -> np.ndarray:
    """All frames, float32 (frame, slice, y, x), those of an M0 scan of its own last; what float32
    cannot hold becomes infinite."""
    with np.errstate(over="ignore"):
        images = raw.images.astype(np.float32)
        return images if raw.m0 is None else np.concatenate([images, raw.m0.astype(np.float32)])


def check_types(types: tuple[str, ...], images: np.ndarray, path: Path, where: str) -> None:
    """Refuse volume types that cannot be those of a series.

    Args:
        types: per frame, of any number.
        images: (frame, slice, y, x).
        path: of the images.
        where: the file or the option that says the types.

    Raises:
        SeriesError: where they cannot.
    """
    for frame, kind in enumerate(types):
        if kind not in VOLUME_TYPES:
            raise SeriesError(
                f"{where}: frame {frame} is {kind!r}; only control, label and m0scan frames can be "
                "segmented and quantified."
            )
    frames, slices = images.shape[:2]
    if len(types) != frames:
        stacked = frames == 1 and len(types) == slices
        problem = (
            f"{where}: {counted(len(types), 'volume type')}, but {path.name} has "
            f"{counted(frames, 'frame')}"
        )
        if stacked:
            raise UnstatedError(
                f"{problem} of {slices} slices",
                "if these are the frames, say so with --axes x,y,frame.",
            )
        raise SeriesError(f"{problem}; give one each.")


def _volume_types(raw: RawSeries, path: Path, hints: Hints) -> tuple[str, ...]:
    where = "--volume-types" if hints.volume_types else raw.types_from or str(path)
    types = hints.volume_types or raw.volume_types
    if types is None:
        beside = f", or write {raw.types_from} (BIDS)" if raw.types_from else ""
        raise UnstatedError(
            f"{path}: nothing says which of its {len(raw.images)} frames are control, label or "
            "m0scan",
            f"state it with --volume-types{beside}.",
        )
    check_types(types, raw.images, path, where)
    return types


def _inversion_times(
    raw: RawSeries, path: Path, hints: Hints, types: tuple[str, ...]
) -> np.ndarray:
    """TI of each frame, s; NaN for M0, and where nobody says it of images that make no pair, as
    these give no flow."""
    stated = hints.inversion_time is not None
    value = hints.inversion_time if stated else raw.inversion_time
    where = "--inversion-time" if stated else raw.times_from or f"{path}: inversion time"
    if value is None and not {"control", "label"} <= set(types):
        return np.full(len(types), np.nan)
    if value is None:
        beside = f", or write it into {raw.times_from} (BIDS)" if raw.times_from else ""
        raise UnstatedError(
            f"{path}: nothing says its inversion time",
            f"state it in seconds with --inversion-time{beside}.",
        )
    try:
        times = np.array(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        times = np.array(np.nan)
    truths = any(isinstance(v, bool) for v in (value if isinstance(value, list) else [value]))
    if truths or times.ndim > 1 or (times.ndim == 0 and np.isnan(times)):
        raise SeriesError(f"{where} is {shortened(value)}, where seconds are needed.")
    if times.ndim == 0:
        times = np.full(len(types), float(times))
    if times.shape != (len(types),):
        raise SeriesError(
            f"{where} has {counted(times.size, 'value')} for {counted(len(types), 'frame')}; give "
            "one or one each."
        )
    prepared = np.array([kind != "m0scan" for kind in types])
    for frame in np.flatnonzero(prepared):
        time = times[frame]
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


def geometry_of(raw: RawSeries, path: Path, hints: Hints) -> Geometry:
    """With the pixel size that was stated, or the file's; the one slice of a series of which
    nobody says how thick it is has 1 mm."""
    spacing = (*(hints.pixel_size or ()), *raw.geometry.spacing[len(hints.pixel_size or ()) :])
    if not np.isfinite(spacing[:2]).all():
        raise UnstatedError(
            f"{path}: does not say its pixel size", "state it in mm with --pixel-size x,y."
        )
    if not np.isfinite(spacing[2]):
        if raw.images.shape[1] > 1:
            raise UnstatedError(
                f"{path}: does not say how far its {raw.images.shape[1]} slices lie apart",
                "state it in mm with --pixel-size x,y,slice.",
            )
        spacing = (*spacing[:2], 1.0)
    return replace(raw.geometry, spacing=tuple(float(v) for v in spacing))


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


def check_pixels(path: Path, images: np.ndarray, types: tuple[str, ...]) -> None:
    check_matrix(path, *images.shape[2:])
    for frame, image in enumerate(images):
        wrong = int(np.count_nonzero(~np.isfinite(image)))
        if wrong:
            raise SeriesError(
                f"{path}: frame {frame} ({types[frame]}) is NaN, infinite or too "
                f"large for float32 in {counted(wrong, 'pixel')}; export the images anew."
            )
        for k, plane in enumerate(image):
            if plane.min() == plane.max():
                raise SeriesError(
                    f"{path}: frame {frame}, slice {k} ({types[frame]}) has the value "
                    f"{plane.flat[0]:g} everywhere; leave it out or export it anew."
                )
