"""A DICOM series put in order: which image is which slice of which frame, and their signal."""

from __future__ import annotations

import filecmp
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import SeriesError
from ...series import Geometry
from ..pixels import check_matrix
from .files import parsing, read_pixels
from .grid import ordered, stacked
from .record import Frame, Record, frames_of
from .types import told_types

ALL_DERIVED = (
    "Files say that all images were derived from others (0008,0008): flow holds where they still "
    "are the signal of control and label."
)


@dataclass(frozen=True)
class Stack:
    """The magnitude images of a series.

    Attributes:
        records: of its files, each object once, in natural order.
        volumes: by time, then by slice.
        geometry: of one volume; spacing NaN where files do not say it.
        notes: sentences on what was left out.
    """

    records: tuple[Record, ...]
    volumes: tuple[tuple[Frame, ...], ...]
    geometry: Geometry
    notes: tuple[str, ...]

    @property
    def frames(self) -> tuple[Frame, ...]:
        """All images, volume by volume."""
        return tuple(frame for volume in self.volumes for frame in volume)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows and columns of a volume."""
        return len(self.volumes[0]), *self.records[0].size


def stack_of(path: Path, records: Sequence[Record]) -> Stack:
    """Put the files of one series in order.

    Args:
        path: that was asked for, for messages.
        records: of all its files.

    Raises:
        SeriesError: where they cannot be one series of images.
    """
    kept, copies = _without_copies(records)
    _check_kind(path, kept)
    notes = [f"Copies of files are left out: {copies}."] if copies else []
    frames, left_out = _measured(path, frames_of(kept))
    frames, of_echoes = _of_one_echo(frames)
    slices, geometry = stacked(path, frames)
    volumes, of_order = ordered(path, slices)
    notes += [*left_out, *of_echoes, *_missing_parts(kept), *_scales(frames), *of_order]
    notes += _distances(slices, geometry)
    notes += [note for record in kept for note in record.notes]
    return Stack(kept, tuple(map(tuple, volumes)), geometry, tuple(dict.fromkeys(notes)))


def read_signal(stack: Stack, gain: float | None) -> np.ndarray:
    """Signal of a stack, float32 (frame, slice, y, x); each file is read once.

    Args:
        stack: of a series.
        gain: to which all are brought, as their own differ; None: as they are displayed.

    Raises:
        SeriesError: where pixels are damaged, no grey values, or compressed in an unknown way.
    """
    images = np.empty((len(stack.volumes), *stack.shape), np.float32)
    places = sorted(
        (str(frame.file), frame.index, t, k)
        for t, volume in enumerate(stack.volumes)
        for k, frame in enumerate(volume)
    )
    stored: np.ndarray | None = None
    current = ""
    for file, index, t, k in places:
        if file != current:
            current, stored = file, read_pixels(Path(file))
        images[t, k] = _signal(stored[index], stack.volumes[t][k], gain)
    return images


def _signal(stored: np.ndarray, frame: Frame, gain: float | None) -> np.ndarray:
    """Of the stored values (y, x) of a frame; padding around the image is 0."""
    slope, intercept = frame.scale
    factor = 1.0 if gain is None else gain / frame.gain
    signal = (stored * slope + intercept) * factor
    if frame.padding:
        first, last = frame.padding
        signal[(stored >= first) & (stored <= last)] = 0
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
        return signal.astype(np.float32)


def _measured(path: Path, frames: list[Frame]) -> tuple[list[Frame], list[str]]:
    """Magnitude images as they were measured, and sentences on others."""
    measured = [frame for frame in frames if not frame.instead]
    if not measured:
        raise SeriesError(f"{path}: {frames[0].instead}; give magnitude images.")
    others = Counter(frame.instead for frame in frames if frame.instead)
    derived = sum(frame.derived for frame in measured)
    if derived == len(measured):
        return measured, [ALL_DERIVED, *map(_left_out, others.items())]
    others["derived images (0008,0008)"] = derived
    originals = [frame for frame in measured if not frame.derived]
    return originals, [_left_out(other) for other in others.items() if other[1]]


def _left_out(other: tuple[str, int]) -> str:
    what, count = other
    return f"{what[0].upper()}{what[1:]} are left out: {count}."


def _of_one_echo(frames: list[Frame]) -> tuple[list[Frame], list[str]]:
    """Of images that were acquired at several echoes, those of the first; and sentences on what
    else differs, so that signals are not of one scale."""
    types, _ = told_types(frames) or (("",) * len(frames), "")
    by_echo: dict[float, list[int]] = {}
    for k, frame in enumerate(frames):
        by_echo.setdefault(round(frame.echo_time or 0, 2), []).append(k)
    contents = [Counter((frames[k].position, types[k]) for k in of) for of in by_echo.values()]
    many = min(contents[0].values()) > 1 or len(set(types)) > 1
    if len(by_echo) > 1 and many and all(content == contents[0] for content in contents):
        first, *others = sorted(by_echo)
        what = f"images of later echoes ({_listed(others)} ms, where {first:g} ms is taken)"
        taken = [frames[k] for k in by_echo[first]]
        return taken, [_left_out((what, len(frames) - len(taken)))]
    differing = {
        "echo times": ({frame.echo_time for frame in frames} - {None}, "ms"),
        "flip angles": ({frame.flip_angle for frame in frames} - {None}, "degrees"),
    }
    return frames, [
        f"Frames were acquired with several {what} ({_listed(sorted(values))} {unit}): their "
        "signals are not of one scale, and flow may be wrong by that."
        for what, (values, unit) in differing.items()
        if values and max(values) > 1.01 * min(values)
    ]


def _missing_parts(records: Sequence[Record]) -> list[str]:
    """Sentences on files of a concatenation that are not there."""
    there = [record.parts for record in records if record.parts]
    total = max((total for total, _ in there), default=0)
    missing = sorted(set(range(1, total + 1)) - {part for _, part in there})
    return [f"Of {total} files of one concatenation lack: {_listed(missing)}."] if missing else []


def _scales(frames: Sequence[Frame]) -> list[str]:
    """Sentences on scales that contradict each other."""
    ratios = {f.world[0] / f.scale[0]: f for f in frames if f.world}
    if not ratios or max(ratios) - min(ratios) <= 1e-3 * abs(max(ratios)):
        return []
    odd = ratios[max(ratios)]
    return [
        f"The slope to values of the real world (0040,9225) of a frame is {odd.world[0]:g}, "
        f"the rescale slope (0028,1053) {odd.scale[0]:g}, which does not go together with other "
        "frames; the latter is taken."
    ]


def _distances(slices: Sequence[Sequence[Frame]], geometry: Geometry) -> list[str]:
    """Sentences where slices lie as far apart as nothing but their positions says."""
    said, real = slices[0][0].step, geometry.spacing[2]
    if len(slices) == 1 or not said or abs(abs(said) - real) <= 0.1 * real:
        return []
    return [
        f"Slices lie {real:g} mm apart by their positions (0020,0032), which are believed, but "
        f"{said:g} mm by Spacing Between Slices (0018,0088)."
    ]


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)


def _without_copies(records: Sequence[Record]) -> tuple[tuple[Record, ...], int]:
    """Each instance once, and the number of copies.

    Raises:
        SeriesError: where two files of one instance differ.
    """
    kept: dict[str, Record] = {}
    for record in records:
        twin = kept.setdefault(record.instance or str(record.path), record)
        if twin is record:
            continue
        with parsing(record.path):
            same = filecmp.cmp(twin.path, record.path, shallow=False)
        if not same:
            raise SeriesError(
                f"{record.path}: has the same identifier (0008,0018) as {twin.path.name}, but "
                "other content; keep the right one."
            )
    return tuple(kept.values()), len(records) - len(kept)


def _check_kind(path: Path, records: Sequence[Record]) -> None:
    for record in records:
        if 0 in record.size:
            raise SeriesError(f"{record.path}: says no number of rows or columns; export it again.")
    if len({record.patient for record in records}) > 1:
        raise SeriesError(
            f"{path.parent}: files of one series are of different patients (0010,0020); separate "
            "them."
        )
    if any("MOSAIC" in record.image_type.upper().split() for record in records):
        raise SeriesError(
            f"{path}: is a Siemens mosaic, several slices in one image; convert it to BIDS by "
            "dcm2niix."
        )
    check_matrix(path, *records[0].size)
    sizes = sorted({record.size for record in records})
    if len(sizes) > 1:
        raise SeriesError(
            f"{path.parent}: images of {', '.join(f'{c}x{r}' for r, c in sizes)} pixels in one "
            "series; take the odd ones away."
        )
