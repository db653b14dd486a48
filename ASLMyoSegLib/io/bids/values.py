"""Values of side-cars as people and programs write them, read as BIDS means them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from ...errors import SeriesError
from ...words import shortened
from .side_cars import SideCars

WORDS = {
    "ArterialSpinLabelingType": ("PASL", "PCASL", "CASL"),
    "M0Type": ("Included", "Separate", "Estimate", "Absent"),
    "MRAcquisitionType": ("2D", "3D"),
    "BackgroundSuppression": (True, False),
    "BolusCutOffFlag": (True, False),
    "LookLocker": (True, False),
}
"""What a value can be where it is one of few."""
NEEDED = ("ArterialSpinLabelingType", "M0Type", "BackgroundSuppression", "BolusCutOffFlag",
          "LookLocker")  # fmt: skip
"""Those without which nobody knows whether there is flow: what is none of their words is refused,
where that of others is left out."""
TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "1.0": True,
          "false": False, "no": False, "off": False, "0": False, "0.0": False}  # fmt: skip

SECONDS = {"": 1.0, "s": 1.0, "sec": 1.0, "second": 1.0, "ms": 1e-3, "msec": 1e-3,
           "millisecond": 1e-3, "us": 1e-6, "µs": 1e-6}  # fmt: skip
TESLA = {"": 1.0, "t": 1.0, "tesla": 1.0, "mt": 1e-3, "g": 1e-4, "gauss": 1e-4}
PLAIN = {"": 1.0}
UNITS: dict[str, Mapping[str, float]] = {
    "MagneticFieldStrength": TESLA,
    "M0Estimate": PLAIN,
    "LabelingEfficiency": {"": 1.0, "%": 1e-2},
    "ImagingFrequency": {"": 1.0, "mhz": 1.0, "hz": 1e-6},
    "FlipAngle": {"": 1.0, "deg": 1.0, "degree": 1.0, "°": 1.0},
    "TotalAcquiredPairs": PLAIN,
    "PhilipsRescaleSlope": PLAIN,
    "PhilipsScaleSlope": PLAIN,
    "ReceiverGain": PLAIN,
    **dict.fromkeys(
        (
            "PostLabelingDelay", "InversionTime", "EchoTime", "RepetitionTimePreparation",
            "RepetitionTime", "RepetitionTimeExcitation", "LabelingDuration",
            "BolusCutOffDelayTime", "SliceTiming",
        ),
        SECONDS,
    ),
}  # fmt: skip
"""Of numbers: what they may be written in, by the number of BIDS's units that one of it is."""
LISTS = ("SliceTiming", "BolusCutOffDelayTime")
"""Numbers of which a list of one stays one."""
POSITIVE = ("MagneticFieldStrength", "M0Estimate", "LabelingEfficiency")

NO_MAGNITUDE = {"P", "PHASE", "PHASE MAP", "REAL", "IMAGINARY"}
"""Values of ImageType of which one tells that an image is no magnitude."""
DERIVED = {"SUBTRACTION", "CBF", "RELCBF", "RCBF", "TTP", "MTT"}
"""Those of DERIVED images that were computed of control and label."""

FIELDS = (1.5, 3.0)
MHZ_PER_TESLA = 42.577
"""Of protons (CODATA 2018)."""
LARGEST = 1e300
"""Of numbers that mean anything; JSON may hold whole ones that no float can."""
STRONGEST = 12.0
"""T, above which a number is in another unit."""
LIKE_FIELD = 0.07
"""Relative difference up to which a field strength is one of `FIELDS`: 1.41, 2.89."""


