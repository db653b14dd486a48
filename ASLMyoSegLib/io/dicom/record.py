"""What one DICOM file says, read once; classic, enhanced and converted objects say it alike."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...errors import SeriesError
from ..guess import type_from_words
from .elements import IDENTIFIERS, WORDS, Values, read_values
from .files import IMAGES
from .order import Order, order_of

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
COMPLEX = re.compile(r"P|R|I|PHASE|REAL|IMAGINARY|(PHASE|VELOCITY) MAP|[PRI]_[A-Z]+")
"""Words of Image Type and its kin (all of a value) for what is no magnitude."""
COMPUTED = re.compile(
    r"SUBTRACTION|SUB|DIVISION|MULTIPLICATION|MEAN|MEDIAN|MAXIMUM|MINIMUM|STD_DEVIATION|QUANTITY|"
    r"(REL?|R)?CB[FV]|MBF|MTT|TT[PD]|TMAX|PWI|PBP|ADC|.*[ _]MAP|MPR|(.*[ _])?MIP|PROJECTION IMAGE"
)
"""The same, for what was computed of several images."""
DIFFERENCE = re.compile(r"delta.?m|(?<![a-z])(cbf|pwi)|subtract|differen", re.I)
"""Words for images among control and label that were computed of them."""
GE_KINDS = (1, 2, 3)
"""What GE's number of an image's kind is of phase, real and imaginary part; 0 is magnitude."""
LOSSY = {f"1.2.840.10008.1.2.4.{k}" for k in (50, 51, 81)}
"""Transfer syntaxes of JPEG and JPEG-LS that lose something."""
MHZ_PER_TESLA = 42.577
VECTORS = {"ImagePositionPatient": 3, "ImageOrientationPatient": 6, "PixelSpacing": 2}
"""Elements that are several numbers, and how many."""
TAGS = {
    "ImagePositionPatient": "0020,0032", "ImageOrientationPatient": "0020,0037",
    "PixelSpacing": "0028,0030", "RescaleSlope": "0028,1053", "RescaleIntercept": "0028,1052",
    "InversionTime": "0018,0082", "InversionTimes": "0018,9079", "EchoTime": "0018,0081",
    "FlipAngle": "0018,1314", "MagneticFieldStrength": "0018,0087", "SliceThickness": "0018,0050",
}  # fmt: skip


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
        step: to the next slice, mm.
        scale: slope and intercept that turn stored values into signal as it is displayed.
        world: slope and intercept to a quantity of the real world, where they are others.
        padding: first and last stored value that are no signal.
        gain: by which that is higher than what was measured; Philips alone says so.
        order: frames of one place are in the order of what all of them have.
        context: of the ASL sequence, e.g. ``CONTROL``.
        words: what `WORDS` say.
        kinds: volume types that these tell, each for itself; empty where one tells none.
        inversion_time: s; files that say 0 say nothing.
        echo_time: ms.
        flip_angle: degrees.
        instead: what it shows instead of magnitude as it was measured, for messages; empty where
            it is that.
        derived: whether files say that it was derived from others, in whatever way.
        segment: its number, in a segmentation.
        unclear: what stands where numbers are due, by keyword.
    """

    file: Path
    index: int
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, ...] | None
    thickness: float | None
    step: float | None
    scale: tuple[float, float]
    world: tuple[float, float] | None
    padding: tuple[float, float] | None
    gain: float | None
    order: Order
    context: str | None
    words: tuple[str, ...]
    kinds: tuple[str, ...]
    inversion_time: float | None
    echo_time: float | None
    flip_angle: float | None
    instead: str
    derived: bool
    segment: int | None
    unclear: Mapping[str, str]


@dataclass(frozen=True)
class Record:
    """One file.

    Attributes:
        kind: of object, one of `IMAGES`; empty where it is another one than an image.
        sop_class: its unique identifier.
        instance: its own unique identifier.
        series: unique identifier of its series.
        study: unique identifier of its study.
        space: unique identifier of the frame of reference, in which positions are.
        patient: digest by which two patients are told apart, however their name is spelt.
        number: of the series in its study.
        called: words of its description, without any that the patient's name or number has.
        size: rows and columns.
        frames: its images.
        image_type: e.g. ``ORIGINAL PRIMARY LOCALIZER``.
        parts: of how many files its concatenation consists, and which it is.
        metadata: BIDS keys.
        notes: sentences on what it says.
        identifiers: who the patient is, for those who ask for it.
    """

    path: Path
    kind: str = ""
    sop_class: str = ""
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
    parts: tuple[int, int] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    identifiers: dict[str, str] = field(default_factory=dict, repr=False)


