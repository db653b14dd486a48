"""What one DICOM file says of its frames; classic, enhanced and converted objects say it alike."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...errors import SeriesError
from .elements import PADDING, WORDS, number_of, numbers_of, read_elements, text_of, values_by_frame
from .files import IMAGES, parsing

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


def frames_of(headers: Iterable[Header]) -> list[Frame]:
    """All images of some files."""
    return [frame for header in headers for frame in header.frames]


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
        dataset = read_elements(path)
        described = dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID")
        kind = IMAGES.get(str(described), "")
        if not kind:
            return Header(path)
        if not dataset.get("Rows") or not dataset.get("Columns"):
            raise SeriesError(f"{path}: says no number of rows or columns; export it again.")
        frames = values_by_frame(path, dataset)
        values = frames[0]
        person = f"{dataset.get('PatientID', '')}\n{dataset.get('PatientName', '')}"
        spelt = " ".join(re.findall(r"\w+", person.casefold()))
        number = number_of(path, values, "SeriesNumber")
        description = text_of(values, "SeriesDescription") or text_of(values, "ProtocolName")
        return Header(
            path=path,
            kind=kind,
            instance=str(dataset.get("SOPInstanceUID") or ""),
            series=str(dataset.get("SeriesInstanceUID") or ""),
            study=str(dataset.get("StudyInstanceUID") or ""),
            space=str(dataset.get("FrameOfReferenceUID") or ""),
            patient=hashlib.sha256(spelt.encode(errors="replace")).hexdigest(),
            number=None if number is None else int(number),
            called=tuple(w for w in _split(description) if w in VOCABULARY - set(_split(person))),
            size=(int(dataset.Rows), int(dataset.Columns)),
            frames=tuple(_frame(path, k, frame, len(frames) > 1) for k, frame in enumerate(frames)),
            image_type=" ".join((text_of(values, "ImageType"), text_of(values, "FrameType"))),
            metadata=_metadata(path, frames),
        )


def _frame(path: Path, index: int, values: Mapping[str, Any], many: bool) -> Frame:
    inversion = numbers_of(path, values, "InversionTimes", None) or ()
    single = number_of(path, values, "InversionTime")
    time = single if single is not None else inversion[0] if len(inversion) == 1 else None
    slope, intercept = (number_of(path, values, k) for k in ("RescaleSlope", "RescaleIntercept"))
    if slope == 0:
        raise SeriesError(f"{path}: frame {index} is scaled by 0 (0028,1053); export it again.")
    thickness = number_of(path, values, "SliceThickness")
    component = text_of(values, "ComplexImageComponent").upper()
    parts = _parts(values.get("ImageType")) | _parts(values.get("FrameType"))
    return Frame(
        file=path,
        index=index,
        position=numbers_of(path, values, "ImagePositionPatient", 3),
        orientation=numbers_of(path, values, "ImageOrientationPatient", 6),
        spacing=numbers_of(path, values, "PixelSpacing", 2),
        thickness=thickness or number_of(path, values, "SpacingBetweenSlices"),
        scale=(slope or 1.0, intercept or 0.0),
        padding=_padding(path, values),
        gain=_gain(values, slope or 1.0),
        order=_order(path, index, values, many),
        context=(text_of(values, "ASLContext") or _label_type(values)).upper() or None,
        words=tuple(text_of(values, keyword) for keyword in WORDS),
        inversion_time=time / 1000 if time else None,
        magnitude=component in ("", "MAGNITUDE") and not NOT_MAGNITUDE & parts,
    )


def _padding(path: Path, values: Mapping[str, Any]) -> tuple[float, float] | None:
    value, limit = (number_of(path, values, keyword) for keyword in PADDING)
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
        return next((v for k in keywords if (v := number_of(path, values, k)) is not None), None)

    time = text_of(values, "FrameAcquisitionDateTime") or text_of(values, "AcquisitionDateTime")
    if not time and text_of(values, "AcquisitionTime"):
        date = text_of(values, "AcquisitionDate").replace(".", "")  # as ACR-NEMA writes it
        time = date + text_of(values, "AcquisitionTime")
    instance = number_of(path, values, "InstanceNumber")
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
    cut_off = {text_of(frame, "ASLBolusCutoffFlag").upper() for frame in frames}
    field_strength = number_of(path, values, "MagneticFieldStrength")
    echo = number_of(path, values, "EchoTime") or number_of(path, values, "EffectiveEchoTime")
    found = {
        "MagneticFieldStrength": field_strength,
        "EchoTime": echo and echo / 1000,
        "FlipAngle": number_of(path, values, "FlipAngle"),
        "ArterialSpinLabelingType": LABELLING.get(text_of(values, "ArterialSpinLabelingContrast")),
        "BolusCutOffFlag": "YES" in cut_off,
        "Manufacturer": text_of(values, "Manufacturer"),
        "ManufacturersModelName": text_of(values, "ManufacturerModelName"),
    }
    return {key: value for key, value in found.items() if value}


def _parts(value: Any) -> set[str]:
    if value is None:
        return set()
    return {str(v).strip().upper() for v in ([value] if isinstance(value, str) else value)}


def _split(text: str) -> list[str]:
    return re.split(r"[^a-z0-9]+", text.lower())
