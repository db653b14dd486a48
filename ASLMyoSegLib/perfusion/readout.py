"""What the readout makes of magnetisation: balanced steady-state free precession.

The difference of control and label decays with the transient alone, while M0 also carries the share
of the steady state that has grown by then: their ratio is not that of their magnetisations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .said import number

USUAL_REPETITION_TIME = 3.2e-3
"""s, of the paper's readout."""
USUAL_ACCELERATION = 2.0
"""Of the paper's images (SENSE)."""
SEQUENCE_KEYS = ("PulseSequenceType", "PulseSequenceDetails", "SequenceName", "ScanningSequence")
OTHER_SEQUENCES = re.compile(r"epi|spiral|flash|spgr|spoiled|tfe|t1ffe|turbo.?spin|rare|grase")
BALANCED = re.compile(r"ssfp|trufi|fisp|fiesta|bffe|b-ffe|balanced")


@dataclass(frozen=True)
class Readout:
    """A bSSFP readout after an alpha/2 preparation, in linear order.

    Attributes:
        flip_angle: degrees.
        repetition_time: from pulse to pulse, s.
        echo_time: s.
        pulses: to the centre of k-space.
    """

    flip_angle: float
    repetition_time: float
    echo_time: float
    pulses: float

    def signal(self, magnetisation: ArrayLike, t1: ArrayLike, t2: ArrayLike) -> np.ndarray:
        """Transverse signal at the centre of k-space, on resonance; times in s.

        The prepared magnetisation decays to the steady state with the rate of Scheffler (Magn
        Reson Med 2003;49:781): ``E1 cos^2(alpha/2) + E2 sin^2(alpha/2)`` per repetition time.

        Args:
            magnetisation: along the field before the readout, over that in equilibrium.
            t1, t2: of the tissue.
        """
        t1, t2 = np.asarray(t1, float), np.asarray(t2, float)
        e1, e2 = np.exp(-self.repetition_time / t1), np.exp(-self.repetition_time / t2)
        angle = np.radians(self.flip_angle)
        steady = np.sin(angle) * (1 - e1) / (1 - (e1 - e2) * np.cos(angle) - e1 * e2)
        half = angle / 2
        decay = (e1 * np.cos(half) ** 2 + e2 * np.sin(half) ** 2) ** self.pulses
        echo = np.exp(-self.echo_time / t2)
        return echo * (steady * (1 - decay) + magnetisation * np.sin(half) * decay)

    def share_of_difference(self, t1: float, t2: float) -> float:
        """Signal of a difference over that of equilibrium, where both magnetisations are 1: the
        factor, 0 to 1, by which control minus label over M0 reads low."""
        return float(1 - self.signal(0.0, t1, t2) / self.signal(1.0, t1, t2))


def readout_of(
    values: Mapping[str, Any], rows: int, frames: Sequence[int] = ()
) -> tuple[Readout | None, str]:
    """The readout that a side-car describes, and in words what it was taken from.

    Args:
        values: of the side-car.
        rows: of the image, which phase encoding goes along.
        frames: whose values count where each frame has its own.

    Returns:
        None where it is no bSSFP, or its flip angle is not said.
    """
    words = " ".join(str(values.get(key, "")) for key in SEQUENCE_KEYS).lower()
    if OTHER_SEQUENCES.search(words) and not BALANCED.search(words):
        return None, f"the sequence is {words.strip()[:60]}, no bSSFP"
    angle = number(values, "FlipAngle", frames)
    if angle is None or not 0 < angle < 180:
        return None, "FlipAngle is not said"
    echo = number(values, "EchoTime", frames) or None
    repetition, assumed = number(values, "RepetitionTimeExcitation", frames) or None, []
    if repetition is None:
        # An echo of bSSFP lies in the middle between two pulses.
        repetition = 2 * echo if echo else USUAL_REPETITION_TIME
        assumed.append(f"a repetition time of {1000 * repetition:.3g} ms")
    acceleration = number(values, "ParallelReductionFactorInPlane")
    if acceleration is None:
        acceleration = USUAL_ACCELERATION
        assumed.append(f"acceleration by {acceleration:g}")
    lines = number(values, "AcquisitionMatrixPE") or rows
    kept = number(values, "PartialFourier") or 1.0
    shots = number(values, "NumberShots") or 1.0
    pulses = lines * max(kept - 0.5, 0.0) / acceleration / shots
    readout = Readout(angle, repetition, echo or repetition / 2, pulses)
    text = f"bSSFP of {angle:g} degrees, {pulses:.0f} pulses to the centre of k-space"
    return readout, text + (f"; {' and '.join(assumed)} assumed" if assumed else "")
