"""What a series says of its own acquisition, held against what the model of flow takes for true.

The words are those of BIDS (`ASLSeries.metadata`); what is not said is taken to fit.
"""

from __future__ import annotations

from ..errors import QuantificationError
from ..series import ASLSeries

T1_BLOOD = {1.5: 1.35, 3.0: 1.65}
"""s, of arterial blood by field strength in T (Alsop et al., Magn Reson Med 2015;73:102-116)."""
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


def t1_of_blood(series: ASLSeries, stated: float | None = None) -> tuple[float, str]:
    """T1 of blood (s) for a series, and in words where it is from.

    Args:
        series: whose field strength tells.
        stated: by a person, which outweighs it; None takes that of the field strength.
    """
    field = field_strength(series)
    known = field in T1_BLOOD
    t1 = T1_BLOOD[field if known else USUAL_FIELD]
    if stated is not None and stated != t1:
        return stated, "stated"
    if known:
        return t1, f"MagneticFieldStrength {field:g} T"
    said = "not said" if field is None else f"{field:g} T, for which no value is known"
    return t1, f"taken for {USUAL_FIELD:g} T, as MagneticFieldStrength is {said}"


def refuse_other_models(series: ASLSeries) -> None:
    """Refuse flow of an acquisition that the model does not describe.

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
        if series.metadata.get(key) is True:
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
    efficiency = said.get("LabelingEfficiency")
    used = constants["labelling_efficiency"]
    if isinstance(efficiency, int | float) and abs(efficiency - used) > 0.01:
        warnings.append(
            f"LabelingEfficiency is {efficiency:g}, but flow was computed with {used:g}."
        )


def m0_estimate(series: ASLSeries, partition_coefficient: float) -> float | None:
    """M0 of muscle from the number that a series without M0 frames brings; None where it has none.

    BIDS's number is M0 of blood; muscle holds `partition_coefficient` times as much.
    """
    estimate = series.metadata.get("M0Estimate")
    given = series.metadata.get("M0Type") == "Estimate" and isinstance(estimate, int | float)
    if series.frames_of("m0scan") or not given:
        return None
    return partition_coefficient * estimate
