"""M0 as it was measured, brought to the scale of the series and to full relaxation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import QuantificationError
from ..series import ASLSeries
from .readout import Readout, readout_of
from .said import number

OWN = "M0Scan"
"""Metadata of the series under which what the side-car of an M0 scan of its own says stands."""
RELAXED = {"general": 1 - np.exp(-5.0), "paper": 0.99}
"""Share of M0 from which it counts as relaxed: after 5 T1; with the paper's formula, after its own
6 s too."""
ALIKE = 0.01
"""Relative difference below which two values are one."""
LARGEST_FACTOR = 2.0
"""Between the signals of two readouts, up to which the model of them is trusted."""
SLOPES = ("PhilipsRescaleSlope", "PhilipsScaleSlope")
AS_FLOAT = "UsePhilipsFloatNotDisplayScaling"


def m0_factor(
    series: ASLSeries,
    readout: Readout | None,
    *,
    t1: float,
    t2: float,
    kinetics: str,
    warnings: list[str],
) -> float:
    """What measured M0 is to be multiplied with, and warnings that say so.

    Args:
        series: the images and what their side-cars say.
        readout: of control and label; None where it is unknown.
        t1, t2: of muscle, s.
        kinetics: `general` or `paper`.
        warnings: sentences are added.

    Raises:
        QuantificationError: where M0 is of another scale, and by how much cannot be told.
    """
    frames = series.frames_of("m0scan")
    if not frames:
        return 1.0
    own = series.metadata.get(OWN)
    apart = isinstance(own, Mapping)
    values = own if apart else series.metadata
    at = () if apart else frames
    scale = 1.0
    if apart:
        _refuse_other_gain(series, own)
        scale *= _slope_factor(series, own, warnings)
    scale *= _readout_factor(series, readout, values, at, t1, t2, warnings)
    return scale / _recovery(values, at, t1, RELAXED[kinetics], warnings)


def _recovery(
    values: Mapping[str, Any], at: tuple[int, ...], t1: float, relaxed: float, warnings: list[str]
) -> float:
    """Share of full magnetisation that M0 had when it was read out: ``1 - exp(-TR / T1)``."""
    time = number(values, "RepetitionTimePreparation", at)
    if not time or time < 0:
        said = "0" if time == 0 else "not said" if time is None else f"{time:g} s"
        warnings.append(
            f"The repetition time of M0 (RepetitionTimePreparation) is {said}: M0 is taken as "
            "fully relaxed, which makes flow too high if it was not."
        )
        return 1.0
    recovery = 1 - np.exp(-time / t1)
    if recovery >= relaxed:
        return 1.0
    warnings.append(
        f"M0 was acquired with a repetition time of {time:g} s and had recovered to "
        f"{100 * recovery:.1f} % of full magnetisation (T1 of muscle {t1:g} s): it was divided by "
        "that."
    )
    return float(recovery)


def _readout_factor(
    series: ASLSeries,
    readout: Readout | None,
    values: Mapping[str, Any],
    at: tuple[int, ...],
    t1: float,
    t2: float,
    warnings: list[str],
) -> float:
    """Signal of equilibrium as control and label are read out, over that as M0 is."""
    pairs = series.frames_of("control")
    differing = []
    for key, words, unit, factor in (
        ("FlipAngle", "flip angle", " degrees", 1),
        ("EchoTime", "echo time", " ms", 1000),
    ):
        ours, theirs = number(series.metadata, key, pairs), number(values, key, at)
        if ours and theirs and abs(theirs - ours) > ALIKE * ours:
            differing.append(f"{words} ({factor * theirs:g}, not {factor * ours:g}{unit})")
    if not differing:
        return 1.0
    what = f"M0 was acquired with another {' and another '.join(differing)} than the ASL series"
    other, _ = readout_of({**series.metadata, **values}, series.images.shape[2], at)
    factor = None
    if readout is not None and other is not None:
        factor = float(readout.signal(1.0, t1, t2) / other.signal(1.0, t1, t2))
    if factor is None or not 1 / LARGEST_FACTOR <= factor <= LARGEST_FACTOR:
        raise QuantificationError(
            f"{series.name}: {what}, so its signal is of another scale; acquire M0 as the series, "
            "correct the side-car, or use the masks alone."
        )
    warnings.append(f"{what}: it was multiplied by {factor:.3f}, as the model of bSSFP tells.")
    return factor


def _slope_factor(series: ASLSeries, own: Mapping[str, Any], warnings: list[str]) -> float:
    """Brings values that Philips' display scaling has stretched to those of the series.

    What a scanner of Philips measured is the displayed value over both slopes (Chenevert et al.,
    Transl Oncol 2014;7:65).
    """
    gains = []
    for values in (series.metadata, own):
        slopes = [number(values, key) for key in SLOPES]
        known = None not in slopes and 0 not in slopes
        as_float = values.get(AS_FLOAT)
        if known and as_float in (0, False):
            gains.append(slopes[0] * slopes[1])
        elif as_float in (1, True) and isinstance(as_float, int):
            gains.append(1.0)
        else:
            gains.append(tuple(slopes) if known else None)
    ours, theirs = gains
    if ours == theirs:
        return 1.0
    if not (isinstance(ours, float) and isinstance(theirs, float)):
        raise QuantificationError(
            f"{series.name}: M0 and the ASL series may be scaled differently ({', '.join(SLOPES)}, "
            f"{AS_FLOAT}), which their side-cars do not both tell; write these of both."
        )
    factor = ours / theirs
    if abs(factor - 1) <= 1e-6:
        return 1.0
    warnings.append(
        f"M0 was scaled differently from the ASL series (Philips' slopes): it was multiplied by "
        f"{factor:.4g}."
    )
    return factor


def _refuse_other_gain(series: ASLSeries, own: Mapping[str, Any]) -> None:
    ours, theirs = (number(values, "ReceiverGain") for values in (series.metadata, own))
    if None not in (ours, theirs) and ours != theirs:
        raise QuantificationError(
            f"{series.name}: M0 was acquired with ReceiverGain {theirs:g}, the ASL series with "
            f"{ours:g}: their signals are of different scales; acquire both with one."
        )
