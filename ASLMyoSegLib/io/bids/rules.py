"""What BIDS asks of the side-car of an ASL series."""

from __future__ import annotations

import json
import math
from typing import Any

from ...errors import SeriesError
from ...words import counted
from ..statement import shortened
from .side_cars import SideCars

REQUIRED = (
    "ArterialSpinLabelingType",
    "BackgroundSuppression",
    "EchoTime",
    "M0Type",
    "MagneticFieldStrength",
    "MRAcquisitionType",
    "PostLabelingDelay",
    "RepetitionTimePreparation",
    "TotalAcquiredPairs",
)
"""Of every series."""
REQUIRED_WHERE = {
    ("ArterialSpinLabelingType", "PASL"): ("BolusCutOffFlag",),
    ("ArterialSpinLabelingType", "CASL"): ("LabelingDuration",),
    ("ArterialSpinLabelingType", "PCASL"): ("LabelingDuration",),
    ("BolusCutOffFlag", True): ("BolusCutOffDelayTime", "BolusCutOffTechnique"),
    ("LookLocker", True): ("FlipAngle",),
    ("MRAcquisitionType", "2D"): ("SliceTiming",),
}
"""Of those that another value calls for."""
WORDS = {
    "ArterialSpinLabelingType": ("PASL", "PCASL", "CASL"),
    "M0Type": ("Included", "Separate", "Estimate", "Absent"),
    "MRAcquisitionType": ("2D", "3D"),
    "BackgroundSuppression": (True, False),
    "BolusCutOffFlag": (True, False),
    "LookLocker": (True, False),
}
"""What a value can be where it is one of few."""
NUMBERS = ("MagneticFieldStrength", "M0Estimate", "LabelingEfficiency")
ASSUMED = {
    "ArterialSpinLabelingType": "labelling by an inversion pulse (FAIR)",
    "BackgroundSuppression": "no background suppression",
    "MagneticFieldStrength": "3 T",
}
"""What the model of flow takes for true where nobody says otherwise."""


def check_values(beside: SideCars) -> None:
    """Refuse values of the side-car that mean something, but not what BIDS lets them be.

    Raises:
        SeriesError: where there is one; the message names it.
    """
    for key, words in WORDS.items():
        value = beside.values.get(key)
        known = any(type(value) is type(word) and value == word for word in words)
        if key in beside.values and not known:
            listed = ", ".join(map(json.dumps, words))
            raise SeriesError(f"{beside.where(key)} is {shortened(value)}; BIDS knows {listed}.")
    for key in NUMBERS:
        value = beside.values.get(key)
        if key in beside.values and not _above_zero(value):
            raise SeriesError(f"{beside.where(key)} is {shortened(value)}; give a number above 0.")


def check_m0(beside: SideCars, types: tuple[str, ...]) -> None:
    """Refuse an M0Type that the table of volume types contradicts.

    Raises:
        SeriesError: where it does, or an estimate has no value.
    """
    kind, frames = beside.values.get("M0Type"), types.count("m0scan")
    if kind == "Included" and not frames:
        raise SeriesError(
            f"{beside.where('M0Type')} is Included, but {beside.context} has no m0scan; "
            "correct one."
        )
    if kind in ("Absent", "Estimate", "Separate") and frames:
        raise SeriesError(
            f"{beside.where('M0Type')} is {kind}, but {beside.context} has {frames} m0scan; "
            "correct one."
        )
    if kind == "Estimate" and "M0Estimate" not in beside.values:
        raise SeriesError(
            f"{beside.where('M0Estimate')} is missing, though M0Type is Estimate; write the number."
        )


def open_questions(beside: SideCars, types: tuple[str, ...], slices: int) -> list[str]:
    """What the side-car leaves open or makes doubtful, in sentences for people."""
    values = beside.values
    required = [*REQUIRED]
    for (key, value), more in REQUIRED_WHERE.items():
        if values.get(key) == value:
            required += more
    lacking = [key for key in required if key not in values]
    found = []
    if lacking:
        assumed = [ASSUMED[key] for key in lacking if key in ASSUMED]
        text = f"{beside.expected.name} lacks {', '.join(lacking)}, which BIDS requires"
        found.append(text + (f"; flow assumes {', '.join(assumed)}." if assumed else "."))
    for key in ("RepetitionTimePreparation", "EchoTime", "FlipAngle"):
        value = values.get(key)
        if isinstance(value, list) and len(value) != len(types):
            found.append(
                f"{beside.where(key)} has {counted(len(value), 'value')} for "
                f"{counted(len(types), 'frame')}; are all frames there?"
            )
    pairs, acquired = types.count("control"), values.get("TotalAcquiredPairs", 0)
    if isinstance(acquired, int) and 0 < acquired < pairs:
        found.append(
            f"{beside.where('TotalAcquiredPairs')} is {acquired}, but there are {pairs} control "
            "frames; is the table of volume types right?"
        )
    found += _slice_timing(beside, slices)
    return found


def _slice_timing(beside: SideCars, slices: int) -> list[str]:
    timing = beside.values.get("SliceTiming", [])
    if not isinstance(timing, list) or not all(_is_number(v) for v in timing):
        return [f"{beside.where('SliceTiming')} is {shortened(timing)}, no list of seconds."]
    if timing and len(timing) != slices:
        return [
            f"{beside.where('SliceTiming')} has {counted(len(timing), 'value')} for "
            f"{counted(slices, 'slice')}."
        ]
    if timing and max(timing) > min(timing):
        return [
            f"Slices were acquired up to {max(timing) - min(timing):.3g} s after each other "
            "(SliceTiming), but flow takes one inversion time for all of them."
        ]
    return []


def _above_zero(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and -math.inf < value < math.inf
