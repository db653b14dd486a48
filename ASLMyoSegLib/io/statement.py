"""What files say of a series, what people say of files, and the two made one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SeriesError, UnstatedError
from ..geometry import Geometry, bring_to_stand
from ..series import ASLSeries
from ..words import brief
from .frames import OF_FILE, FramesUsed, frames_used, inversion_times, volume_types_of
from .pixels import STRETCHED, stretched, usable
from .privacy import without_identifiers

DIFFERENT = 0.01
"""Relative difference above which what is stated and what files say are not the same."""
PER_FRAME = (
    "EchoTime", "FlipAngle", "InversionTime", "LabelingDuration", "PostLabelingDelay",
    "RepetitionTimePreparation",
)  # fmt: skip
"""Keys of BIDS that may have a value for each frame."""
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
        skip_frames: indices of frames of the file that are left out, the first is 0.

    Raises:
        SeriesError: where axes, pixel size or frames cannot be.
    """

    volume_types: tuple[str, ...] | None = None
    inversion_time: float | None = None
    variable: str | None = None
    axes: tuple[str, ...] | None = None
    pixel_size: tuple[float, ...] | None = None
    skip_frames: tuple[int, ...] | None = None

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
        if self.skip_frames is not None and min(self.skip_frames, default=0) < 0:
            raise SeriesError("--skip-frames: frames count from 0; give them as 3,7-9.")

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
        times_problem: why files say no inversion time, where they say several.
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
    times_problem: str = ""
    m0: np.ndarray | None = None
    m0_from: str = ""


def complete(
    raw: RawSeries, path: Path, hints: Hints, *, keep_identifiers: bool = False
) -> ASLSeries:
    """The series, checked at the door and brought to stand, and without what tells who the patient
    is, unless that is to be kept.

    Raises:
        SeriesError: where something lacks, is impossible, or contradicts something else.
    """
    notes = list(raw.metadata.get("Notes", ()))
    used = _frames_used(raw, path, hints, notes)
    times = _inversion_times(raw, path, hints, used, notes)
    geometry = geometry_of(raw, path, hints, notes)
    images = images_of(raw)
    of_m0 = len(images) - len(raw.images)
    frames = [*used.kept, *range(len(raw.images), len(images))]
    types = used.types + ("m0scan",) * of_m0
    times = np.append(times, np.full(of_m0, np.nan))
    stored = bring_to_stand(geometry, images.shape[1:], slices_known=hints.axes is not None)
    images = usable(path, stored.standing(images[frames]), types, frames, notes)
    metadata = _of_frames(raw, used)
    if notes:
        metadata["Notes"] = notes
    metadata = metadata if keep_identifiers else without_identifiers(metadata)
    return ASLSeries(
        images=images,
        volume_types=types,
        inversion_time=times,
        geometry=stored.standing_geometry(images.shape[1:]),
        name=raw.name,
        metadata={**metadata, "source": str(path)},
        stored=stored,
    )


def _of_frames(raw: RawSeries, used: FramesUsed) -> dict[str, Any]:
    """Metadata of the frames that are used: lists of one value for each are those of these, and
    `OF_FILE` tells which they are, where they are not the file's."""
    metadata = dict(raw.metadata)
    for key in PER_FRAME:
        if isinstance(said := metadata.get(key), list) and len(said) == used.count:
            metadata[key] = [said[frame] for frame in used.kept]
    if len(used.kept) < used.count or raw.m0 is not None:
        metadata[OF_FILE] = {"count": used.count, "kept": list(used.kept)}
    if raw.m0_from:
        metadata["M0From"] = raw.m0_from
    if stretched(raw.images[list(used.kept)]):
        metadata["NoFlow"] = STRETCHED
    return metadata


def images_of(raw: RawSeries) -> np.ndarray:
    """All frames, float32 (frame, slice, y, x), those of an M0 scan of its own last; what float32
    cannot hold becomes infinite."""
    with np.errstate(over="ignore"):
        images = raw.images.astype(np.float32)
        return images if raw.m0 is None else np.concatenate([images, raw.m0.astype(np.float32)])


def _frames_used(raw: RawSeries, path: Path, hints: Hints, notes: list[str]) -> FramesUsed:
    stated = hints.volume_types is not None
    where = "--volume-types" if stated else raw.types_from or str(path)
    words = hints.volume_types or raw.volume_types
    if words is None:
        beside = f", or write {raw.types_from} (BIDS)" if raw.types_from else ""
        raise UnstatedError(
            f"{path}: nothing says which of its {len(raw.images)} frames are control, label or "
            "m0scan",
            f"state it with --volume-types{beside}.",
        )
    types = volume_types_of(words, where, notes)
    if stated and raw.volume_types is not None:
        said = volume_types_of(raw.volume_types, raw.types_from, [])
        other = [f for f, (a, b) in enumerate(zip(types, said, strict=False)) if a != b]
        if len(types) == len(said) and other:
            notes.append(
                f"--volume-types calls frame {other[0]} {types[other[0]]}, where "
                f"{brief(raw.types_from)} says {said[other[0]]}; what is stated is taken."
            )
    skipped = hints.skip_frames or ()
    return frames_used(types, raw.images.shape, skipped, path, where, notes, stated=stated)


def _inversion_times(
    raw: RawSeries, path: Path, hints: Hints, used: FramesUsed, notes: list[str]
) -> np.ndarray:
    """TI of each frame, s; NaN for M0, and where nobody says it of images that make no pair, as
    these give no flow."""
    stated, said = hints.inversion_time, raw.inversion_time
    if stated is None and said is None and not {"control", "label"} <= set(used.types):
        return np.full(len(used.types), np.nan)
    if stated is None and said is None:
        beside = f", or write it into {raw.times_from} (BIDS)" if raw.times_from else ""
        raise UnstatedError(
            raw.times_problem or f"{path}: nothing says its inversion time",
            f"state it in seconds with --inversion-time{beside}.",
        )
    where = raw.times_from or f"{path}: inversion time"
    if stated is None:
        return inversion_times(said, used, where, notes)
    times = inversion_times(stated, used, "--inversion-time", notes)
    try:
        files = inversion_times(said, used, where, [])
    except SeriesError:
        return times
    guessed = "TriggerTime" in where
    if not guessed and not np.allclose(files, times, rtol=DIFFERENT, equal_nan=True):
        listed = ", ".join(f"{t:g}" for t in sorted(set(files[np.isfinite(files)])))
        notes.append(
            f"--inversion-time {stated:g} s is stated, where {brief(where)} is {listed[:60]}; "
            "what is stated is taken."
        )
    return times


def geometry_of(raw: RawSeries, path: Path, hints: Hints, notes: list[str]) -> Geometry:
    """With the pixel size that was stated, or the file's; the one slice of a series of which
    nobody says how thick it is has 1 mm."""
    stated, said = hints.pixel_size or (), raw.geometry.spacing
    spacing = (*stated, *said[len(stated) :])
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
    apart = [abs(a - b) > DIFFERENT * b for a, b in zip(stated, said, strict=False)]
    if any(apart):
        notes.append(
            f"--pixel-size {'x'.join(f'{v:g}' for v in stated)} mm is stated, where the file says "
            f"{'x'.join(f'{v:.4g}' for v in said[: len(stated)])} mm; what is stated is taken."
        )
    return replace(raw.geometry, spacing=tuple(float(v) for v in spacing))
