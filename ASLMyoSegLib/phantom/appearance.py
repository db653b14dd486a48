"""Grey levels of tissues: those of cine, first pass, late enhancement, dark blood, and any.

As in SynthSeg (Billot 2023, doi 10.1016/j.media.2023.102789) each picture draws its own; but what
is one tissue in life is alike here: both ventricles' blood but while a contrast agent passes,
papillary muscles and wall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import anatomy
from .population import TYPICAL, UNUSUAL
from .signal import Physiology, draw_tissues, signal_of_labels
from .tissues import Tissue

STYLES = {"cine": 0.24, "first-pass": 0.18, "late": 0.18, "dark-blood": 0.07, "any": 0.13}
"""Shares of the pictures that are not ASL."""

TEXTURES = 3
"""Fine, middle and coarse ones."""


@dataclass(frozen=True)
class Appearance:
    """How a picture colours tissues.

    Attributes:
        signal: float32 by tissue, about 0 to 1.5; fat may be negative, out of phase with water.
        texture: float32 (3, tissue), relative strength of fine, middle and coarse texture.
        added: float32 by tissue, absolute strength of fine texture where there is no signal.
        magnitude: whether the image is a magnitude; else signed, as phase-sensitive ones are.
    """

    signal: np.ndarray
    texture: np.ndarray
    added: np.ndarray
    magnitude: bool


def draw_appearance(rng: np.random.Generator, style: str) -> Appearance:
    """A new one of a style of `STYLES`, or `asl`, `asl-unusual` of the phantom's physics."""
    if style.startswith("asl"):
        signal, magnitude = _asl(rng, style == "asl-unusual"), True
    else:
        signal, magnitude = _signal(rng, style)
    tissues = len(Tissue)
    strong = 0.15 if style == "asl" else rng.uniform(0.2, 1.0)
    texture = np.abs(rng.normal(0, 1, (TEXTURES, tissues))) * strong
    texture *= np.array([[0.06], [0.09], [0.10]])
    calm = [Tissue.WALL, Tissue.LV_BLOOD, Tissue.RV_BLOOD, Tissue.RV_WALL, Tissue.PAPILLARY]
    rough = [Tissue.STOMACH, Tissue.BOWEL, Tissue.ORGAN, Tissue.SCAR, Tissue.FAT, Tissue.MARROW]
    texture[:, calm] *= 0.6
    texture[:, rough] *= rng.uniform(1, 4)
    texture[:, Tissue.PAPILLARY] = texture[:, Tissue.WALL]
    added = np.zeros(tissues)
    added[Tissue.LUNG] = rng.uniform(0, 0.05)
    added[[Tissue.STOMACH, Tissue.BOWEL]] = rng.uniform(0, 0.25)
    return Appearance(
        signal.astype(np.float32), texture.astype(np.float32), added.astype(np.float32), magnitude
    )


def _signal(rng: np.random.Generator, style: str) -> tuple[np.ndarray, bool]:
    u = rng.uniform
    s = u(0, 1, len(Tissue))  # organs of any kind stay as they are drawn here
    magnitude = True
    s[Tissue.AIR] = 0
    s[Tissue.LUNG] = u(0, 0.15)
    fat = u(0.4, 1.3) if rng.random() < 0.7 else u(0.0, 0.4)
    if style == "cine":
        lv = u(0.55, 1.0)
        rv, wall = lv * u(0.65, 1.15), lv * u(0.18, 0.62)
    elif style == "first-pass":
        lv, wall = u(0.5, 1.3), u(0.08, 0.55)
        rv = u(0.15, 1.3)
        if rng.random() < 0.12:  # before the agent has reached the left side
            lv, wall, rv = u(0.12, 0.35), u(0.05, 0.3), u(0.2, 1.2)
    elif style == "late":
        lv, wall = u(0.3, 0.85), u(0.0, 0.35)
        rv = lv * u(0.8, 1.2)
        magnitude = rng.random() < 0.5
        if not magnitude:
            wall -= u(0.0, 0.3)
            s[Tissue.LUNG] = u(-0.1, 0.15)
    elif style == "dark-blood":
        lv, wall = u(0.0, 0.25), u(0.4, 0.9)
        rv = lv + u(0, 0.2)
    else:
        lv, wall = u(0, 1), u(0, 1)
        rv = lv * u(0.8, 1.2) if rng.random() < 0.6 else u(0, 1)
        s[Tissue.LUNG] = u(0, 0.15) if rng.random() < 0.7 else u(0, 0.8)
        fat = u(0, 1.3)
    if abs(wall - lv) < 0.12:
        wall = lv + (0.12 + u(0, 0.2)) * (-1 if lv > 0.3 else 1)
    blood = s[[Tissue.ARTERY, Tissue.VEIN]] = lv * u(0.85, 1.1), rv * u(0.7, 1.1)
    s[Tissue.LV_BLOOD], s[Tissue.RV_BLOOD], s[Tissue.WALL] = lv, rv, wall
    s[Tissue.LUNG_VESSEL] = max(blood) * u(0.4, 1)
    s[Tissue.LIVER_VESSEL] = s[Tissue.LIVER] * u(0.5, 1.8)
    s[[Tissue.FAT, Tissue.HEART_FAT, Tissue.MARROW]] = fat, fat * u(0.7, 1.1), fat * u(0.2, 1.0)
    s[Tissue.CORTEX] = u(0, 0.1)
    s[Tissue.FLUID] = lv * u(0.7, 1.3)
    if style != "any":
        s[Tissue.LIVER] = u(0.1, 0.6)
        s[Tissue.SPLEEN] = u(0.15, 0.7)
        s[Tissue.MUSCLE] = max(wall, 0.0) * u(0.6, 1.4) + u(0, 0.1)
        s[[Tissue.STOMACH_WALL, Tissue.BOWEL_WALL, Tissue.ORGAN_WALL]] = u(0.1, 0.8, 3)
        s[Tissue.VESSEL_WALL] = u(0.05, 0.5)
    if rng.random() < 0.5:  # walls of other organs as the heart's own, which is the trap
        walls = [Tissue.STOMACH_WALL, Tissue.BOWEL_WALL, Tissue.ORGAN_WALL]
        s[walls] = wall * u(0.75, 1.3, 3)
    s[Tissue.RV_WALL] = wall * u(0.85, 1.15)
    s[Tissue.PAPILLARY] = wall
    _colour_lesions(rng, s, style, lv, wall)
    if style == "cine" and rng.random() < 0.45:
        s[[Tissue.FAT, Tissue.HEART_FAT, Tissue.MARROW]] *= -1
    return s, magnitude


