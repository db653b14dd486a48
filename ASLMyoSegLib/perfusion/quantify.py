"""Myocardial blood flow of a series with masks, per pair, per AHA segment and global."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import QuantificationError
from ..series import ASLSeries, MBFResult, Posterior, RVInsertion, SegmentFlow
from . import protocol
from .aha import AHA_NAMES
from .checks import check, pairs_named, question_images
from .doubt import Doubt
from .model import FlowModel
from .pairs import NAMED, combine_pairs, fit_arrival, sensitivity, weigh_pairs
from .regions import on_shared_slices, with_m0_masks
from .segments import question_sides, rings_in, segment_maps, segment_names
from .sums import (
    effective_pixels,
    error_over_pixels,
    means_of_passes,
    region_means,
    total_weight,
)
from .t1 import median_t1, t1_of_regions
from .weights import WAYS, Weighing, reach_of_passes

FEWEST_PIXELS = 5
"""Mean pixels per image below which a segment's flow would be noise."""
STRICTNESS = (0.2, 5.0)
"""Of weights that might as well have been chosen."""
LEAST_WEIGHT = 1.0
"""Sum of weights per image, of which a single sure pixel has 1, below which flow may be blood's."""
LARGEST_FLOW = 10.0
"""mL/g/min, twice of what healthy hearts reach under stress."""


