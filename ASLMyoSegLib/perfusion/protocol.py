"""What a series says of its own acquisition, held against what the model of flow takes for true.

The words are those of BIDS (`ASLSeries.metadata`); what is not said is taken to fit.
"""

from __future__ import annotations

import numpy as np

from ..errors import QuantificationError
from ..series import ASLSeries
from .said import number

KINETICS = ("general", "paper")
"""Buxton's general model inverted, or the paper's formula."""
T1_BLOOD = {1.5: 1.35, 3.0: 1.65}
"""s, of arterial blood by field strength in T (Alsop et al., Magn Reson Med 2015;73:102-116)."""
T1_MYOCARDIUM = {1.5: 1.03, 3.0: 1.25}
"""s, native: 1.5 T, Stanisz et al., Magn Reson Med 2005;54:507 (1.03); 3 T, between MOLLI, which
reads low (1.18, Granitz et al., Wien Klin Wochenschr 2019;131:143), and Stanisz's 1.47."""
T2_MYOCARDIUM = {1.5: 0.040, 3.0: 0.047}
"""s (Stanisz et al. 2005)."""
SATURATION = 0.97
"""Of arterial blood with oxygen."""
HAEMOGLOBIN = 5.15
"""mmol of tetramer per litre of erythrocytes."""
USUAL_FIELD = 3.0
"""T, where a series does not say at which it was acquired."""
LIKE_FIELD = 0.2
"""T; scanners of 1.5 and 3 T write 1.494 or 2.89 as well."""


def field_strength(series: ASLSeries) -> float | None:
    """Field strength (T) that a series says: one of `T1_BLOOD` where it is about that; None where
    it says nothing."""
    said = series.metadata.get("MagneticFieldStrength")
    if not isinstance(said, int | float) or isinstance(said, bool):
        return None
    return next((field for field in T1_BLOOD if abs(said - field) < LIKE_FIELD), float(said))


def usual(table: dict[float, float], series: ASLSeries) -> float:
    """A constant at the field strength of a series; at 3 T where that is not in the table."""
    return table.get(field_strength(series), table[USUAL_FIELD])


def t1_of_blood(
    series: ASLSeries, stated: float | None = None, haematocrit: float | None = None
) -> tuple[float, str]:
    """T1 of blood (s) for a series, and in words where it is from.

    Args:
        series: whose field strength tells.
        stated: by a person, which outweighs it; None takes that of the field strength.
        haematocrit: 0 to 1; where given, and T1 is not, it tells T1 (`t1_of_haematocrit`).
    """
    field = field_strength(series)
    known = field in T1_BLOOD
    if stated is None and haematocrit is not None:
        t1 = t1_of_haematocrit(haematocrit, USUAL_FIELD if field is None else field)
        return t1, f"haematocrit {haematocrit:g} at {USUAL_FIELD if field is None else field:g} T"
    t1 = T1_BLOOD[field if known else USUAL_FIELD]
    if stated is not None and stated != t1:
        return stated, "stated"
    if known:
        return t1, f"MagneticFieldStrength {field:g} T"
    said = "not said" if field is None else f"{field:g} T, for which no value is known"
    return t1, f"taken for {USUAL_FIELD:g} T, as MagneticFieldStrength is {said}"


def t1_of_haematocrit(haematocrit: float, field: float) -> float:
    """T1 (s) of arterial blood (Hales et al., J Cereb Blood Flow Metab 2016;36:370-374).

    At 3 T and haematocrit 0.42 it gives 1.66 s, as Lu et al. measured (Magn Reson Med 2004;52:679).

    Args:
        haematocrit: 0 to 1.
        field: T.
    """
    # Erythrocytes hold less water than plasma does.
    cells = 0.70 * haematocrit
    share = cells / (cells + 0.95 * (1 - haematocrit))
    erythrocytes = 1.099 - 0.057 * field + 0.033 * HAEMOGLOBIN * (1 - SATURATION)
    plasma = 0.496 - 0.023 * field
    return 1 / (share * erythrocytes + (1 - share) * plasma)


