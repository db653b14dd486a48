"""The summary of a finished series, for programs and for the report."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import __version__
from ..motion.measuring import LIMIT
from ..series import MBFResult, SegmentFlow
from .finished import FinishedSeries
from .heart import describe_heart

MBF_UNIT = "mL/g/min"


def summarise(finished: FinishedSeries) -> dict[str, Any]:
    """The content of ``summary.json``; numbers that do not exist are null.

    `sides` is whence the patient's sides are known without RV points (`ASLSeries.sides`), and
    `stored_axes` which axes of the file x, y and slice are here, with a minus where they run
    against it: slices and shifts are those of the images as they stand, volumes lie as the input.
    `m0_from` names the file or series of its own that M0 was taken from, where it was one. A
    frame's `shift_pixels` are down and right, from the usual place of the heart; it is `astray`
    where something else looked more like the heart at first.
    """
    series, posterior, segmentation = finished.series, finished.posterior, finished.segmentation
    motion, scores = finished.motion, segmentation.mcd_uncertainty
    finite = scores[np.isfinite(scores)]
    frames = [
        {
            "index": frame,
            "slice": k,
            "volume_type": series.volume_types[frame],
            "status": segmentation.status[frame],
            "mcd_uncertainty": _number(scores[frame, k]),
            "mcd_interval": [_number(v) for v in posterior.mcd_interval[frame, k]],
            "trials": int(posterior.trials[frame, k]),
            "mask_pixels": int(segmentation.masks[frame, k].sum()),
            "shift_pixels": [_number(v) for v in motion.shifts[frame, k]],
            "moved": bool(motion.moved[frame, k]),
            "astray": bool(posterior.astray is not None and posterior.astray[frame, k]),
        }
        for frame in range(len(series.images))
        for k in range(series.images.shape[1])
    ]
    return {
        "version": __version__,
        "series": series.name,
        "identifiers": None if finished.identifiers is None else dict(finished.identifiers),
        "input_sha256": finished.digest,
        "stated": dict(finished.stated or {}),
        "sides": series.sides,
        "stored_axes": list(series.on_file.axes),
        "flow_options": dict(finished.flow_options or {}),
        "m0_from": series.metadata.get("M0From"),
        "model": posterior.model,
        "way": posterior.way,
        "heart": describe_heart(series, posterior, finished.heart),
        "device": posterior.device,
        "trials": int(posterior.trials.max()),
        "precision": finished.precision,
        "seed": posterior.seed,
        "seconds": round(finished.seconds, 2),
        "frames": frames,
        "motion": {"limit_mm": LIMIT, "corrected": motion.corrected},
        "mcd_uncertainty": _number(finite.mean()) if finite.size else None,
        "mbf": describe_flow(finished.flow) if finished.flow else None,
        "warnings": [*motion.warnings(), *finished.warnings],
    }


def describe_flow(result: MBFResult) -> dict[str, Any]:
    """MBF as it stands in ``summary.json`` and in what `quantify` prints."""
    return {
        "unit": MBF_UNIT,
        "kinetics": result.kinetics,
        "weights": result.weights,
        "global": _describe_segment(result.whole),
        "segments": [
            {
                "aha": s.aha,
                "name": s.name,
                "pixels": round(s.pixels, 1),
                **_describe_segment(s),
            }
            for s in result.segments
        ],
        "pairs": [_number(v) for v in result.whole.pairs],
        "pair_weights": [_number(v) for v in result.pair_weights],
        "rotation_known": result.rotation_known,
        "sides": result.sides,
        "constants": result.constants,
        "t1_blood_from": result.t1_blood_from,
        "factors": {name: _number(v) for name, v in result.factors.items()},
        "readout_from": result.readout_from,
    }


def _describe_segment(segment: SegmentFlow) -> dict[str, Any]:
    """Flow, its doubt, and what the paper's formula over the mask gives, mL/g/min."""
    return {
        "mbf": _number(segment.mbf),
        "pn": _number(segment.pn),
        "interval90": [_number(segment.low), _number(segment.high)],
        "error": _number(segment.error),
        "error_without_constants": _number(segment.error_alone),
        "degrees_of_freedom": _number(segment.freedom),
        "spread_over_passes": _number(segment.spread),
        "effective_pixels": _number(round(segment.weight, 1)),
        "paper": _number(segment.paper),
    }


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
