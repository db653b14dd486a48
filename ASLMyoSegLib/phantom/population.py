"""Populations: how far simulated hearts, tissues and protocols differ from one another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Population:
    """Ranges that subjects are drawn from; lengths mm, times s.

    Attributes:
        cavity_radius: of the left ventricle at mid level.
        wall_mean, wall_sd, wall_limits: thickness of its wall, a normal distribution cut off.
        irregularity: the most that cavity and wall depart from circles, relative to typical ones.
        outflow: share of basal slices where the ring of muscle is open towards the aorta.
        scars: the most there are in the wall of a slice.
        rv_depth: of the right ventricle, across its crescent.
        trabeculae: the most there are along the border of the cavity.
        clutter: the most there are of organs of any kind around the heart, besides its own; many
            have a wall and another content, as the heart has.
        body_shift: the most that the body's middle lies from the field's, in x and in y.
        relaxation: factor on the spread of T1 and T2 between subjects.
        contrast: spread of each tissue's signal beyond what its relaxation does to it, natural
            logarithm: how much contrasts differ from those of this sequence.
        nulled: share of subjects whose muscle, and share whose blood, is nearly black.
        patchiness: spread of the signal between segments of the wall, as scars and oedema make.
        texture: spread of the signal inside each tissue.
        fat_signal: share of the signal of fat that its suppression leaves.
        inflow: share of blood in the ventricles that is fresh in control images.
        inversion_time: range it is drawn from at will; None waits for heartbeats.
        noise: factor on the noise of the paper's images.
        padding: share of the field, at most, that is black on a side.
    """

    cavity_radius: tuple[float, float] = (18.0, 28.0)
    wall_mean: float = 11.0
    wall_sd: float = 1.6
    wall_limits: tuple[float, float] = (8.0, 15.0)
    irregularity: float = 1.0
    outflow: float = 0.0
    scars: int = 0
    rv_depth: tuple[float, float] = (14.0, 36.0)
    trabeculae: int = 6
    clutter: int = 0
    body_shift: float = 25.0
    relaxation: float = 1.0
    contrast: float = 0.0
    nulled: float = 0.0
    patchiness: float = 0.005
    texture: float = 0.025
    fat_signal: tuple[float, float] = (1.0, 1.0)
    inflow: tuple[float, float] = (0.90, 0.98)
    inversion_time: tuple[float, float] | None = None
    noise: tuple[float, float] = (0.88, 1.12)
    padding: float = 0.0


TYPICAL = Population()
"""Patients and protocol of the paper."""

UNUSUAL = Population(
    cavity_radius=(4.0, 34.0),
    wall_mean=11.0,
    wall_sd=6.0,
    wall_limits=(5.5, 30.0),
    irregularity=3.0,
    outflow=0.4,
    scars=3,
    rv_depth=(6.0, 46.0),
    trabeculae=24,
    clutter=16,
    body_shift=50.0,
    relaxation=4.0,
    contrast=0.6,
    nulled=0.25,
    patchiness=0.15,
    texture=0.15,
    fat_signal=(0.0, 1.0),
    inflow=(0.2, 1.0),
    inversion_time=(0.3, 2.4),
    noise=(0.5, 2.5),
    padding=0.2,
)
"""Dilated, thick, nearly closed, thin, scarred and trabeculated hearts under protocols of every
kind, which a network must have met in training to hold on the images of others; their flow is of no
use."""
