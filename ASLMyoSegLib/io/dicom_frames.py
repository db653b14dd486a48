"""What one DICOM file says of its frames; classic, enhanced and converted objects say it alike."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydicom import Dataset

from ..errors import SeriesError
from .dicom_files import IMAGES, parse, parsing

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
VOCABULARY = {
    "2d", "3d", "adenosine", "apex", "apical", "arterial", "asl", "basal", "base", "baseline",
    "bssfp", "cardiac", "casl", "cine", "control", "ctrl", "dobutamine", "epi", "epistar",
    "exercise", "fair", "fiesta", "flair", "flash", "handgrip", "heart", "label", "labeling",
    "labelling", "lge", "loc", "localiser", "localizer", "m0", "map", "mapping", "mbf", "mid",
    "moco", "molli", "myocardial", "myocardium", "nav", "pasl", "pcasl", "perf", "perfusion",
    "picore", "post", "pre", "quips", "quipss", "recovery", "regadenoson", "rest", "sax",
    "scout", "shmolli", "short", "single", "slice", "space", "spgr", "spin", "ssfp", "stress",
    "t1", "t2", "tag", "tfe", "tfl", "trufi", "trufisp", "vasl", "vsasl",
}  # fmt: skip
"""The words of a description that are kept: no other might tell who the patient is."""
LABELLING = {"CONTINUOUS": "CASL", "PSEUDOCONTINUOUS": "PCASL", "PULSED": "PASL"}
"""Words of Arterial Spin Labeling Contrast (0018,9250), and what BIDS calls them."""
TIME = re.compile(
    r"(?P<date>\d{8})?(?P<hour>\d\d)(?P<minute>\d\d)?(?P<second>\d\d(\.\d*)?)?([+-]\d{4})?"
)
NOT_MAGNITUDE = {"P", "R", "I", "PHASE", "REAL", "IMAGINARY", "PHASE MAP"}


class Order(NamedTuple):
    """What tells when a frame was taken, the more telling first; None where nothing is said.

    Attributes:
        acquisition: its number.
        temporal: number of its position in time.
        time: date and time, s.
        trigger: time after the R wave, or after the first image, ms.
        instance: number of the object, and index within it.
    """

    acquisition: float | None
    temporal: float | None
    time: float | None
    trigger: float | None
    instance: tuple[float, int] | None


@dataclass(frozen=True)
class Frame:
    """One image, and what is said of it; None where nothing is.

    Attributes:
        file: that holds it.
        index: within the file.
        position: of the first pixel's centre, LPS, mm.
        orientation: direction cosines of a row, then of a column.
        spacing: between rows, between columns, mm.
        thickness: of the slice, mm.
        scale: slope and intercept that turn stored values into signal as it is displayed.
        padding: first and last stored value that are no signal.
        gain: by which that is higher than what was measured; Philips alone says so.
        order: frames of one place are in the order of what all of them have.
        context: of the ASL sequence, e.g. ``CONTROL``.
        words: what `WORDS` say.
        inversion_time: s; files that say 0 say nothing.
        magnitude: whether it is no phase image nor one of two complex parts.
    """

    file: Path
    index: int
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, ...] | None
    thickness: float | None
    scale: tuple[float, float]
    padding: tuple[float, float] | None
    gain: float | None
    order: Order
    context: str | None
    words: tuple[str, ...]
    inversion_time: float | None
    magnitude: bool


@dataclass(frozen=True)
class Header:
    """One file.

    Attributes:
        kind: of object, one of `IMAGES`; empty where it is another one than an image.
        instance: its unique identifier.
        series: unique identifier of its series.
        study: unique identifier of its study.
        space: unique identifier of the frame of reference, in which positions are.
        patient: digest by which two patients are told apart, however their name is spelt.
        number: of the series in its study.
        called: words of its description, without any that the patient's name or number has.
        size: rows and columns.
        frames: its images.
        image_type: e.g. ``ORIGINAL PRIMARY LOCALIZER``.
        metadata: BIDS keys.
    """

    path: Path
    kind: str = ""
    instance: str = ""
    series: str = ""
    study: str = ""
    space: str = ""
    patient: str = ""
    number: int | None = None
    called: tuple[str, ...] = ()
    size: tuple[int, int] = (0, 0)
    frames: tuple[Frame, ...] = ()
    image_type: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


def read_header(path: Path) -> Header:
    """All that a file says but its pixels; a file that did not change is not read twice.

    Raises:
        SeriesError: where it is damaged.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise SeriesError(f"{path}: cannot be read ({error.strerror or error}).") from None
    return _read_header(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1 << 14)
