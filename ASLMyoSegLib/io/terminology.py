"""What the masks show, in the SNOMED CT codes that DICOM and Slicer share, and its many names."""

from __future__ import annotations

import re
from typing import NamedTuple


class Code(NamedTuple):
    """A concept in SNOMED CT."""

    value: str
    meaning: str


CATEGORY = Code("123037004", "Anatomical Structure")
MYOCARDIUM = Code("49848007", "Left Ventricle Myocardium")
"""Structure of myocardium of left ventricle (DICOM PS3.16, CID 12305)."""
ANY_MYOCARDIUM = "74281007"
"""Structure of myocardium, which Slicer's lists have."""

SLICER_ENTRY = "~".join(
    (
        "Segmentation category and type - 3D Slicer General Anatomy list",
        f"SCT^{CATEGORY.value}^{CATEGORY.meaning}",
        f"SCT^{MYOCARDIUM.value}^{MYOCARDIUM.meaning}",
        "^^",
        "Anatomic codes - DICOM master list",
        "^^",
        "^^",
    )
)
"""Of the tag `SLICER_TAG` of a segment: category, type, its modifier, region, its modifier."""
SLICER_TAG = "TerminologyEntry"

_MYOCARDIUM = re.compile(
    r"myo(?![a-z])|m[iy]o[ck]ard|(lv|left ventric\w*|heart).?(wall|muscle)|"
    r"(wall|muscle) of the left"
)
_OTHER = re.compile(r"right|(?<![a-z])rv|scar|infarct|edema|oedema|atri")


def names_myocardium(names: str, codes: tuple[str, ...] = ()) -> bool:
    """Whether a segment of these names and SNOMED CT codes is the left ventricle's muscle."""
    lowered = names.lower().replace("_", " ")
    called = ANY_MYOCARDIUM in codes or _MYOCARDIUM.search(lowered) is not None
    return MYOCARDIUM.value in codes or (called and _OTHER.search(lowered) is None)