def _colour_lesions(
    rng: np.random.Generator, s: np.ndarray, style: str, lv: float, wall: float
) -> None:
    u = rng.uniform
    if style == "late":
        s[Tissue.SCAR] = lv * u(0.75, 1.5)
        s[Tissue.OBSTRUCTION] = wall + u(-0.05, 0.15)
        s[Tissue.ISCHAEMIA] = wall + (lv - wall) * u(0.0, 0.3)
    elif style == "first-pass":
        s[Tissue.SCAR] = wall * u(0.4, 1.0)
        s[Tissue.OBSTRUCTION] = wall * u(0.2, 0.8)
        s[Tissue.ISCHAEMIA] = wall * u(0.3, 0.9)
    else:
        for tissue in (Tissue.SCAR, Tissue.OBSTRUCTION, Tissue.ISCHAEMIA):
            s[tissue] = wall * np.exp(rng.normal(0, 0.25))


PHANTOM = {
    Tissue.AIR: anatomy.AIR,
    Tissue.LUNG: anatomy.LUNG,
    Tissue.LUNG_VESSEL: anatomy.RV_BLOOD,
    Tissue.FAT: anatomy.FAT,
    Tissue.HEART_FAT: anatomy.FAT,
    Tissue.MUSCLE: anatomy.MUSCLE,
    Tissue.MARROW: anatomy.BONE,
    Tissue.CORTEX: anatomy.BONE,
    Tissue.LIVER: anatomy.LIVER,
    Tissue.LIVER_VESSEL: anatomy.RV_BLOOD,
    Tissue.SPLEEN: anatomy.ORGANS[0],
    Tissue.STOMACH_WALL: anatomy.MUSCLE,
    Tissue.STOMACH: anatomy.STOMACH,
    Tissue.BOWEL_WALL: anatomy.MUSCLE,
    Tissue.BOWEL: anatomy.ORGANS[1],
    Tissue.KIDNEY: anatomy.ORGANS[2],
    Tissue.MEDULLA: anatomy.ORGANS[3],
    Tissue.ORGAN_WALL: anatomy.ORGANS[4],
    Tissue.ORGAN: anatomy.ORGANS[5],
    Tissue.VESSEL_WALL: anatomy.MUSCLE,
    Tissue.ARTERY: anatomy.LV_BLOOD,
    Tissue.VEIN: anatomy.RV_BLOOD,
    Tissue.RV_WALL: anatomy.RV_WALL,
    Tissue.RV_BLOOD: anatomy.RV_BLOOD,
    Tissue.LV_BLOOD: anatomy.LV_BLOOD,
    Tissue.PAPILLARY: anatomy.PAPILLARY,
    Tissue.FLUID: anatomy.STOMACH,
    Tissue.WALL: anatomy.MYOCARDIUM + 1,
    Tissue.SCAR: anatomy.SCAR,
    Tissue.OBSTRUCTION: anatomy.MYOCARDIUM + 3,
    Tissue.ISCHAEMIA: anatomy.MYOCARDIUM + 5,
}
"""What has a tissue's signal in the phantom of ASL."""


def _asl(rng: np.random.Generator, unusual: bool) -> np.ndarray:
    """Signals of a control, a label or an M0 image, signed."""
    population = UNUSUAL if unusual else TYPICAL
    tissues = draw_tissues(rng, population)
    if not unusual:  # typical subjects have none of these, windows have: they look as others do
        for values, like in ((tissues.density, 0.7), (tissues.t1, 1.2), (tissues.t2, 0.06)):
            values[anatomy.ORGANS] = like * np.exp(0.3 * rng.normal(size=len(anatomy.ORGANS)))
    physiology = Physiology(
        mbf=np.full(17, rng.uniform(0.6, 4.0)),
        heart_period=0.9,
        inflow=float(rng.uniform(*population.inflow)),
        efficiency=float(rng.uniform(0.94, 1.0)),
    )
    kind = str(rng.choice(["control", "label", "m0scan"], p=[0.45, 0.45, 0.1]))
    times = population.inversion_time or (0.95, 1.75)
    by_label = signal_of_labels(
        tissues, physiology, kind, float(rng.uniform(*times)), physiology.inflow
    )
    return by_label[[PHANTOM[tissue] for tissue in Tissue]]