def frames_of(records: Iterable[Record]) -> list[Frame]:
    """All images of some files, in their order."""
    return [frame for record in records for frame in record.frames]


def read_record(path: Path) -> Record:
    """All that a file says but its pixels; a file that did not change is not read twice.

    Raises:
        SeriesError: where it is damaged.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise SeriesError(f"{path}: cannot be read ({error.strerror or error}).") from None
    return _read_record(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1 << 14)
def _read_record(path: Path, _modified: int, _size: int) -> Record:
    frames = read_values(path)
    one, texts = frames[0].one, frames[0].texts
    kind = IMAGES.get(texts.get("SOPClassUID", ""), "")
    identifiers = {k: texts[k] for k in IDENTIFIERS if k in texts}
    person = f"{texts.get('PatientID', '')}\n{texts.get('PatientName', '')}"
    spelt = " ".join(re.findall(r"\w+", person.casefold()))
    number, total, part = (
        one.get(k) for k in ("SeriesNumber", "InConcatenationTotalNumber", "InConcatenationNumber")
    )
    description = _plain(texts.get("SeriesDescription") or texts.get("ProtocolName"))
    return Record(
        path=path,
        kind=kind,
        sop_class=texts.get("SOPClassUID", ""),
        instance=texts.get("SOPInstanceUID", ""),
        series=texts.get("SeriesInstanceUID", ""),
        study=texts.get("StudyInstanceUID", ""),
        space=texts.get("FrameOfReferenceUID") or texts.get("ReferencedFrameOfReferenceUID", ""),
        patient=spelt and hashlib.sha256(spelt.encode(errors="replace")).hexdigest(),
        number=None if number is None else int(number),
        called=tuple(w for w in _split(description) if w in VOCABULARY - set(_split(person))),
        size=(int(one.get("Rows") or 0), int(one.get("Columns") or 0)),
        frames=tuple(
            _frame(path, kind, k, frame, len(frames) > 1) for k, frame in enumerate(frames)
        ),
        image_type=_plain(f"{texts.get('ImageType', '')} {texts.get('FrameType', '')}"),
        parts=(int(total), int(part)) if total and part else None,
        metadata=_metadata(frames),
        notes=_notes(kind, frames),
        identifiers=identifiers,
    )


def _frame(path: Path, kind: str, index: int, values: Values, many: bool) -> Frame:
    one, texts, unclear = values.one, values.texts, dict(values.unclear)
    vectors: list[tuple[float, ...] | None] = []
    for keyword, count in VECTORS.items():
        vector = values.numbers.get(keyword)
        if vector is not None and len(vector) != count:
            unclear[keyword], vector = str(list(vector)), None
        vectors.append(vector)
    slope, intercept = one.get("RescaleSlope"), one.get("RescaleIntercept")
    world_slope, world_intercept = (one.get(f"RealWorldValue{k}") for k in ("Slope", "Intercept"))
    for keyword in ("RescaleSlope", "RescaleIntercept"):
        if keyword in unclear and kind:
            raise SeriesError(f"{path}: {not_numbers(keyword, unclear[keyword])}; export it again.")
    if slope == 0 and kind:
        raise SeriesError(f"{path}: frame {index} is scaled by 0 (0028,1053); export it again.")
    if slope is None and world_slope:  # the only scale that is said
        slope, intercept = world_slope, world_intercept
    thickness, step = (one.get(k) for k in ("SliceThickness", "SpacingBetweenSlices"))
    times = values.numbers.get("InversionTimes", ())
    single = one.get("InversionTime")
    time = single if single is not None else times[0] if len(times) == 1 else None
    segment = one.get("ReferencedSegmentNumber")
    amplified = one.get("PhilipsScaleSlope")
    label_type = texts.get("PhilipsLabelType", "")
    context = texts.get("ASLContext") or (label_type if label_type in ("CONTROL", "LABEL") else "")
    words = tuple(_plain(texts.get(keyword)) for keyword in WORDS)
    return Frame(
        path,
        index,
        *vectors,
        thickness=thickness or step,
        step=step,
        scale=(slope or 1.0, intercept or 0.0),
        world=(world_slope, world_intercept or 0.0) if world_slope else None,
        padding=_padding(one),
        gain=amplified * (slope or 1.0) if amplified and amplified > 0 else None,
        order=order_of(index, values, many),
        context=context.upper() or None,
        words=words,
        kinds=tuple("deltam" if DIFFERENCE.search(w) else type_from_words(w) for w in words),
        inversion_time=time / 1000 if time else None,
        echo_time=one.get("EchoTime") or one.get("EffectiveEchoTime"),
        flip_angle=one.get("FlipAngle"),
        instead=_instead(values),
        derived="DERIVED" in _parts(texts, "ImageType")[:1] + _parts(texts, "FrameType")[:1],
        segment=None if segment is None else int(segment),
        unclear=unclear,
    )


def not_numbers(keyword: str, said: str) -> str:
    """What stands where numbers are due, for a message."""
    count = VECTORS.get(keyword, "finite")
    return f"{keyword} ({TAGS[keyword]}) is {said!r}, where {count} numbers are needed"


def _instead(values: Values) -> str:
    texts, ge = values.texts, values.one.get("GEImageType")
    kinds = ("ImageType", "FrameType", "ComplexImageComponent", "PhilipsImageType")
    parts = [part for keyword in kinds for part in _parts(texts, keyword)]
    if ge in GE_KINDS or any(COMPLEX.fullmatch(part) for part in parts):
        return "phase or complex images"
    computed = next((part for part in parts if COMPUTED.fullmatch(part)), "")
    return computed and f"computed images ({computed})"


def _padding(one: Mapping[str, float]) -> tuple[float, float] | None:
    value, limit = (one.get(f"PixelPadding{k}") for k in ("Value", "RangeLimit"))
    if value is None:
        return None
    limits = (value, value if limit is None else limit)
    return min(limits), max(limits)


def _metadata(frames: list[Values]) -> dict[str, Any]:
    one, texts = frames[0].one, frames[0].texts
    cut_off = {frame.texts.get("ASLBolusCutoffFlag", "").upper() for frame in frames}
    echo = one.get("EchoTime") or one.get("EffectiveEchoTime")
    found = {
        "MagneticFieldStrength": one.get("MagneticFieldStrength"),
        "EchoTime": echo and echo / 1000,
        "FlipAngle": one.get("FlipAngle"),
        "ArterialSpinLabelingType": LABELLING.get(texts.get("ArterialSpinLabelingContrast", "")),
        "BolusCutOffFlag": "YES" in cut_off,
        "Manufacturer": _plain(texts.get("Manufacturer")),
        "ManufacturersModelName": _plain(texts.get("ManufacturerModelName")),
    }
    return {key: value for key, value in found.items() if value}


def _notes(kind: str, frames: list[Values]) -> tuple[str, ...]:
    """On values that are no numbers, fields that contradict each other, and what pixels lost."""
    one, texts = frames[0].one, frames[0].texts
    notes = [
        f"{keyword} ({TAGS[keyword]}) is {said!r}, which is no number; it is not used."
        for keyword, said in frames[0].unclear.items()
        if keyword in TAGS and keyword not in VECTORS
    ]
    field, frequency = one.get("MagneticFieldStrength"), one.get("ImagingFrequency")
    if field and frequency and abs(frequency / MHZ_PER_TESLA - field) > 0.1 * field:
        notes.append(
            f"Magnetic field strength (0018,0087) is {field:g} T, but the imaging frequency "
            f"(0018,0084) of {frequency:g} MHz is that of {frequency / MHZ_PER_TESLA:.2f} T."
        )
    for frame in frames:
        single, times = frame.one.get("InversionTime"), frame.numbers.get("InversionTimes")
        if single and times and single not in times:
            notes.append(
                f"InversionTime (0018,0082) is {single:g} ms, but InversionTimes (0018,9079) say "
                f"{', '.join(f'{t:g}' for t in times)} ms; the former is taken."
            )
    if texts.get("LossyImageCompression") == "01" or texts["TransferSyntaxUID"] in LOSSY:
        ratios = frames[0].numbers.get("LossyImageCompressionRatio", ())
        by = "".join(f", {ratio:g}:1" for ratio in ratios)
        notes.append(
            f"Pixels were compressed with loss{by} (0028,2110): flow may be wrong by that."
        )
    if kind.startswith("secondary") and one.get("BitsAllocated") == 8:
        notes.append(
            "Pixels are of 8 bits, of secondary captures: where each image was stretched to them "
            "by itself, flow is wrong."
        )
    return tuple(dict.fromkeys(notes))


def _parts(texts: Mapping[str, str], keyword: str) -> list[str]:
    return [part.strip().upper() for part in texts.get(keyword, "").split("\\")]


def _plain(text: str | None) -> str:
    return (text or "").replace("\\", " ")


def _split(text: str) -> list[str]:
    return re.split(r"[^a-z0-9]+", text.lower())
