"""Elements of a DICOM file by keyword, for each frame, wherever the object keeps them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.datadict import keyword_for_tag

from ...errors import SeriesError
from ...words import counted
from .files import IMAGES, parse, parsing

SHARED, PER_FRAME = "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"
WORDS = (
    "ImageComments", "FrameComments", "ImageType", "FrameType", "SeriesDescription",
    "ProtocolName", "SequenceName",
)  # fmt: skip
"""Where people and scanners write what a frame is; the first that tells all frames is believed."""
IDENTIFIERS = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "AccessionNumber",
    "StudyID", "StudyDate", "InstitutionName", "ReferringPhysicianName",
)  # fmt: skip
"""Who the patient is, for those who ask for it."""
TEXTS = frozenset((
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID",
    "ReferencedFrameOfReferenceUID", "AcquisitionDateTime", "FrameAcquisitionDateTime",
    "AcquisitionDate", "AcquisitionTime", "ContentDate", "ContentTime", "ASLContext",
    "ASLBolusCutoffFlag", "ArterialSpinLabelingContrast", "ComplexImageComponent", "Manufacturer",
    "ManufacturerModelName", "LossyImageCompression", "PhilipsLabelType", "PhilipsImageType",
    *WORDS, *IDENTIFIERS,
))  # fmt: skip
NUMBERS = frozenset((
    "Rows", "Columns", "BitsAllocated", "NumberOfFrames", "SeriesNumber", "InstanceNumber",
    "AcquisitionNumber", "FrameAcquisitionNumber", "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "TemporalPositionTimeOffset", "TriggerTime", "NominalCardiacTriggerDelayTime",
    "InConcatenationNumber", "InConcatenationTotalNumber", "ConcatenationFrameOffsetNumber",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
    "SpacingBetweenSlices", "RescaleSlope", "RescaleIntercept", "RealWorldValueSlope",
    "RealWorldValueIntercept", "PixelPaddingValue", "PixelPaddingRangeLimit", "InversionTime",
    "InversionTimes", "EchoTime", "EffectiveEchoTime", "FlipAngle", "MagneticFieldStrength",
    "ImagingFrequency", "LossyImageCompressionRatio", "ReferencedSegmentNumber",
    "PhilipsScaleSlope", "GEImageType",
))  # fmt: skip
AT_TOP = ("MRArterialSpinLabelingSequence", "RealWorldValueMappingSequence",
          "StructureSetROISequence")  # fmt: skip
"""Sequences of a whole file that are looked into, beside functional groups."""
PRIVATE = {
    "PhilipsScaleSlope": (0x2005, "PHILIPS MR IMAGING DD 001", 0x0E),
    "PhilipsImageType": (0x2005, "PHILIPS MR IMAGING DD 001", 0x11),
    "PhilipsLabelType": (0x2005, "PHILIPS MR IMAGING DD 005", 0x29),
    "GEImageType": (0x0043, "GEMS_PARM_01", 0x2F),
}
"""Private elements that are read: how much signal was amplified to be stored, whether an image is
magnitude, and the kind of an ASL image (CONTROL, LABEL). Group, creator, and place in its block."""
NUMBER = re.compile(r"([-+]?\d*[.,]?\d+\.?(?:[eE][-+]?\d+)?)\s*(?:T|ms|mm|deg|MHz)?")
"""With a decimal point or comma, alone or before its unit."""


@dataclass(frozen=True)
class Values:
    """What is said of one frame, by keyword; what is empty says nothing.

    Attributes:
        numbers: finite ones.
        one: the first of these.
        texts: several values with backslashes between, as DICOM stores them.
        unclear: what stands where numbers are due.
    """

    numbers: dict[str, tuple[float, ...]] = field(default_factory=dict)
    one: dict[str, float] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    unclear: dict[str, str] = field(default_factory=dict)

    def __or__(self, other: Values) -> Values:
        """Both; where both say something, `other` is believed."""
        unclear = {k: v for k, v in self.unclear.items() if k not in other.numbers}
        return Values(
            self.numbers | other.numbers,
            self.one | other.one,
            self.texts | other.texts,
            unclear | other.unclear,
        )


def read_values(path: Path) -> list[Values]:
    """All that is read of a file but its pixels, per frame, whether it stands for the whole file,
    for all frames, or for the frame alone.

    Raises:
        SeriesError: where the file is damaged, or its number of frames cannot be.
    """
    with parsing(path):
        dataset = parse(path)
        meta = {
            "SOPClassUID": str(dataset.file_meta.get("MediaStorageSOPClassUID", "")),
            "TransferSyntaxUID": str(dataset.file_meta.TransferSyntaxUID),
        }
        top = Values(texts=meta) | _values(dataset)
        for keyword in AT_TOP:
            top |= _of_items(dataset.get(keyword))
        for item in dataset.get(SHARED) or ():
            top |= _macros(item)
        groups = dataset.get(PER_FRAME) or ()
        if top.texts["SOPClassUID"] in IMAGES:
            _check_count(path, int(top.one.get("NumberOfFrames") or 1), len(groups))
        elif not groups:  # of other objects, no harm may come
            return [top]
        count = int(top.one.get("NumberOfFrames") or 1)
        return [top | _macros(group) for group in groups] or [top] * count


def _check_count(path: Path, count: int, described: int) -> None:
    if described and described != count:
        raise SeriesError(
            f"{path}: describes {counted(described, 'frame')}, but holds {count} (0028,0008); "
            "export it again."
        )
    if count < 1 or (not described and count > 10_000):
        raise SeriesError(f"{path}: {count} frames (0028,0008), which cannot be; export it again.")


def _macros(group: Dataset) -> Values:
    """What the functional groups of a frame say."""
    found = Values()
    for element in group:
        if element.VR == "SQ":
            found |= _of_items(element.value)
    return found


def _of_items(items: Any) -> Values:
    """What the items of a sequence say; where several mean several ranges of values, nothing."""
    found = Values()
    ranges = len(items or ()) > 1 and "RealWorldValueSlope" in items[0]
    for item in () if ranges else items or ():
        found |= _values(item)
    return found


def _values(item: Dataset) -> Values:
    """Its own elements; those of a VR that is not theirs, or that cannot be parsed, as text."""
    found = Values()
    public = ((keyword_for_tag(tag), tag) for tag in list(item.keys()) if not tag.is_private)
    for keyword, tag in (*public, *_private_tags(item)):
        if keyword in NUMBERS or keyword in TEXTS:
            value = _value(item, tag)
            many = isinstance(value, Sequence) and not isinstance(value, (str, bytes))
            parts = list(value) if many else _text(value).split("\\")
            if not any(_text(part).strip() for part in parts):
                continue
            if keyword in TEXTS:
                found.texts[keyword] = "\\".join(map(_text, parts))
                continue
            numbers = tuple(map(_number, parts))
            if np.isfinite(numbers).all():
                found.numbers[keyword], found.one[keyword] = numbers, numbers[0]
            else:
                found.unclear[keyword] = str(value)[:60]
    return found


def _private_tags(item: Dataset) -> list[tuple[str, int]]:
    """Of the elements of `PRIVATE` that are there, in whichever block their creator has."""
    owners = [tag for tag in list(item.keys()) if tag.is_private_creator]
    return [
        (name, tag)
        for owner in owners
        for name, (group, creator, place) in PRIVATE.items()
        if owner.group == group and _text(_value(item, owner)).upper() == creator
        if (tag := (group << 16) + (owner.element << 8) + place) in item
    ]


def _value(item: Dataset, tag: Any) -> Any:
    try:
        value = item[tag].value
    except Exception:  # whatever pydicom finds wrong with its VR, length or characters
        value = item.get_item(tag).value
    return "" if value is None else value


def _text(value: Any) -> str:
    value = "" if value is None else value  # as one of several may be
    return (value.decode("latin-1") if isinstance(value, bytes) else str(value)).strip("\0 ")


def _number(part: Any) -> float:
    """NaN where it is none."""
    said = NUMBER.fullmatch(_text(part))
    return float(said[1].replace(",", ".")) if said else np.nan
