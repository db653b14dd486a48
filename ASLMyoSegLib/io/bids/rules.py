"""What BIDS asks of the side-car of an ASL series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import SeriesError
from ...words import counted, shortened
from .side_cars import SideCars
from .values import LIKE_FIELD, MHZ_PER_TESLA

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
ASSUMED = {
    "ArterialSpinLabelingType": "labelling by an inversion pulse (FAIR)",
    "BackgroundSuppression": "no background suppression",
    "MagneticFieldStrength": "3 T",
}
"""What the model of flow takes for true where nobody says otherwise."""


def check_m0(beside: SideCars, values: Mapping[str, Any], types: Sequence[str]) -> None:
    """Refuse an M0Type that the table of volume types contradicts.

    Args:
        beside: the side-car.
        values: what it says (`values.understood`).
        types: of the frames.

    Raises:
        SeriesError: where it does, or an estimate has no value.
    """
    kind, frames = values.get("M0Type"), list(types).count("m0scan")
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
    if kind == "Estimate" and "M0Estimate" not in values:
        said = beside.values.get("M0Estimate")
        raise SeriesError(
            f"{beside.where('M0Estimate')} is {'missing' if said is None else shortened(said)}, "
            "though M0Type is Estimate; write a number above 0."
        )


def open_questions(
    beside: SideCars, values: Mapping[str, Any], types: Sequence[str], slices: int
) -> list[str]:
    """What the side-car leaves open, makes doubtful or contradicts, in sentences for people.

    Args:
        beside: the side-car.
        values: what it says (`values.understood`).
        types: of all frames of the file.
        slices: how many there are.
    """
    required = [*REQUIRED]
    for (key, value), more in REQUIRED_WHERE.items():
        if values.get(key) == value:
            required += more
    lacking = [key for key in required if key not in beside.values]
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
    pairs, acquired = list(types).count("control"), values.get("TotalAcquiredPairs", 0)
    if isinstance(acquired, int) and 0 < acquired < pairs:
        found.append(
            f"{beside.where('TotalAcquiredPairs')} is {acquired}, but there are {pairs} control "
            "frames; is the table of volume types right?"
        )
    found += _slice_timing(beside, values, slices)
    field, frequency = (values.get(key) for key in ("MagneticFieldStrength", "ImagingFrequency"))
    if field and isinstance(frequency, int | float):
        by_frequency = frequency / MHZ_PER_TESLA
        if abs(by_frequency / field - 1) > 2 * LIKE_FIELD:
            found.append(
                f"{beside.where('MagneticFieldStrength')} is {field:g} T, but ImagingFrequency "
                f"{frequency:g} MHz is that of {by_frequency:.2g} T; correct one."
            )
    if values.get("ArterialSpinLabelingType") == "PASL" and values.get("LabelingDuration"):
        found.append(
            f"{beside.where('ArterialSpinLabelingType')} is PASL, but LabelingDuration "
            f"{shortened(values['LabelingDuration'])} s is one of (P)CASL; correct one."
        )
    return found


def _slice_timing(beside: SideCars, values: Mapping[str, Any], slices: int) -> list[str]:
    timing = values.get("SliceTiming", [])
    if not isinstance(timing, list):
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
