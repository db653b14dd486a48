"""Whether a series and its masks can give flow, and what makes it doubtful."""

from __future__ import annotations

import numpy as np

from ..errors import QuantificationError
from ..series import ASLSeries, RVInsertion
from .protocol import m0_estimate

UNEQUAL = 0.05
"""Share of the inversion time by which those of a pair may differ without a word."""
NEAR_NULL = 0.18
"""Share of the null's inversion time within which magnitude images cannot be trusted: T1 of muscle
is assumed, and the approach to the steady state during readout moves the null by some 8 %."""


def check(
    series: ASLSeries,
    masks: np.ndarray,
    rv_insertion: RVInsertion | None,
    constants: dict[str, float],
) -> None:
    """Refuse what can give no flow.

    Args:
        series: the images.
        masks: bool (frame, slice, y, x).
        rv_insertion: None where nobody placed them.
        constants: of the model.

    Raises:
        QuantificationError: the message says why, and what to do.
    """
    for name, value in constants.items():
        possible = value >= 0 if name == "arrival_time" else value > 0
        if not (possible and value < np.inf) or (name == "labelling_efficiency" and value > 1):
            raise QuantificationError(f"{name} is {value:g}, which is out of range.")
    if masks.shape != series.images.shape:
        raise QuantificationError(
            f"{series.name}: masks of shape {masks.shape} on images of {series.images.shape}."
        )
    counts = {kind: len(series.frames_of(kind)) for kind in ("control", "label", "m0scan")}
    for kind in ("control", "label"):
        if counts[kind] == 0:
            raise QuantificationError(
                f"{series.name}: no {kind} frame; flow is control minus label."
            )
    if counts["control"] != counts["label"]:
        raise QuantificationError(
            f"{series.name}: {counts['control']} control and {counts['label']} label frames make "
            "no pairs; correct the aslcontext table or leave the odd frame out."
        )
    for frame in series.frames_of("control") + series.frames_of("label"):
        if not 0 < series.inversion_time[frame] < np.inf:
            raise QuantificationError(
                f"{series.name}: frame {frame} has inversion time "
                f"{series.inversion_time[frame]:g} s; give each control and label frame its own."
            )
    if counts["m0scan"] == 0 and m0_estimate(series, 1.0) is None:
        raise QuantificationError(
            f"{series.name}: no m0scan frame, so the difference has no scale; add an M0 image "
            "without inversion to the series."
        )
    slices = masks.shape[1]
    if rv_insertion is not None and not (
        len(rv_insertion.anterior) == len(rv_insertion.inferior) == slices
    ):
        raise QuantificationError(
            f"{series.name}: RV insertion points of {len(rv_insertion.anterior)} anterior and "
            f"{len(rv_insertion.inferior)} inferior slices on {slices}; give both in each slice."
        )
    if not masks.any():
        raise QuantificationError(
            f"{series.name}: all masks are empty; outline the muscle by hand."
        )
    whole = np.argwhere(masks.all((2, 3)))
    if whole.size:
        raise QuantificationError(
            f"{series.name}: the mask of frame {whole[0, 0]}, slice {whole[0, 1]} is the whole "
            "image, where it should be muscle only; outline the muscle."
        )


def question_images(series: ASLSeries, masks: np.ndarray, warnings: list[str]) -> None:
    """Say what the images themselves make doubtful."""
    if (series.images[masks] < 0).any():
        warnings.append(
            "Pixels of the muscle are negative, which magnitude images never are: flow is wrong if "
            "the images were shifted or are of another kind."
        )
    m0 = list(series.frames_of("m0scan"))
    black = int(np.count_nonzero(series.images[m0][masks[m0]] == 0))
    if black:
        warnings.append(
            f"M0 is 0 in {black} pixels of the muscle, which makes flow too high: is M0 cut off or "
            "masked, or does its mask reach beyond the image?"
        )


def pair_times(series: ASLSeries, warnings: list[str]) -> np.ndarray:
    """Inversion time of each pair, s, (pair,): the mean of its two, which heartbeats let differ."""
    controls, labels = (
        series.inversion_time[list(series.frames_of(kind))] for kind in ("control", "label")
    )
    times = (controls + labels) / 2
    apart = np.abs(controls - labels) > UNEQUAL * times
    if apart.any():
        warnings.append(
            f"{pairs_named(apart)}: inversion times of control ({_listed(controls[apart])} s) and "
            f"label ({_listed(labels[apart])} s) differ; their mean is used. Are the frames in "
            "order?"
        )
    return times


def polarity_of(times: np.ndarray, null: float, warnings: list[str]) -> np.ndarray:
    """-1 for pairs before the null of muscle, 1 after it."""
    near = np.abs(times / null - 1) < NEAR_NULL
    before = times < null
    if near.any():
        warnings.append(
            f"{pairs_named(near)}: inversion time {_listed(times[near])} s lies near the null of "
            f"muscle ({null:.2f} s), where magnitude images lose the sign of the signal; do not "
            "trust their flow."
        )
    if before.any():
        warnings.append(
            f"{pairs_named(before)}: inversion time {_listed(times[before])} s lies before the "
            f"null of muscle ({null:.2f} s); the sign that the magnitude took away was restored."
        )
    return np.where(before, -1.0, 1.0)


def pairs_named(chosen: np.ndarray) -> str:
    """``Pairs 2, 5`` of a choice, bool (pair,)."""
    return "Pairs " + ", ".join(str(k + 1) for k in np.flatnonzero(chosen))


def _listed(times: np.ndarray) -> str:
    return ", ".join(sorted({f"{t:.2f}" for t in times}))
