"""From the mean signals of a region to its flow: what one series' images mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..series import ASLSeries
from . import protocol
from .checks import pair_times, polarity_of
from .kinetics import (
    difference_magnetisation,
    mbf_from_difference,
    mbf_of_difference,
    null_time,
)
from .m0 import m0_factor
from .readout import readout_of

DOUBT_OF_CONSTANTS = {"t1_blood": 0.10, "t1_tissue": 0.08, "labelling_efficiency": 0.03}
"""Standard deviations (s, s, none) of what published values differ by (Docs/flow.md)."""


@dataclass(frozen=True)
class FlowModel:
    """The acquisition of a series and the model of flow that goes with it.

    Attributes:
        kinetics: `general` or `paper`.
        frames: indices of control, label and M0 frames.
        times: inversion time of each pair, s.
        polarity: -1 for pairs before the null of muscle, else 1.
        constants: those of `quantify`.
        readout: share of the difference over M0 that the readout leaves, 0 to 1.
        readout_from: in words, what it was taken from.
        m0: factor on measured M0.
        bolus_duration: s, without end where nothing cuts the bolus off.
        m0_estimate: M0 of muscle as a number; None where images tell it.
    """

    kinetics: str
    frames: Mapping[str, list[int]]
    times: np.ndarray
    polarity: np.ndarray
    constants: Mapping[str, float]
    readout: float
    readout_from: str
    m0: float
    bolus_duration: float
    m0_estimate: float | None

    @staticmethod
    def of(
        series: ASLSeries, kinetics: str, constants: Mapping[str, float], warnings: list[str]
    ) -> FlowModel:
        """Of what a series says of itself; sentences for people are added to `warnings`."""
        t1, t2 = constants["t1_myocardium"], protocol.usual(protocol.T2_MYOCARDIUM, series)
        controls = series.frames_of("control")
        readout, source = readout_of(series.metadata, series.images.shape[2], controls)
        share = 1.0
        if kinetics == "general" and readout is not None:
            share = readout.share_of_difference(t1, t2)
        times = pair_times(series, warnings)
        # The steady state that grows during readout moves the null of the signal before that of
        # the magnetisation: to where 1 - 2 exp(-TI / T1) is 1 - 1 / share.
        null = null_time(t1) + t1 * np.log(share)
        return FlowModel(
            kinetics=kinetics,
            frames={kind: list(series.frames_of(kind)) for kind in ("control", "label", "m0scan")},
            times=times,
            polarity=polarity_of(times, null, warnings),
            constants=constants,
            readout=share,
            readout_from=source if kinetics == "general" else "the paper's formula has no readout",
            m0=m0_factor(series, readout, t1=t1, t2=t2, kinetics=kinetics, warnings=warnings),
            bolus_duration=protocol.bolus_duration(series),
            m0_estimate=protocol.m0_estimate(series, constants["partition_coefficient"]),
        )

    def m0_of(self, means: np.ndarray) -> np.ndarray:
        """M0 of each region (...), from means of each frame (..., frame); NaN where one lacks."""
        if self.m0_estimate is not None:
            return np.full(means.shape[:-1], self.m0_estimate)
        return self.m0 * means[..., self.frames["m0scan"]].mean(-1)

    def difference(self, means: np.ndarray) -> np.ndarray:
        """Control minus label over M0, of magnetisation: (..., pair) from (..., frame)."""
        control, label = (means[..., self.frames[kind]] for kind in ("control", "label"))
        with np.errstate(divide="ignore", invalid="ignore"):
            over_m0 = self.polarity * (control - label) / self.m0_of(means)[..., np.newaxis]
        return over_m0 / self.readout

    def flows(self, means: np.ndarray, t1: np.ndarray) -> np.ndarray:
        """MBF of each pair, mL/g/min: (..., region, pair) from (..., region, frame).

        Args:
            means: of each frame; NaN where a region has no pixels.
            t1: of muscle, s, (region,); the paper's formula has no use for it.
        """
        difference = self.difference(means)
        if self.kinetics == "paper":
            shared = ("partition_coefficient", "labelling_efficiency", "t1_blood")
            constants = {name: self.constants[name] for name in shared}
            return mbf_from_difference(difference, 0.0, 1.0, self.times, **constants)
        constants = {**self.kinetic_constants(), "t1_tissue": t1[:, np.newaxis]}
        return mbf_of_difference(difference, self.times, **constants)

    def kinetic_constants(self) -> dict[str, float]:
        """Those of `kinetics.difference_magnetisation`."""
        others = {k: v for k, v in self.constants.items() if k != "t1_myocardium"}
        t1 = self.constants["t1_myocardium"]
        return {**others, "t1_tissue": t1, "bolus_duration": self.bolus_duration}

    def relative_doubt(self) -> float:
        """Standard deviation of flow over flow, of what the constants of the model may be."""
        constants, time = self.kinetic_constants(), float(np.median(self.times))
        made = difference_magnetisation(1.0, time, **constants)
        changes = []
        for name, deviation in DOUBT_OF_CONSTANTS.items():
            other = {**constants, name: constants[name] + deviation}
            changes.append(float(mbf_of_difference(made, time, **other)) - 1.0)
        return float(np.linalg.norm(changes))

    def of_unit_flow(self) -> np.ndarray:
        """Control minus label over M0, of magnetisation, that 1 mL/g/min makes, (pair,)."""
        return difference_magnetisation(1.0, self.times, **self.kinetic_constants())

    def arriving(self, arrival_time: float) -> FlowModel:
        """The same with another arrival time (s) of labelled blood."""
        return replace(self, constants={**self.constants, "arrival_time": arrival_time})

    @property
    def factors(self) -> dict[str, float]:
        """See `MBFResult.factors`."""
        found = {"readout": self.readout, "m0": self.m0}
        cut_off = np.isfinite(self.bolus_duration)
        return {**found, "bolus_duration": self.bolus_duration} if cut_off else found
