"""DICOM segmentations of any writer: binary, fractional and label maps, by segment and frame.

By hand, as highdicom, which is optional, refuses much that other writers leave out: of 29 objects
with one oddity each, this reads 25 and that 14 (`test_odd_segmentations_are_read`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom

from ...errors import SeriesError
from ...series import Geometry
from ...words import counted
from ..dicom.elements import PER_FRAME
from ..dicom.files import parse, parsing, read_pixels
from ..dicom.record import Frame, read_record
from ..dicom.references import Frames, frames_of
from .segments import Marked, Segment

LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", LABEL_MAP)
NEAR = 0.1
"""mm, and share of a step, that planes may lie beside a regular stack."""
MOST_PLANES = 4096
Plane = tuple[np.ndarray, Frame]
"""Share of each pixel that is marked, 0 to 1, (y, x), and where they lie."""


@dataclass
class _Drawn:
    """What files say of one segment; planes by frame of the series, None where they tell none."""

    name: str
    aliases: tuple[str, ...]
    codes: tuple[str, ...]
    planes: dict[int | None, list[Plane]] = field(default_factory=dict)


def read_segmentations(path: Path, files: Sequence[Path], frames: Frames) -> list[Segment]:
    """Segments of one or several objects; those of the same name are of one segment.

    Args:
        path: for messages.
        files: of the objects.
        frames: which image is of which frame.

    Raises:
        SeriesError: where a file is damaged, or two masks are of one slice of one frame.
    """
    found: dict[tuple[str, tuple[str, ...]], _Drawn] = {}
    for file in files:
        with parsing(file):
            for drawn in _segments_of(file, frames):
                key = (drawn.name, drawn.codes)
                known = found.setdefault(key, _Drawn(drawn.name, drawn.aliases, drawn.codes))
                for frame, planes in drawn.planes.items():
                    known.planes.setdefault(frame, []).extend(planes)
    return [
        Segment(
            drawn.name,
            {frame: _stack(path, drawn.name, planes) for frame, planes in drawn.planes.items()},
            drawn.aliases,
            drawn.codes,
        )
        for drawn in found.values()
    ]


def _segments_of(file: Path, frames: Frames) -> Iterator[_Drawn]:
    dataset, record = parse(file), read_record(file)
    pixels = read_pixels(file, masks=True)
    if len(record.frames) != len(pixels):
        raise SeriesError(
            f"{file}: describes {counted(len(record.frames), 'frame')}, but holds {len(pixels)}; "
            "export it again."
        )
    for place in record.frames:
        if None in (place.position, place.orientation, place.spacing):
            raise SeriesError(
                f"{file}: does not say where image {place.index} lies; export it again."
            )
    top = float(dataset.get("MaximumFractionalValue", 1))
    labels = record.sop_class == LABEL_MAP
    whole = frames_of(dataset.get("ReferencedSeriesSequence"), frames) or {None}
    drawn_on = [
        frames_of(group.get("DerivationImageSequence"), frames) or whole
        for group in dataset[PER_FRAME].value
    ]
    for item in dataset.SegmentSequence:
        number = int(item.SegmentNumber)
        if labels and number == 0:  # what label maps call the background
            continue
        name = str(item.get("SegmentLabel") or f"segment {number}")
        codes = _codes(item)
        aliases = (str(number), *(str(code.get("CodeMeaning", "")) for code in codes))
        drawn = _Drawn(name, aliases, tuple(str(code.get("CodeValue", "")) for code in codes))
        for on, image, place in zip(drawn_on, pixels, record.frames, strict=True):
            if labels or place.segment == number:
                share = image == number if labels else image / np.float32(top)
                for frame in on:
                    drawn.planes.setdefault(frame, []).append((share, place))
        yield drawn


def _codes(item: pydicom.Dataset) -> list[pydicom.Dataset]:
    """What a segment is, and of what."""
    sequences = (item.get("SegmentedPropertyTypeCodeSequence"), item.get("AnatomicRegionSequence"))
    return [code for sequence in sequences for code in sequence or ()]


def _stack(path: Path, name: str, planes: Sequence[Plane]) -> Marked:
    """Planes as one volume; empty ones are often left out of a file."""
    share, first = planes[0]
    along, down = np.reshape(first.orientation, (2, 3))
    along, down = along / np.linalg.norm(along), down / np.linalg.norm(down)
    normal = np.cross(along, down)
    for _, plane in planes:
        if not (
            np.allclose(plane.orientation, first.orientation, atol=1e-3)
            and np.allclose(plane.spacing, first.spacing, rtol=1e-3)
        ):
            raise SeriesError(
                f"{path}: planes of {name!r} differ in orientation or pixel size; separate them."
            )
    positions = np.array([plane.position for _, plane in planes])
    heights = (positions - positions[0]) @ normal
    lowest = positions[heights.argmin()]
    step = _step(np.sort(heights), first)
    places = np.round((heights - heights.min()) / step).astype(int)
    beside = np.abs(lowest + np.outer(places * step, normal) - positions).max()
    if beside > NEAR * max(1.0, step) or places.max() >= MOST_PLANES:
        raise SeriesError(f"{path}: planes of {name!r} are no regular stack; resample them to one.")
    shares = np.zeros((places.max() + 1, *share.shape), share.dtype)
    filled: set[int] = set()
    for (share, _), place in zip(planes, places, strict=True):
        if place in filled and not np.array_equal(share, shares[place]):
            raise SeriesError(
                f"{path}: holds two masks {name!r} of one slice, and nothing tells which is of "
                "which frame of the series; give one, or the DICOM series that they refer to."
            )
        shares[place] = share
        filled.add(int(place))
    return shares, Geometry(
        (first.spacing[1], first.spacing[0], step),
        tuple(float(v) for v in lowest),
        tuple(float(v) for v in np.column_stack((along, down, normal)).ravel()),
    )


def _step(heights: np.ndarray, plane: Frame) -> float:
    """Distance between planes, mm: what the file states, where all gaps are multiples of it."""
    gaps = np.diff(heights)
    gaps = gaps[gaps > NEAR]
    if not gaps.size:  # then writers may state any distance
        return abs(plane.thickness or 1.0)
    stated = abs(plane.step or plane.thickness or 0)
    if stated and np.abs(gaps / stated - np.round(gaps / stated)).max() * stated < NEAR:
        return stated
    return float(gaps.min())