def quantify(
    series: ASLSeries,
    masks: np.ndarray,
    rv_insertion: RVInsertion | None = None,
    *,
    posterior: Posterior | None = None,
    kinetics: str = "general",
    weights: str = "posterior",
    partition_coefficient: float = 1.0,
    labelling_efficiency: float | None = None,
    t1_blood: float | None = None,
    haematocrit: float | None = None,
    t1_myocardium: float | np.ndarray | None = None,
    arrival_time: float = 0.0,
) -> MBFResult:
    """MBF from weighted means of control, label and M0, each over the frame's own mask.

    Pairs are the first control with the first label, and so on; one that departs from all others
    counts less. Physiological noise is the standard deviation over pairs (the paper's Methods).
    Where TI lies before the null of muscle, both signals were negative before the magnitude was
    taken: their sign is restored. A series without M0 frames may bring M0 as a number
    (`protocol.m0_estimate`). Docs/flow.md tells the model, its constants and its intervals.

    Args:
        series: the images.
        masks: bool (frame, slice, y, x); nothing outside of them counts.
        rv_insertion: fixes the AHA sectors; None takes the standard display and says so.
        posterior: what the network said: it tells weights and the spread over passes.
        kinetics: `general`, Buxton's model inverted and the readout corrected, or `paper`.
        weights: `posterior`, by how sure pixels are muscle, or `mask`, all alike, as in the paper.
        partition_coefficient: mL/g.
        labelling_efficiency: above 0, to 1; None takes that of the side-car, else 1.
        t1_blood: s; None takes that of the field strength (`protocol.t1_of_blood`).
        haematocrit: 0 to 1; it tells T1 of blood where that is not given.
        t1_myocardium: native, s: a number, or a map (slice, y, x) on the series' grid; None takes
            that of the field strength. The paper's formula takes it for the null alone.
        arrival_time: of labelled blood, s; fitted where three or more inversion times tell it.

    Raises:
        QuantificationError: where flow cannot be computed at all; the message says why.
    """
    _refuse_unknown("kinetics", kinetics, protocol.KINETICS)
    _refuse_unknown("weights", weights, WAYS)
    protocol.refuse_other_models(series, kinetics)
    t1_blood, t1_from = protocol.t1_of_blood(series, t1_blood, haematocrit)
    if t1_myocardium is None:
        t1_myocardium = protocol.usual(protocol.T1_MYOCARDIUM, series)
    constants = {
        "partition_coefficient": partition_coefficient,
        "labelling_efficiency": protocol.labelling_efficiency(
            series, labelling_efficiency, kinetics
        ),
        "t1_blood": t1_blood,
        "t1_myocardium": median_t1(series, t1_myocardium),
        "arrival_time": arrival_time,
    }
    masks = np.asarray(masks, bool)
    check(series, masks, rv_insertion, constants)
    warnings: list[str] = []
    protocol.question_protocol(series, constants, warnings)
    model = FlowModel.of(series, kinetics, constants, warnings)
    question_images(series, masks, warnings)
    masks = with_m0_masks(series, masks, warnings)
    masks = on_shared_slices(series, masks, warnings)
    reach = masks if posterior is None else reach_of_passes(masks, posterior)
    warnings += question_sides(series, masks, rv_insertion)
    rings = rings_in(series, masks)
    sides = series.sides if rv_insertion is None else "points"
    wide = segment_maps(series, masks, rv_insertion, rings, reach | masks.any(0))
    labels = wide * masks
    weighing = Weighing.of(series, masks, wide, posterior, model.polarity)
    weight = weighing.weights() if weights == "posterior" else masks.astype(np.float32)
    t1 = t1_of_regions(t1_myocardium, weight, labels)
    means = region_means(series.images, weight, labels)
    model = _with_arrival(model, means, warnings)

    flows = model.flows(means, t1)
    precision = sensitivity(model)
    pair_weights, departures = weigh_pairs(flows[1:], precision)
    _name_odd_pairs(pair_weights, departures, warnings)
    combined = precision * pair_weights
    mbf = combine_pairs(flows, combined)
    pairs = list(series.frames_of("control") + series.frames_of("label"))
    alike = effective_pixels(weight[pairs], labels[pairs])
    total = total_weight(weight[pairs], labels[pairs])

    def flow_of(means: np.ndarray) -> np.ndarray:
        return combine_pairs(model.flows(means, t1), combined)

    by_pass, by_choice = np.full((2, 1, len(mbf)), np.nan)
    if posterior is not None:
        by_pass = flow_of(means_of_passes(series.images, wide * reach, posterior))
    if weights == "posterior":
        by_choice = flow_of(
            np.stack([region_means(series.images, weighing.weights(s), labels) for s in STRICTNESS])
        )
    m0 = model.m0_of(means)
    scatter = _scatter(series, model, weight, labels, combined, m0)
    doubt = Doubt.of(flows, combined, alike, by_pass, by_choice, scatter, model.relative_doubt())
    paper = _paper_flow(series, masks, labels, constants, labelling_efficiency)
    sizes = np.array([(labels[pairs] == n).sum() for n in range(len(mbf))]) / len(pairs)
    sizes[0] = masks[pairs].sum() / len(pairs)

    def row(number: int, name: str) -> SegmentFlow:
        valid = np.isfinite(flows[number])
        lack = _lack(sizes[number], total[number], m0[number], valid)
        if lack:
            warnings.append(f"{name}: {lack}; no flow is given.")
        elif not valid.all():
            left_out = ", ".join(str(k + 1) for k in np.flatnonzero(~valid))
            warnings.append(f"{name}: pairs {left_out} have no pixels and are left out.")
        known = not lack
        noise = flows[number][valid].std(ddof=1) if known and valid.sum() > 1 else np.nan
        return SegmentFlow(
            number,
            name,
            pixels=float(sizes[number]),
            mbf=float(mbf[number]) if known else np.nan,
            pn=float(noise),
            pairs=tuple(flows[number].tolist()),
            weight=float(alike[number]),
            paper=float(paper[number]) if known else np.nan,
            **(doubt.of_region(number, mbf[number]) if known else {}),
        )

    whole = row(0, "global")
    _question_flow(whole.mbf, warnings)
    return MBFResult(
        whole=whole,
        segments=tuple(row(n, name) for n, name in segment_names(rings, sides).items()),
        sides=sides,
        constants=dict(model.constants),
        warnings=tuple(warnings),
        t1_blood_from=t1_from,
        kinetics=kinetics,
        weights=weights,
        factors=model.factors,
        readout_from=model.readout_from,
        pair_weights=tuple(pair_weights.tolist()),
    )


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


