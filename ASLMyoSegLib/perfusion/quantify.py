"""Myocardial blood flow of a series with masks, per pair, per AHA segment and global."""

from __future__ import annotations

import numpy as np

from ..errors import QuantificationError
from ..series import ASLSeries, MBFResult, RVInsertion, SegmentFlow
from .aha import AHA_NAMES
from .kinetics import mbf_from_difference, null_time
from .protocol import m0_estimate, question_protocol, refuse_other_models, t1_of_blood
from .segments import question_sides, rings_in, segment_maps, segment_names

FEWEST_PIXELS = 5
"""Mean pixels per image below which a segment's flow would be noise."""
LARGEST_FLOW = 10.0
"""mL/g/min, twice of what healthy hearts reach under stress."""
UNEQUAL = 0.05
"""Share of the inversion time by which those of a pair may differ without a word."""
NEAR_NULL = 0.18
"""Share of the null's inversion time within which magnitude images cannot be trusted: T1 of muscle
is assumed, and the approach to the steady state during readout moves the null by some 8 %."""


def quantify(
    series: ASLSeries,
    masks: np.ndarray,
    rv_insertion: RVInsertion | None = None,
    *,
    partition_coefficient: float = 1.0,
    labelling_efficiency: float = 1.0,
    t1_blood: float | None = None,
    t1_myocardium: float = 1.25,
) -> MBFResult:
    """MBF from the means of control, label and M0 within each frame's own mask.

    Pairs are the first control with the first label, and so on. Physiological noise is the
    standard deviation over pairs (the paper's Methods). Where TI lies before the null of muscle,
    both signals were negative before the magnitude was taken: their sign is restored. A series
    without M0 frames may bring M0 as a number (`protocol.m0_estimate`).

    Args:
        series: the images.
        masks: bool (frame, slice, y, x).
        rv_insertion: fixes the AHA sectors; None takes the standard display and says so.
        partition_coefficient: mL/g.
        labelling_efficiency: above 0, to 1.
        t1_blood: s; None takes that of the field strength (`protocol.t1_of_blood`).
        t1_myocardium: s, tells the null only.

    Raises:
        QuantificationError: where flow cannot be computed at all; the message says why.
    """
    t1_blood, t1_from = t1_of_blood(series, t1_blood)
    constants = {
        "partition_coefficient": partition_coefficient,
        "labelling_efficiency": labelling_efficiency,
        "t1_blood": t1_blood,
        "t1_myocardium": t1_myocardium,
    }
    masks = np.asarray(masks, bool)
    estimate = m0_estimate(series, partition_coefficient)
    _check(series, masks, rv_insertion, constants, estimate)
    warnings: list[str] = []
    question_protocol(series, constants, warnings)
    if estimate is not None:
        warnings.append(
            f"M0 was not measured in the muscle: the number {series.metadata['M0Estimate']:g} that "
            "comes with the series (M0Estimate, of blood) is used for all of it."
        )
    controls, labels = series.frames_of("control"), series.frames_of("label")
    times = _pair_times(series, warnings)
    _question_images(series, masks, warnings)
    polarity = _polarity(times, null_time(t1_myocardium), warnings)
    masks = _with_m0_masks(series, masks, warnings)
    masks = _on_shared_slices(series, masks, warnings)
    warnings += question_sides(series, masks, rv_insertion)
    rings = rings_in(series, masks)
    segments = segment_maps(series, masks, rv_insertion, rings)
    sides = series.sides if rv_insertion is None else "points"

    def flow(number: int, name: str, regions: np.ndarray) -> SegmentFlow:
        pixels = regions.sum((1, 2, 3))
        means = np.array([_mean(i, r) for i, r in zip(series.images, regions, strict=True)])
        m0 = means[list(series.frames_of("m0scan"))].mean() if estimate is None else estimate
        with np.errstate(divide="ignore", invalid="ignore"):
            pairs = mbf_from_difference(
                polarity * means[list(controls)],
                polarity * means[list(labels)],
                m0,
                times,
                partition_coefficient=partition_coefficient,
                labelling_efficiency=labelling_efficiency,
                t1_blood=t1_blood,
            )
        size = float(pixels[list(controls + labels)].mean())
        valid = np.isfinite(pairs)
        lack = _lack(size, m0, valid)
        if lack:
            warnings.append(f"{name}: {lack}; no flow is given.")
            return SegmentFlow(number, name, size, np.nan, np.nan, tuple(pairs.tolist()))
        if not valid.all():
            left_out = ", ".join(str(k + 1) for k in np.flatnonzero(~valid))
            warnings.append(f"{name}: pairs {left_out} have no pixels and are left out.")
        noise = float(pairs[valid].std(ddof=1)) if valid.sum() > 1 else np.nan
        return SegmentFlow(
            number, name, size, float(pairs[valid].mean()), noise, tuple(pairs.tolist())
        )

    whole = flow(0, "global", masks)
    if not 0 <= whole.mbf <= LARGEST_FLOW and np.isfinite(whole.mbf):
        warnings.append(
            f"Global flow of {whole.mbf:.2f} mL/g/min cannot be a heart's: are control and label "
            "the right way round in the aslcontext table, and are M0, inversion time and masks "
            "right?"
        )
    parts = tuple(flow(n, name, segments == n) for n, name in segment_names(rings, sides).items())
    return MBFResult(whole, parts, sides, constants, tuple(warnings), t1_from)


