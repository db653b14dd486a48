"""DICOM segmentations of any writer: binary, fractional and label maps, by segment and frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydicom

from ...errors import SeriesError
from ...series import Geometry
from ...words import counted
from ..dicom.elements import PER_FRAME, SHARED
from ..dicom.files import parsing
from ..dicom.references import Frames, frames_of
from .segments import Marked, Segment

LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", LABEL_MAP)
NEAR = 0.1
"""mm, and share of a step, that planes may lie beside a regular stack."""
MOST_PLANES = 4096


@dataclass
class _Plane:
    """One image of a segmentation: `share` is 0 to 1, (y, x); positions LPS, spacing (y, x) mm."""

    share: np.ndarray
    position: np.ndarray
    orientation: np.ndarray
    spacing: tuple[float, float]
    thickness: float | None
    step: float | None


@dataclass
class _Drawn:
    """What files say of one segment; planes by frame of the series, None where they tell none."""

    name: str
    aliases: tuple[str, ...]
    codes: tuple[str, ...]
    planes: dict[int | None, list[_Plane]] = field(default_factory=dict)


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
    dataset = pydicom.dcmread(file)
    groups = dataset[PER_FRAME].value
    pixels = dataset.pixel_array
    pixels = pixels if pixels.ndim == 3 else pixels[np.newaxis]
    if len(groups) != len(pixels):
        raise SeriesError(
            f"{file}: describes {counted(len(groups), 'frame')}, but holds {len(pixels)}; "
            "export it again."
        )
    shared = (dataset.get(SHARED) or [pydicom.Dataset()])[0]
    top = float(dataset.get("MaximumFractionalValue", 1))
    labels = dataset.SOPClassUID == LABEL_MAP
    whole = frames_of(dataset.get("ReferencedSeriesSequence"), frames) or {None}
    for item in dataset.SegmentSequence:
        number = int(item.SegmentNumber)
        if labels and number == 0:  # what label maps call the background
            continue
        name = str(item.get("SegmentLabel") or f"segment {number}")
        codes = _codes(item)
        aliases = (str(number), *(str(code.get("CodeMeaning", "")) for code in codes))
        drawn = _Drawn(name, aliases, tuple(str(code.get("CodeValue", "")) for code in codes))
        for group, image in zip(groups, pixels, strict=True):
            if not labels and _number_of(group, shared) != number:
                continue
            share = image == number if labels else image / np.float32(top)
            plane = _plane(share, group, shared)
            for frame in frames_of(group.get("DerivationImageSequence"), frames) or whole:
                drawn.planes.setdefault(frame, []).append(plane)
        yield drawn


def _number_of(group: pydicom.Dataset, shared: pydicom.Dataset) -> int:
    item = _macro("SegmentIdentificationSequence", group, shared)
    return int(item.ReferencedSegmentNumber)


def _codes(item: pydicom.Dataset) -> list[pydicom.Dataset]:
    """What a segment is, and of what."""
    sequences = (item.get("SegmentedPropertyTypeCodeSequence"), item.get("AnatomicRegionSequence"))
    return [code for sequence in sequences for code in sequence or ()]


def _plane(share: np.ndarray, group: pydicom.Dataset, shared: pydicom.Dataset) -> _Plane:
    measures = _macro("PixelMeasuresSequence", group, shared)
    orientation = _macro("PlaneOrientationSequence", group, shared).ImageOrientationPatient
    position = _macro("PlanePositionSequence", group, shared).ImagePositionPatient
    lengths = (measures.get("SliceThickness"), measures.get("SpacingBetweenSlices"))
    thickness, step = (abs(float(length)) if length else None for length in lengths)
    return _Plane(
        share,
        np.array(position, float),
        np.array(orientation, float).reshape(2, 3),
        tuple(float(v) for v in measures.PixelSpacing),
        thickness,
        step,
    )


def _macro(keyword: str, group: pydicom.Dataset, shared: pydicom.Dataset) -> Any:
    """Of the frame alone, or of all."""
    return (group.get(keyword) or shared[keyword].value)[0]


def _stack(path: Path, name: str, planes: list[_Plane]) -> Marked:
    """Planes as one volume; empty ones are often left out of a file."""
    first = planes[0]
    along, down = first.orientation / np.linalg.norm(first.orientation, axis=1, keepdims=True)
    normal = np.cross(along, down)
    for plane in planes:
        if not (
            np.allclose(plane.orientation, first.orientation, atol=1e-3)
            and np.allclose(plane.spacing, first.spacing, rtol=1e-3)
        ):
            raise SeriesError(
                f"{path}: planes of {name!r} differ in orientation or pixel size; separate them."
            )
    heights = np.array([(plane.position - first.position) @ normal for plane in planes])
    lowest = planes[int(heights.argmin())].position
    step = _step(np.sort(heights), first)
    places = np.round((heights - heights.min()) / step).astype(int)
    for plane, place in zip(planes, places, strict=True):
        beside = np.abs(lowest + place * step * normal - plane.position).max()
        if beside > NEAR * max(1.0, step) or place >= MOST_PLANES:
            raise SeriesError(
                f"{path}: planes of {name!r} are no regular stack; resample them to one."
            )
    shares = np.zeros((places.max() + 1, *first.share.shape), first.share.dtype)
    filled: set[int] = set()
    for plane, place in zip(planes, places, strict=True):
        if place in filled and not np.array_equal(plane.share, shares[place]):
            raise SeriesError(
                f"{path}: holds two masks {name!r} of one slice, and nothing tells which is of "
                "which frame of the series; give one, or the DICOM series that they refer to."
            )
        shares[place] = plane.share
        filled.add(int(place))
    return shares, Geometry(
        (first.spacing[1], first.spacing[0], step),
        tuple(float(v) for v in lowest),
        tuple(float(v) for v in np.column_stack((along, down, normal)).ravel()),
    )


def _step(heights: np.ndarray, plane: _Plane) -> float:
    """Distance between planes, mm: what the file states, where all gaps are multiples of it."""
    gaps = np.diff(heights)
    gaps = gaps[gaps > NEAR]
    if not gaps.size:  # then writers may state any distance
        return plane.thickness or plane.step or 1.0
    stated = plane.step or plane.thickness
    if stated and np.abs(gaps / stated - np.round(gaps / stated)).max() * stated < NEAR:
        return stated
    return float(gaps.min())