def _read_header(path: Path, _modified: int, _size: int) -> Header:
    with parsing(path):
        private = (*PHILIPS.values(), PHILIPS_FRAME, *PHILIPS_CREATORS)
        dataset = parse(path, (*KEYWORDS, *private))
        described = dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID")
        kind = IMAGES.get(str(described), "")
        if not kind:
            return Header(path)
        if not dataset.get("Rows") or not dataset.get("Columns"):
            raise SeriesError(f"{path}: says no number of rows or columns; export it again.")
        frames = _frames(path, dataset)
        values = frames[0]
        person = f"{dataset.get('PatientID', '')}\n{dataset.get('PatientName', '')}"
        spelt = " ".join(re.findall(r"\w+", person.casefold()))
        number = _number(path, values, "SeriesNumber")
        description = _text(values, "SeriesDescription") or _text(values, "ProtocolName")
        return Header(
            path,
            kind,
            *(
                str(dataset.get(keyword) or "")
                for keyword in (
                    "SOPInstanceUID",
                    "SeriesInstanceUID",
                    "StudyInstanceUID",
                    "FrameOfReferenceUID",
                )
            ),
            hashlib.sha256(spelt.encode(errors="replace")).hexdigest(),
            None if number is None else int(number),
            tuple(w for w in _split(description) if w in VOCABULARY - set(_split(person))),
            (int(dataset.Rows), int(dataset.Columns)),
            tuple(_frame(path, k, frame, len(frames) > 1) for k, frame in enumerate(frames)),
            " ".join((_text(values, "ImageType"), _text(values, "FrameType"))).strip(),
            _metadata(path, frames),
        )