def understood(beside: SideCars, notes: list[str]) -> dict[str, Any]:
    """The values of a side-car, those that reading and flow ask for as BIDS means them.

    Args:
        beside: the side-car.
        notes: what is taken for what is added, and what is left out.

    Raises:
        SeriesError: where a word that tells whether there is flow is none that BIDS knows.
    """
    values = {}
    for key, value in beside.values.items():
        if value is None:
            continue
        where = f"{beside.origins[key].name}: {key}"
        if key in WORDS:
            read, known = _word(value, WORDS[key])
            listed = ", ".join(map(json.dumps, WORDS[key]))
            if not known and key in NEEDED:
                raise SeriesError(
                    f"{beside.where(key)} is {shortened(value)}; BIDS knows {listed}."
                )
            wrong = f"BIDS knows {listed}"
        elif key in UNITS:
            read, known = _numbers(value, UNITS[key], key in LISTS)
            wrong = "no number is to be read of it"
            if known and key in POSITIVE and not (isinstance(read, float | int) and read > 0):
                known, wrong = False, "a number above 0 is needed"
            if known and key == "MagneticFieldStrength":
                read, known = _field(read)
                wrong = "no scanner has it"
        else:
            values[key] = value
            continue
        if not known:
            notes.append(f"{where} is {shortened(value)}: {wrong}, so it is left out.")
            continue
        if type(read) is not type(value) or read != value:
            notes.append(f"{where} is {shortened(value)}, taken for {json.dumps(read)}.")
        values[key] = read
    return values


def refuse_other_images(beside: SideCars) -> None:
    """Refuse images of which the side-car says that they are no magnitude, or were computed.

    Raises:
        SeriesError: where it says so.
    """
    kinds = beside.values.get("ImageType")
    kinds = {str(kind).upper() for kind in kinds} if isinstance(kinds, list) else set()
    units = beside.values.get("Units")
    phase = str(units).lower() in ("rad", "radian", "radians", "hz")
    if phase or (kinds & NO_MAGNITUDE and "M" not in kinds):
        key = "Units" if phase else "ImageType"
        raise SeriesError(
            f"{beside.where(key)} is {shortened(beside.values[key])}, so the images are no "
            "magnitude; give those of magnitude."
        )
    if "DERIVED" in kinds and kinds & DERIVED:
        raise SeriesError(
            f"{beside.where('ImageType')} is {shortened(beside.values['ImageType'])}, so the "
            "images were computed of control and label; give these."
        )


def _word(value: Any, words: tuple[Any, ...]) -> tuple[Any, bool]:
    """The one of the words that is meant, and whether it is one of them."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    plain = re.sub(r"\s", "", str(value)).lower()
    if words[0] is True:
        known = isinstance(value, bool | int | float | str) and plain in TRUTHS
        return TRUTHS.get(plain), known
    found = [word for word in words if word.lower() == plain and isinstance(value, str)]
    return (found[0], True) if found else (value, False)


def _numbers(value: Any, units: Mapping[str, float], as_list: bool) -> tuple[Any, bool]:
    """A number, or a list of them, and whether it is one."""
    if isinstance(value, list):
        lacking = [v is None or v == "n/a" for v in value]
        read = [_number(v, units) for v in value]
        if any(r is None and not lack for r, lack in zip(read, lacking, strict=True)):
            return value, False
        return (read[0] if len(read) == 1 and not as_list else read), True
    number = _number(value, units)
    return (value, False) if number is None else (number, True)


def _number(value: Any, units: Mapping[str, float]) -> float | int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if -LARGEST < value < LARGEST else None
    if not isinstance(value, str):
        return None
    found = re.fullmatch(r"\s*([-+]?[0-9]*[.,]?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*([^\s\d]*)\s*", value)
    if not found:
        return None
    unit = found[2].lower()
    factor = units.get(unit) or units.get(unit.removesuffix("s") or "-")
    if factor is None:
        return None
    number = float(found[1].replace(",", ".")) * factor
    return round(number, 12) if math.isfinite(number) else None


def _field(value: float) -> tuple[float, bool]:
    """A field strength in T, also where it is written in gauss, or as a frequency in MHz."""
    if value <= STRONGEST:
        return value, True
    for per_tesla in (1e4, MHZ_PER_TESLA):
        for field in FIELDS:
            if abs(value / per_tesla / field - 1) < LIKE_FIELD:
                return round(value / per_tesla, 4), True
    return value, False
