"""A DICOM series put in order: which image is which slice of which frame, and their signal."""

from __future__ import annotations

import filecmp
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import SeriesError
from ...series import Geometry
from ..statement import check_matrix
from .files import parsing, read_pixels
from .frames import Frame, Header, frames_of
from .grid import ordered, stacked


@dataclass(frozen=True)
class Stack:
    """The magnitude images of a series.

    Attributes:
        headers: of its files, each object once, in natural order.
        volumes: by time, then by slice.
        geometry: of one volume; spacing NaN where files do not say it.
        notes: sentences on what was left out.
    """

    headers: tuple[Header, ...]
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
        return len(self.volumes[0]), *self.headers[0].size


def stack_of(path: Path, headers: Sequence[Header]) -> Stack:
    """Put the files of one series in order.

    Args:
        path: that was asked for, for messages.
        headers: of all its files.

    Raises:
        SeriesError: where they cannot be one series of images.
    """
    kept, copies = _without_copies(headers)
    _check_kind(path, kept)
    frames = frames_of(kept)
    magnitude = [frame for frame in frames if frame.magnitude]
    if not magnitude:
        raise SeriesError(f"{path}: phase or complex images; give magnitude images.")
    others = len(frames) - len(magnitude)
    notes = [f"Copies of files are left out: {copies}."] if copies else []
    notes += [f"Phase or complex images are left out: {others}."] if others else []
    slices, geometry = stacked(path, magnitude)
    return Stack(kept, tuple(map(tuple, ordered(path, slices))), geometry, tuple(notes))


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


def _without_copies(headers: Sequence[Header]) -> tuple[tuple[Header, ...], int]:
    """Each instance once, and the number of copies.

    Raises:
        SeriesError: where two files of one instance differ.
    """
    kept: dict[str, Header] = {}
    for header in headers:
        twin = kept.setdefault(header.instance or str(header.path), header)
        if twin is header:
            continue
        with parsing(header.path):
            same = filecmp.cmp(twin.path, header.path, shallow=False)
        if not same:
            raise SeriesError(
                f"{header.path}: has the same identifier (0008,0018) as {twin.path.name}, but "
                "other content; keep the right one."
            )
    return tuple(kept.values()), len(headers) - len(kept)


def _check_kind(path: Path, headers: Sequence[Header]) -> None:
    if len({header.patient for header in headers}) > 1:
        raise SeriesError(
            f"{path.parent}: files of one series are of different patients (0010,0020); separate "
            "them."
        )
    if any("MOSAIC" in header.image_type.upper().split() for header in headers):
        raise SeriesError(
            f"{path}: is a Siemens mosaic, several slices in one image; convert it to BIDS by "
            "dcm2niix."
        )
    check_matrix(path, *headers[0].size)
    sizes = sorted({header.size for header in headers})
    if len(sizes) > 1:
        raise SeriesError(
            f"{path.parent}: images of {', '.join(f'{c}x{r}' for r, c in sizes)} pixels in one "
            "series; take the odd ones away."
        )
