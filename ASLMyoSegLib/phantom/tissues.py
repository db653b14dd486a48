"""Labels of the tissues of a thorax, as `thorax` draws them and `appearance` colours them."""

from __future__ import annotations

from enum import IntEnum


class Tissue(IntEnum):
    """What a point of a picture is."""

    AIR = 0
    LUNG = 1
    LUNG_VESSEL = 2
    FAT = 3
    HEART_FAT = 4
    MUSCLE = 5
    MARROW = 6
    CORTEX = 7
    LIVER = 8
    LIVER_VESSEL = 9
    SPLEEN = 10
    STOMACH_WALL = 11
    STOMACH = 12
    BOWEL_WALL = 13
    BOWEL = 14
    KIDNEY = 15
    MEDULLA = 16
    ORGAN_WALL = 17
    ORGAN = 18
    VESSEL_WALL = 19
    ARTERY = 20
    VEIN = 21
    RV_WALL = 22
    RV_BLOOD = 23
    LV_BLOOD = 24
    PAPILLARY = 25
    FLUID = 26
    WALL = 27
    SCAR = 28
    OBSTRUCTION = 29
    ISCHAEMIA = 30


LEFT_VENTRICULAR_WALL = (Tissue.WALL, Tissue.SCAR, Tissue.OBSTRUCTION, Tissue.ISCHAEMIA)
"""What is muscle of the left ventricle, healthy or not."""
