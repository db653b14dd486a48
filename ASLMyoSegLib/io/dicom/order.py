"""What DICOM elements tell of when a frame was taken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from .elements import Values

TIME = re.compile(
    r"(?P<date>\d{8})?(?P<hour>\d\d)(?P<minute>\d\d)?(?P<second>\d\d(\.\d*)?)?([+-]\d{4})?"
)
TEMPORAL = ("TemporalPositionIndex", "TemporalPositionIdentifier", "TemporalPositionTimeOffset")


class Order(NamedTuple):
    """What tells when a frame was taken, the more telling first; None where nothing is said.

    Attributes:
        acquisition: its number.
        temporal: number of its position in time.
        time: date and time, s.
        trigger: time after the R wave, or after the first image, ms.
        instance: number of the object, or 0 in a concatenation of several; and index within these.
        content: date and time when the image was made, s.
    """

    acquisition: float | None
    temporal: float | None
    time: float | None
    trigger: float | None
    instance: tuple[float, float] | None
    content: float | None


def order_of(index: int, values: Values, many: bool) -> Order:
    """Of a frame of a file, of which it may have many."""
    one, texts = values.one, values.texts
    stamp = texts.get("FrameAcquisitionDateTime") or texts.get("AcquisitionDateTime")
    instance = one.get("InstanceNumber")
    offset = one.get("ConcatenationFrameOffsetNumber")
    part = one.get("InConcatenationNumber")
    number = part if part is not None else instance or 0
    return Order(
        one.get("FrameAcquisitionNumber", one.get("AcquisitionNumber")),
        next((one[keyword] for keyword in TEMPORAL if keyword in one), None),
        _seconds(stamp or _stamp(texts, "Acquisition")),
        one.get("TriggerTime", one.get("NominalCardiacTriggerDelayTime")),
        (0, offset + index) if offset is not None
        else (number, index) if many or instance is not None or part is not None
        else None,
        _seconds(_stamp(texts, "Content")),
    )  # fmt: skip


def _stamp(texts: Mapping[str, str], what: str) -> str:
    """Date and time of acquisition or content; without a time, nothing."""
    time = texts.get(f"{what}Time", "")
    return time and texts.get(f"{what}Date", "").replace(".", "") + time  # as ACR-NEMA writes it


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