def flow_map(
    series: ASLSeries, masks: np.ndarray, rv_insertion: RVInsertion | None, result: MBFResult
) -> np.ndarray:
    """MBF of each AHA segment on the pixels that most control and label masks share.

    Args:
        series: the images.
        masks: bool (frame, slice, y, x).
        rv_insertion: with which `quantify` got the result.
        result: of `quantify`.

    Returns:
        float32 (slice, y, x), mL/g/min; 0 outside, and where a segment has no flow.
    """
    pairs = series.frames_of("control") + series.frames_of("label")
    common = np.asarray(masks, bool)[list(pairs)].mean(0) >= 0.5
    rings = rings_in(series, masks)
    (segments,) = segment_maps(series, common[np.newaxis], rv_insertion, rings)
    values = np.zeros(max(AHA_NAMES) + 1, np.float32)
    for segment in result.segments:
        values[segment.aha] = np.nan_to_num(segment.mbf)
    return values[segments]


def _check(
    series: ASLSeries,
    masks: np.ndarray,
    rv_insertion: RVInsertion | None,
    constants: dict[str, float],
    m0_estimate: float | None,
) -> None:
    refuse_other_models(series)
    for name, value in constants.items():
        if not 0 < value < np.inf or (name == "labelling_efficiency" and value > 1):
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
    if counts["m0scan"] == 0 and m0_estimate is None:
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


def _question_images(series: ASLSeries, masks: np.ndarray, warnings: list[str]) -> None:
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


def _pair_times(series: ASLSeries, warnings: list[str]) -> np.ndarray:
    """Inversion time of each pair, s: the mean of its two, which heartbeats let differ a little."""
    controls, labels = (
        series.inversion_time[list(series.frames_of(kind))] for kind in ("control", "label")
    )
    times = (controls + labels) / 2
    apart = np.abs(controls - labels) > UNEQUAL * times
    if apart.any():
        warnings.append(
            f"{_pairs(apart)}: inversion times of control ({_listed(controls[apart])} s) and label "
            f"({_listed(labels[apart])} s) differ; their mean is used. Are the frames in order?"
        )
    return times


def _polarity(times: np.ndarray, null: float, warnings: list[str]) -> np.ndarray:
    """-1 for pairs before the null of muscle, 1 after it."""
    near = np.abs(times / null - 1) < NEAR_NULL
    before = times < null
    if near.any():
        warnings.append(
            f"{_pairs(near)}: inversion time {_listed(times[near])} s lies near the null of muscle "
            f"({null:.2f} s), where magnitude images lose the sign of the signal; do not trust "
            "their flow."
        )
    if before.any():
        warnings.append(
            f"{_pairs(before)}: inversion time {_listed(times[before])} s lies before the null of "
            f"muscle ({null:.2f} s); the sign that the magnitude took away was restored."
        )
    return np.where(before, -1.0, 1.0)


def _with_m0_masks(series: ASLSeries, masks: np.ndarray, warnings: list[str]) -> np.ndarray:
    """Masks in which every M0 frame has one: what most controls share, where its own is empty."""
    missing = [
        (f, k)
        for f in series.frames_of("m0scan")
        for k in range(masks.shape[1])
        if not masks[f, k].any()
    ]
    if not missing:
        return masks
    masks = masks.copy()
    common = masks[list(series.frames_of("control"))].mean(0) >= 0.5
    for frame, k in missing:
        masks[frame, k] = common[k]
    frames = ", ".join(str(f) for f in sorted({f for f, _ in missing}))
    warnings.append(f"m0scan frame {frames}: no mask; what most control masks share is used.")
    return masks


def _on_shared_slices(series: ASLSeries, masks: np.ndarray, warnings: list[str]) -> np.ndarray:
    """Masks without those pairs that lack a slice which others have.

    Means over different slices differ by far more than flow does, so their difference is no flow.
    """
    used = masks.any((2, 3))
    drawn = used.any(0)
    masks = masks.copy()
    for number, pair in enumerate(
        zip(series.frames_of("control"), series.frames_of("label"), strict=True), start=1
    ):
        lacking = np.flatnonzero(drawn & ~used[list(pair)].all(0))
        if lacking.size:
            masks[list(pair)] = False
            warnings.append(
                f"Pair {number}: no mask in slice {', '.join(map(str, lacking))} of its control or "
                "label; the pair is left out."
            )
    return masks


def _lack(size: float, m0: float, valid: np.ndarray) -> str:
    """Why a region has no flow; empty where it has one."""
    if size < FEWEST_PIXELS:
        return f"{size:.1f} pixels per image are too few (fewer than {FEWEST_PIXELS})"
    if np.isnan(m0):
        return "no mask in an M0 image"
    if m0 <= 0:
        return f"the mean of M0 is {m0:.4g}, where a magnitude above 0 is needed"
    return "" if valid.any() else "no pair has pixels in both images"


def _mean(image: np.ndarray, region: np.ndarray) -> float:
    return float(image[region].mean(dtype=np.float64)) if region.any() else np.nan


def _pairs(chosen: np.ndarray) -> str:
    return "Pairs " + ", ".join(str(k + 1) for k in np.flatnonzero(chosen))


def _listed(times: np.ndarray) -> str:
    return ", ".join(sorted({f"{t:.2f}" for t in times}))
