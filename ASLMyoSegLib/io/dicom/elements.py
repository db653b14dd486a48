"""Elements of a DICOM file by keyword, for each frame, wherever the object keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset

from ...errors import SeriesError
from ...words import counted
from .files import parse

SHARED, PER_FRAME = "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"
WORDS = (
    "ImageComments", "FrameComments", "ImageType", "FrameType", "SeriesDescription",
    "ProtocolName", "SequenceName",
)  # fmt: skip
"""Where people and scanners write what a frame is; the first that tells all frames is believed."""
PADDING = ("PixelPaddingValue", "PixelPaddingRangeLimit")
KEYWORDS = (
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "SeriesNumber", "StudyInstanceUID",
    "FrameOfReferenceUID", "PatientID", "PatientName", "Rows", "Columns", "NumberOfFrames",
    "InstanceNumber", "AcquisitionNumber", "TemporalPositionIdentifier", "TemporalPositionIndex",
    "AcquisitionDateTime", "AcquisitionDate", "AcquisitionTime", "TriggerTime",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
    "SpacingBetweenSlices", "RescaleSlope", "RescaleIntercept", "InversionTime", "InversionTimes",
    "ASLContext", "ComplexImageComponent", "MRArterialSpinLabelingSequence",
    "MagneticFieldStrength", "ArterialSpinLabelingContrast", "EchoTime", "FlipAngle",
    "Manufacturer", "ManufacturerModelName", "PixelRepresentation", SHARED, PER_FRAME, *WORDS,
    *PADDING,
)  # fmt: skip
"""All public elements that are read; no name, birth date or number of a person is kept."""
PHILIPS_FRAME = 0x2005_140F
"""A sequence in which enhanced objects keep the private elements of a frame."""
PHILIPS = {"PhilipsScaleSlope": 0x2005_100E, "PhilipsLabelType": 0x2005_1429}
"""Private elements that are read: how much signal was amplified to be stored, and the kind of an
ASL image (CONTROL, LABEL)."""
PHILIPS_CREATORS = (0x2005_0010, 0x2005_0014)
"""Elements that tell whose those private ones are."""
TAGS = {
    "ImagePositionPatient": "0020,0032",
    "ImageOrientationPatient": "0020,0037",
    "PixelSpacing": "0028,0030",
    "RescaleSlope": "0028,1053",
    "RescaleIntercept": "0028,1052",
}


def read_elements(path: Path) -> Dataset:
    """All that is read of a file but its pixels; to be called, and looked at, within `parsing`."""
    return parse(path, (*KEYWORDS, *PHILIPS.values(), PHILIPS_FRAME, *PHILIPS_CREATORS))


def values_by_frame(path: Path, dataset: Dataset) -> list[dict[str, Any]]:
    """Values by keyword per frame, whether of the whole file, shared, or of the frame alone."""
    count = int(dataset.get("NumberOfFrames") or 1)
    top = _values(dataset) | _philips(dataset)
    for item in dataset.get("MRArterialSpinLabelingSequence") or ():
        top |= _values(item)
    for item in dataset.get(SHARED) or ():
        top |= _macros(item)
    groups = dataset.get(PER_FRAME) or ()
    if groups and len(groups) != count:
        raise SeriesError(
            f"{path}: describes {counted(len(groups), 'frame')}, but holds {count} (0028,0008); "
            "export it again."
        )
    if count < 1 or (not groups and count > 10_000):
        raise SeriesError(f"{path}: {count} frames (0028,0008), which cannot be; export it again.")
    return [top | _macros(group) for group in groups] or [top] * count


def _macros(group: Dataset) -> dict[str, Any]:
    """What the functional groups of a frame say."""
    sequences = (e.value for e in group if e.VR == "SQ" and not e.tag.is_private)
    found = _philips(group[PHILIPS_FRAME].value[0]) if group.get(PHILIPS_FRAME) else {}
    for item in chain.from_iterable(sequences):
        found |= _values(item)
    return found


def _values(item: Dataset) -> dict[str, Any]:
    """Its elements but sequences; empty ones say nothing."""
    return {
        e.keyword: e.value
        for e in item
        if e.VR != "SQ" and not e.tag.is_private and e.value not in (None, "")
    }


def _philips(item: Dataset) -> dict[str, Any]:
    """Its private elements, where they are Philips' own."""
    if not any("philips" in str(item.get(tag, "")).lower() for tag in PHILIPS_CREATORS):
        return {}
    return {name: item[tag].value for name, tag in PHILIPS.items() if tag in item}


def numbers_of(
    path: Path, values: Mapping[str, Any], keyword: str, count: int | None
) -> tuple[float, ...] | None:
    """Finite numbers, `count` of them; None where there is no such element."""
    value = values.get(keyword)
    if value is None or value == "":
        return None
    listed = list(value) if np.iterable(value) and not isinstance(value, (str, bytes)) else [value]
    try:
        numbers = tuple(float(v) for v in listed)
    except (TypeError, ValueError):
        numbers = (np.nan,)
    if not np.isfinite(numbers).all() or (count is not None and len(numbers) != count):
        tag = f" ({TAGS[keyword]})" if keyword in TAGS else ""
        raise SeriesError(
            f"{path}: {keyword}{tag} is {str(value)[:60]!r}, where {count or 'finite'} numbers "
            "are needed; export it again."
        )
    return numbers


def number_of(path: Path, values: Mapping[str, Any], keyword: str) -> float | None:
    """The number, or the first of several; None where there is no such element."""
    numbers = numbers_of(path, values, keyword, None)
    return numbers[0] if numbers else None


def text_of(values: Mapping[str, Any], keyword: str) -> str:
    """The text, of several values with spaces between; empty where there is no such element."""
    value = values.get(keyword)
    if value is None:
        return ""
    many = np.iterable(value) and not isinstance(value, str)
    return " ".join(map(str, value)) if many else str(value)
