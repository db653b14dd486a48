"""The observer: contours as a careful person draws them, which are not the exact truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .anatomy import Harmonics, SliceAnatomy


@dataclass(frozen=True)
class Observer:
    """How far a person's contours lie from the truth, mm as functions of angle.

    Both borders are kept a little inside the muscle, as partial volumes of blood and fat spoil
    the flow (the paper's Methods and Figure S7).
    """

    inner: Harmonics
    outer: Harmonics

    @staticmethod
    def draw(rng: np.random.Generator, pixel: float) -> Observer:
        """Conservative by some four tenths of a pixel (mm), with smooth personal deviations."""
        margins = np.clip(rng.normal(0.40, 0.06, 2), 0.25, 0.55) * pixel
        spread = [0.25, 0.22, 0.18, 0.15, 0.1]
        return Observer(
            Harmonics.draw(rng, margins[0], spread), Harmonics.draw(rng, -margins[1], spread)
        )

    def outline(
        self, rng: np.random.Generator, anatomy: SliceAnatomy, x: np.ndarray, y: np.ndarray
    ) -> np.ndarray:
        """Mask of one frame, bool, at pixel centres in mm; each frame deviates a little anew."""
        radius, angle = anatomy.to_polar(x, y)
        wobble = [0.12, 0.12, 0.1, 0.08, 0.06]
        inner = anatomy.endocardium(angle) + self.inner(angle)
        outer = anatomy.epicardium(angle) + self.outer(angle)
        inner = inner + Harmonics.draw(rng, 0.0, wobble)(angle)
        outer = outer + Harmonics.draw(rng, 0.0, wobble)(angle)
        mask = (radius >= inner) & (radius <= outer)
        if anatomy.outflow:
            mask &= ~anatomy.outflow.spans(angle, margin=0.05)
        return mask
