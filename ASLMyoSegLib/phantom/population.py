"""Populations: how far simulated hearts, tissues and protocols differ from one another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Population:
    """Ranges that subjects are drawn from; lengths mm, times s.

    Attributes:
        cavity_radius: of the left ventricle at mid level.
        wall_mean, wall_sd, wall_limits: thickness of its wall, a normal distribution cut off.
        rv_depth: of the right ventricle, across its crescent.
        trabeculae: the most there are along the border of the cavity.
        clutter: the most there are of organs of any kind around the heart, besides its own.
        relaxation: factor on the spread of T1 and T2 between subjects.
        contrast: spread of each tissue's signal beyond what its relaxation does to it, natural
            logarithm: how much contrasts differ from those of this sequence.
        patchiness: spread of the signal between segments of the wall, as scars and oedema make.
        texture: spread of the signal inside each tissue.
        fat_signal: share of the signal of fat that its suppression leaves.
        inflow: share of blood in the ventricles that is fresh in control images.
        inversion_time: range it is drawn from at will; None waits for heartbeats.
        noise: factor on the noise of the paper's images.
    """

    cavity_radius: tuple[float, float] = (18.0, 28.0)
    wall_mean: float = 11.0
    wall_sd: float = 1.6
    wall_limits: tuple[float, float] = (8.0, 15.0)
    rv_depth: tuple[float, float] = (14.0, 36.0)
    trabeculae: int = 6
    clutter: int = 0
    relaxation: float = 1.0
    contrast: float = 0.0
    patchiness: float = 0.005
    texture: float = 0.025
    fat_signal: tuple[float, float] = (1.0, 1.0)
    inflow: tuple[float, float] = (0.90, 0.98)
    inversion_time: tuple[float, float] | None = None
    noise: tuple[float, float] = (0.88, 1.12)


TYPICAL = Population()
"""Patients and protocol of the paper."""

UNUSUAL = Population(
    cavity_radius=(9.0, 34.0),
    wall_mean=10.0,
    wall_sd=4.0,
    wall_limits=(4.5, 22.0),
    rv_depth=(6.0, 46.0),
    trabeculae=24,
    clutter=16,
    relaxation=4.0,
    contrast=0.6,
    patchiness=0.15,
    texture=0.10,
    fat_signal=(0.0, 1.0),
    inflow=(0.2, 1.0),
    inversion_time=(0.3, 2.4),
    noise=(0.5, 2.5),
)
"""Dilated, thick, thin, scarred and trabeculated hearts under protocols of every kind, which a
network must have met in training to hold on the images of others; their flow is of no use."""