def bolus_duration(series: ASLSeries) -> float:
    """How long labelled blood flows in, s: to where QUIPSS II or Q2TIPS cuts it off, else without
    end."""
    if series.metadata.get("BolusCutOffFlag") is not True:
        return np.inf
    return number(series.metadata, "BolusCutOffDelayTime") or np.inf


def refuse_other_models(series: ASLSeries, kinetics: str) -> None:
    """Refuse flow of an acquisition that the model does not describe.

    A bolus that is cut off at a time that is said is described by the general model alone.

    Raises:
        QuantificationError: where the series says that it is one.
    """
    if why := series.metadata.get("NoFlow"):
        raise QuantificationError(f"{series.name}: {why}.")
    said = series.metadata.get("ArterialSpinLabelingType", "PASL")
    if said != "PASL":
        raise QuantificationError(
            f"{series.name}: ArterialSpinLabelingType is {said}, but flow is computed for pulsed "
            "labelling (PASL, FAIR) only; correct it, or use the masks alone."
        )
    for key, why in (
        ("BolusCutOffFlag", "the end of the bolus is cut off"),
        ("LookLocker", "images are read out more than once after an inversion"),
    ):
        known = kinetics == "general" and np.isfinite(bolus_duration(series))
        if series.metadata.get(key) is True and not (key == "BolusCutOffFlag" and known):
            raise QuantificationError(
                f"{series.name}: {key} is true, but the model of flow does not hold where {why}; "
                "correct it, or use the masks alone."
            )


def question_protocol(series: ASLSeries, constants: dict[str, float], warnings: list[str]) -> None:
    """Say where the acquisition and the constants do not fit each other."""
    said = series.metadata
    if said.get("BackgroundSuppression") is True:
        warnings.append(
            "BackgroundSuppression is true: the null of muscle is not where it is taken to be, and "
            "the sign of the signal may be wrong; do not trust the flow."
        )
    field, used = field_strength(series), constants["t1_blood"]
    if field in T1_BLOOD and abs(used / T1_BLOOD[field] - 1) > 0.1:
        warnings.append(
            f"The images were acquired at {field:g} T, where T1 of blood is about "
            f"{T1_BLOOD[field]:g} s, but flow was computed with {used:g} s."
        )
    elif field is not None and field not in T1_BLOOD and used == T1_BLOOD[USUAL_FIELD]:
        warnings.append(
            f"The images were acquired at {field:g} T, but flow was computed with T1 of blood of "
            f"{used:g} s, that of {USUAL_FIELD:g} T."
        )
    if m0_estimate(series, 1.0) is not None:
        warnings.append(
            f"M0 was not measured in the muscle: the number {said['M0Estimate']:g} that comes with "
            "the series (M0Estimate, of blood) is used for all of it."
        )
    efficiency = number(said, "LabelingEfficiency")
    used = constants["labelling_efficiency"]
    if efficiency is not None and abs(efficiency - used) > 0.01:
        warnings.append(
            f"LabelingEfficiency is {efficiency:g}, but flow was computed with {used:g}."
        )


def labelling_efficiency(series: ASLSeries, stated: float | None, kinetics: str) -> float:
    """The one stated, or that of the side-car, or 1: an adiabatic inversion.

    The paper's formula takes 1 whatever the side-car says, which is warned of.
    """
    if stated is not None:
        return stated
    said = number(series.metadata, "LabelingEfficiency") if kinetics == "general" else None
    return 1.0 if said is None else said


def m0_estimate(series: ASLSeries, partition_coefficient: float) -> float | None:
    """M0 of muscle from the number that a series without M0 frames brings; None where it has none.

    BIDS's number is M0 of blood; muscle holds `partition_coefficient` times as much.
    """
    estimate = series.metadata.get("M0Estimate")
    given = series.metadata.get("M0Type") == "Estimate" and isinstance(estimate, int | float)
    if series.frames_of("m0scan") or not given:
        return None
    return partition_coefficient * estimate
