"""What a series says of its own acquisition, held against what the model of flow takes for true.

The words are those of BIDS (`ASLSeries.metadata`); what is not said is taken to fit.
"""

from __future__ import annotations

from ..errors import QuantificationError
from ..series import ASLSeries

T1_BLOOD = {1.5: 1.35, 3.0: 1.65}
"""s, by field strength in T; the values that the panel offers."""


def refuse_other_models(series: ASLSeries) -> None:
    """Refuse flow of an acquisition that the model does not describe.

    Raises:
        QuantificationError: where the series says that it is one.
    """
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
    field = said.get("MagneticFieldStrength")
    for strength, t1 in T1_BLOOD.items() if isinstance(field, int | float) else ():
        if abs(field - strength) < 0.2 and abs(constants["t1_blood"] / t1 - 1) > 0.1:
            warnings.append(
                f"The images were acquired at {field:g} T, where T1 of blood is about {t1:g} s, "
                f"but flow was computed with {constants['t1_blood']:g} s."
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
