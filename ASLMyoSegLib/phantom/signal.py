"""Signal: magnetisation after a FAIR preparation, read by balanced steady-state free precession.

Sources: FAIR, Kim 1995; kinetic model, Buxton 1998; transient of bSSFP after an alpha/2
preparation, Scheffler 2003; sequence parameters, Do, Guo, Yoon, Nayak 2020 (Methods).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..perfusion.kinetics import difference_magnetisation
from . import anatomy
from .population import TYPICAL, Population

FLIP_ANGLE = np.radians(50.0)
REPETITION_TIME = 3.2e-3
ECHO_TIME = 1.5e-3
PULSES_TO_CENTRE = 24
"""Half of the 48 phase encodings that SENSE 2 leaves of 96, read in linear order."""

TISSUES = {
    # proton density, T1 (s), T2 (s) at 3 T, and the relative spread of both times
    anatomy.AIR: (0.0, 1.0, 0.1, 0.0),
    anatomy.LUNG: (0.12, 1.25, 0.030, 0.08),
    anatomy.FAT: (0.75, 0.38, 0.090, 0.06),
    anatomy.MUSCLE: (0.95, 1.42, 0.034, 0.04),
    anatomy.LIVER: (0.95, 0.81, 0.036, 0.08),
    anatomy.BONE: (0.20, 0.60, 0.050, 0.20),
    anatomy.STOMACH: (0.80, 1.60, 0.120, 0.30),
    anatomy.RV_WALL: (0.97, 1.24, 0.045, 0.025),
    anatomy.RV_BLOOD: (1.0, 1.80, 0.110, 0.03),
    anatomy.LV_BLOOD: (1.0, 1.80, 0.190, 0.03),
    anatomy.PAPILLARY: (0.97, 1.24, 0.045, 0.025),
    anatomy.MYOCARDIUM: (0.97, 1.24, 0.045, 0.025),
}


WALL = slice(anatomy.MYOCARDIUM + 1, anatomy.SCAR)
"""Labels of the wall's segments."""


@dataclass(frozen=True)
class TissueProperties:
    """Proton density (relative), T1 and T2 (s) of each label, arrays indexed by label."""

    density: np.ndarray
    t1: np.ndarray
    t2: np.ndarray


@dataclass(frozen=True)
class Physiology:
    """What the heart does in one condition.

    Attributes:
        mbf: mL/g/min, per AHA segment, (17,), index 0 unused.
        heart_period: s.
        inflow: fraction of blood in the ventricles that is fresh after the control preparation.
        efficiency: labelling efficiency, 0 to 1.
    """

    mbf: np.ndarray
    heart_period: float
    inflow: float
    efficiency: float


def draw_tissues(rng: np.random.Generator, population: Population = TYPICAL) -> TissueProperties:
    """Tissue properties of a new subject."""
    size = anatomy.SCAR + 1
    density, t1, t2 = np.zeros(size), np.ones(size), np.ones(size)
    for label, (rho, mean_t1, mean_t2, spread) in TISSUES.items():
        spread *= population.relaxation
        density[label] = rho * np.exp(0.3 * spread * rng.normal())
        t1[label] = mean_t1 * np.exp(spread * np.clip(rng.normal(), -2, 2))
        t2[label] = mean_t2 * np.exp(spread * np.clip(rng.normal(), -2, 2))
    for values, spread in ((density, population.patchiness), (t1, 0.008), (t2, 0.02)):
        values[WALL] = values[anatomy.MYOCARDIUM] * (1 + spread * rng.normal(size=16))
        for like_muscle in (anatomy.PAPILLARY, anatomy.RV_WALL, anatomy.SCAR):
            values[like_muscle] = values[anatomy.MYOCARDIUM]
    t1[anatomy.RV_BLOOD] = t1[anatomy.LV_BLOOD]
    if population.contrast:
        organs = len(anatomy.ORGANS)
        density[anatomy.ORGANS] = rng.uniform(0.0, 1.2, organs)
        t1[anatomy.ORGANS] = rng.uniform(0.3, 2.0, organs)
        t2[anatomy.ORGANS] = rng.uniform(0.03, 0.15, organs)
        density *= _draw_tones(rng, population, size)
    density[anatomy.FAT] *= rng.uniform(*population.fat_signal)
    return TissueProperties(density, t1, t2)


def _draw_tones(rng: np.random.Generator, population: Population, size: int) -> np.ndarray:
    """Factors on the signal of each label, such as other sequences and contrast agents make."""
    tones = np.exp(population.contrast * rng.normal(size=size))
    if rng.random() < 0.7:  # Else as while a contrast agent passes.
        tones[anatomy.RV_BLOOD] = tones[anatomy.LV_BLOOD] * np.exp(0.1 * rng.normal())
    if rng.random() < population.nulled:
        tones[anatomy.MYOCARDIUM] *= rng.uniform(0.05, 0.4)
    if rng.random() < population.nulled:
        tones[[anatomy.LV_BLOOD, anatomy.RV_BLOOD]] *= rng.uniform(0.05, 0.4)
    tones[WALL] = tones[[anatomy.PAPILLARY, anatomy.RV_WALL]] = tones[anatomy.MYOCARDIUM]
    return tones


def signal_of_labels(
    tissues: TissueProperties,
    physiology: Physiology,
    volume_type: str,
    inversion_time: float,
    inflow: float,
) -> np.ndarray:
    """Signed bSSFP signal of each label, relative to fully relaxed water; array by label.

    Args:
        volume_type: `control` (slab-selective inversion), `label` (non-selective), `m0scan`.
        inversion_time: s, of this very frame.
        inflow: fresh fraction of ventricular blood in this very beat, for control frames.
    """
    t1 = tissues.t1
    if volume_type == "m0scan":
        magnetisation = np.ones_like(t1)
    else:
        magnetisation = 1.0 - 2.0 * np.exp(-inversion_time / t1)
        if volume_type == "control":
            blood = [anatomy.LV_BLOOD, anatomy.RV_BLOOD]
            magnetisation[blood] = inflow + (1.0 - inflow) * magnetisation[blood]
            magnetisation[WALL] += difference_magnetisation(
                physiology.mbf[1:],
                inversion_time,
                t1_tissue=t1[WALL],
                t1_blood=t1[anatomy.LV_BLOOD],
                labelling_efficiency=physiology.efficiency,
            )
    return tissues.density * bssfp_signal(magnetisation, t1, tissues.t2)


def bssfp_signal(magnetisation: np.ndarray, t1: np.ndarray, t2: np.ndarray) -> np.ndarray:
    """Transverse signal at the centre of k-space, on resonance, after an alpha/2 preparation.

    The prepared magnetisation decays to the steady state with the rate of Scheffler (2003):
    ``E1 cos^2(alpha/2) + E2 sin^2(alpha/2)`` per repetition time. Times in s.
    """
    e1, e2 = np.exp(-REPETITION_TIME / t1), np.exp(-REPETITION_TIME / t2)
    cosine = np.cos(FLIP_ANGLE)
    steady = np.sin(FLIP_ANGLE) * (1 - e1) / (1 - (e1 - e2) * cosine - e1 * e2)
    half = FLIP_ANGLE / 2
    decay = (e1 * np.cos(half) ** 2 + e2 * np.sin(half) ** 2) ** PULSES_TO_CENTRE
    echo = np.exp(-ECHO_TIME / t2)
    return echo * (steady * (1 - decay) + magnetisation * np.sin(half) * decay)