def _frames(path: Path, dataset: Dataset) -> list[dict[str, Any]]:
    """Values by keyword per frame, whether of the whole file, shared, or of the frame alone."""
    count = int(dataset.get("NumberOfFrames") or 1)
    top = _values(dataset)
    for item in dataset.get("MRArterialSpinLabelingSequence") or ():
        top |= _values(item)
    for item in dataset.get(SHARED) or ():
        top |= _macros(item)
    groups = dataset.get(PER_FRAME) or ()
    if groups and len(groups) != count:
        raise SeriesError(
            f"{path}: describes {len(groups)} frames, but holds {count} (0028,0008); export it "
            "again."
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
    return _philips(item) | {
        e.keyword: e.value
        for e in item
        if e.VR != "SQ" and not e.tag.is_private and e.value not in (None, "")
    }


def _philips(item: Dataset) -> dict[str, Any]:
    if not any("philips" in str(item.get(tag, "")).lower() for tag in PHILIPS_CREATORS):
        return {}
    return {name: item[tag].value for name, tag in PHILIPS.items() if tag in item}


def _frame(path: Path, index: int, values: Mapping[str, Any], many: bool) -> Frame:
    inversion = _numbers(path, values, "InversionTimes", None) or ()
    single = _number(path, values, "InversionTime")
    time = single if single is not None else inversion[0] if len(inversion) == 1 else None
    slope, intercept = (_number(path, values, k) for k in ("RescaleSlope", "RescaleIntercept"))
    if slope == 0:
        raise SeriesError(f"{path}: frame {index} is scaled by 0 (0028,1053); export it again.")
    thickness = _number(path, values, "SliceThickness")
    component = _text(values, "ComplexImageComponent").upper()
    parts = _parts(values.get("ImageType")) | _parts(values.get("FrameType"))
    return Frame(
        file=path,
        index=index,
        position=_numbers(path, values, "ImagePositionPatient", 3),
        orientation=_numbers(path, values, "ImageOrientationPatient", 6),
        spacing=_numbers(path, values, "PixelSpacing", 2),
        thickness=thickness or _number(path, values, "SpacingBetweenSlices"),
        scale=(slope or 1.0, intercept or 0.0),
        padding=_padding(path, values),
        gain=_gain(values, slope or 1.0),
        order=_order(path, index, values, many),
        context=(_text(values, "ASLContext") or _label_type(values)).upper() or None,
        words=tuple(_text(values, keyword) for keyword in WORDS),
        inversion_time=time / 1000 if time else None,
        magnitude=component in ("", "MAGNITUDE") and not NOT_MAGNITUDE & parts,
    )


def _padding(path: Path, values: Mapping[str, Any]) -> tuple[float, float] | None:
    value, limit = (_number(path, values, keyword) for keyword in PADDING)
    if value is None:
        return None
    limits = (value, value if limit is None else limit)
    return min(limits), max(limits)


def _gain(values: Mapping[str, Any], slope: float) -> float | None:
    amplified = values.get("PhilipsScaleSlope")
    known = isinstance(amplified, float) and 0 < amplified < np.inf
    return amplified * slope if known else None


def _label_type(values: Mapping[str, Any]) -> str:
    label_type = str(values.get("PhilipsLabelType", "")).strip()
    return label_type if label_type in ("CONTROL", "LABEL") else ""


def _order(path: Path, index: int, values: Mapping[str, Any], many: bool) -> Order:
    def first(*keywords: str) -> float | None:
        return next((v for k in keywords if (v := _number(path, values, k)) is not None), None)

    time = _text(values, "FrameAcquisitionDateTime") or _text(values, "AcquisitionDateTime")
    if not time and _text(values, "AcquisitionTime"):
        date = _text(values, "AcquisitionDate").replace(".", "")  # as ACR-NEMA writes it
        time = date + _text(values, "AcquisitionTime")
    instance = _number(path, values, "InstanceNumber")
    return Order(
        first("FrameAcquisitionNumber", "AcquisitionNumber"),
        first("TemporalPositionIndex", "TemporalPositionIdentifier"),
        _seconds(time),
        first("TriggerTime", "NominalCardiacTriggerDelayTime"),
        (instance or 0, index) if many or instance is not None else None,
    )


def _seconds(text: str) -> float | None:
    """Of a date and time, or of a time alone; None where it is neither."""
    parts = TIME.fullmatch(re.sub(r"[\s:]", "", text))
    if parts is None:
        return None
    try:
        day = datetime.strptime(parts["date"], "%Y%m%d").toordinal() if parts["date"] else 0
    except ValueError:
        return None
    hour, minute, second = (float(parts[unit] or 0) for unit in ("hour", "minute", "second"))
    return ((day * 24 + hour) * 60 + minute) * 60 + second


def _metadata(path: Path, frames: list[dict[str, Any]]) -> dict[str, Any]:
    values = frames[0]
    cut_off = {_text(frame, "ASLBolusCutoffFlag").upper() for frame in frames}
    field_strength = _number(path, values, "MagneticFieldStrength")
    echo = _number(path, values, "EchoTime") or _number(path, values, "EffectiveEchoTime")
    found = {
        "MagneticFieldStrength": field_strength,
        "EchoTime": echo and echo / 1000,
        "FlipAngle": _number(path, values, "FlipAngle"),
        "ArterialSpinLabelingType": LABELLING.get(_text(values, "ArterialSpinLabelingContrast")),
        "BolusCutOffFlag": "YES" in cut_off,
        "Manufacturer": _text(values, "Manufacturer"),
        "ManufacturersModelName": _text(values, "ManufacturerModelName"),
    }
    return {key: value for key, value in found.items() if value}


def _numbers(
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


def _number(path: Path, values: Mapping[str, Any], keyword: str) -> float | None:
    numbers = _numbers(path, values, keyword, None)
    return numbers[0] if numbers else None


def _text(values: Mapping[str, Any], keyword: str) -> str:
    value = values.get(keyword)
    if value is None:
        return ""
    many = np.iterable(value) and not isinstance(value, str)
    return " ".join(map(str, value)) if many else str(value)


def _parts(value: Any) -> set[str]:
    if value is None:
        return set()
    return {str(v).strip().upper() for v in ([value] if isinstance(value, str) else value)}


def _split(text: str) -> list[str]:
    return re.split(r"[^a-z0-9]+", text.lower())