def _refuse_unknown(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise QuantificationError(f"{name} is {value!r}; use {' or '.join(known)}.")


def _scatter(
    series: ASLSeries,
    model: FlowModel,
    weight: np.ndarray,
    labels: np.ndarray,
    of_pairs: np.ndarray,
    m0: np.ndarray,
) -> np.ndarray:
    """Standard error of flow, mL/g/min, (region,), as the differences of pixels scatter."""
    controls, inverted = model.frames["control"], model.frames["label"]
    both = np.sqrt(weight[controls] * weight[inverted]) * (labels[controls] == labels[inverted])
    unit = model.polarity * model.readout * model.of_unit_flow()
    telling = np.flatnonzero((of_pairs > 0) & (unit != 0))
    scale = (of_pairs[telling], unit[telling])
    of_pair, unit = (values[:, np.newaxis, np.newaxis, np.newaxis] for values in scale)
    images = series.images.astype(np.float64)
    flows = (images[controls] - images[inverted])[telling] / unit
    error = error_over_pixels(flows, of_pair * both[telling], labels[controls][telling])
    return np.divide(error, np.abs(m0), out=np.full_like(error, np.nan), where=m0 != 0)


def _with_arrival(model: FlowModel, means: np.ndarray, warnings: list[str]) -> FlowModel:
    """With the arrival time that the whole muscle tells, where it does."""
    if model.kinetics == "paper":
        return model
    found = fit_arrival(model, model.difference(means)[0])
    if found is None:
        return model
    warnings.append(
        f"Labelled blood arrives {found:.2f} s after the inversion, as the inversion times tell."
    )
    return model.arriving(found)


def _name_odd_pairs(weights: np.ndarray, departures: np.ndarray, warnings: list[str]) -> None:
    for pair in np.flatnonzero(weights < NAMED):
        odd = np.arange(len(weights)) == pair
        warnings.append(
            f"{pairs_named(odd)}: departs from the others {departures[pair]:.1f} times as far as "
            f"they do from each other, as after motion or an irregular heartbeat; it counts "
            f"{weights[pair]:.2f}."
        )


def _paper_flow(
    series: ASLSeries,
    masks: np.ndarray,
    labels: np.ndarray,
    constants: dict[str, float],
    labelling_efficiency: float | None,
) -> np.ndarray:
    """MBF of each region by the paper's formula and the plain mean over the mask; NaN where the
    formula does not describe the acquisition."""
    try:
        protocol.refuse_other_models(series, "paper")
    except QuantificationError:
        return np.full(max(AHA_NAMES), np.nan)
    efficiency = protocol.labelling_efficiency(series, labelling_efficiency, "paper")
    model = FlowModel.of(series, "paper", {**constants, "labelling_efficiency": efficiency}, [])
    flows = model.flows(region_means(series.images, masks.astype(np.float32), labels), np.ones(1))
    return combine_pairs(flows, np.ones(flows.shape[-1]))


def _question_flow(mbf: float, warnings: list[str]) -> None:
    if not 0 <= mbf <= LARGEST_FLOW and np.isfinite(mbf):
        warnings.append(
            f"Global flow of {mbf:.2f} mL/g/min cannot be a heart's: are control and label "
            "the right way round in the aslcontext table, and are M0, inversion time and masks "
            "right?"
        )


def _lack(size: float, weight: float, m0: float, valid: np.ndarray) -> str:
    """Why a region has no flow; empty where it has one."""
    if size < FEWEST_PIXELS:
        return f"{size:.1f} pixels per image are too few (fewer than {FEWEST_PIXELS})"
    if weight < LEAST_WEIGHT:
        return f"none of {size:.0f} pixels per image is surely muscle (weight {weight:.2f} in all)"
    if np.isnan(m0):
        return "no mask in an M0 image"
    if m0 <= 0:
        return f"the mean of M0 is {m0:.4g}, where a magnitude above 0 is needed"
    return (
        "" if valid.any() else "no pair has pixels in both images, or a difference that flow makes"
    )
