"""Comparison with reference masks over a data set (the paper's accuracy and uncertainty)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import QuantificationError
from ..io import read_masks, read_rv_insertion
from ..network import LoadedModel, load_model
from ..perfusion.quantify import quantify
from ..series import RVInsertion
from ..training.dataset import ReferenceSeries, read_references
from ..uncertainty import scores
from ..uncertainty.sampler import segment
from .agreement import agreement, r_squared
from .flow_truth import PAPER, FlowTruth, read_true_flow


def evaluate(
    dataset: str | Path,
    *,
    model: LoadedModel | None = None,
    trials: int | None = None,
    precision: float | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Metrics of a model on a data set with reference masks.

    Control and labelled images count, as in the paper; M0 images are left out of all but flow.

    Passes are as many as `trials` or `precision` ask for (see `uncertainty.sampler.segment`).

    Returns:
        `n_images`; `dice` with mean and standard deviation for `control`, `label` and `all`;
        `false_positive_pixels` and `false_negative_pixels`, mean per image; `dice_uncertainty`
        and `mcd_uncertainty` (mean, and R² of one on the other); `mbf` per segment against MBF on
        the reference masks, both by the paper's formula: `n`, `r2`, `slope`, `intercept`, `ccc`
        (Lin 1989); `mbf_truth`, flow of the program against the true one where that is known, else
        None (`agreement.agreement_with_truth`), with `others`, the same of the paper's way and of
        observers; `observers`, what
        of this two observers reach against each other, where a second one drew masks too, else
        None; `trials`, the most passes that an image took, and `passes` of all images together.

    Raises:
        SeriesError: where the data set has no reference masks.
    """
    model = model or load_model()
    references = read_references(dataset)
    columns: dict[str, list[np.ndarray]] = {}
    passes: list[np.ndarray] = []
    flows: list[tuple[float, float]] = []
    between, truth = _Observers(), FlowTruth()
    for number, reference in enumerate(references):
        series = reference.series
        posterior = segment(
            series, model, trials=trials, precision=precision, seed=seed, device=device
        )
        passes.append(posterior.trials)
        masks = posterior.mean >= scores.THRESHOLD
        kinds = np.array(series.volume_types)
        prepared = np.flatnonzero(kinds != "m0scan")
        slices = masks.shape[1]
        for name, values in {
            "kind": np.repeat(kinds[:, None], slices, axis=1),
            "dice": scores.dice(masks, reference.masks),
            "fp": scores.false_positives(masks, reference.masks),
            "fn": scores.false_negatives(masks, reference.masks),
            "mcd": scores.mcd_uncertainty(posterior.mean, posterior.std),
            "dice_uncertainty": scores.dice_uncertainty(posterior, reference.masks),
        }.items():
            columns.setdefault(name, []).append(values[prepared].ravel())
        flows += _flows(reference, masks)
        observers = _observers_of(reference)
        between.add(reference, observers)
        true_flow = read_true_flow(Path(dataset), reference.observer, series.name)
        truth.add(series, true_flow, _insertion(reference), posterior, masks, observers)
        if progress:
            progress(number + 1, len(references))
    table = {name: np.concatenate(values) for name, values in columns.items()}
    scored = np.isfinite(table["mcd"])
    return {
        "n_images": len(table["dice"]),
        "dice": {
            kind: _spread(table["dice"][(table["kind"] == kind) | (kind == "all")])
            for kind in ("control", "label", "all")
        },
        "false_positive_pixels": float(table["fp"].mean()),
        "false_negative_pixels": float(table["fn"].mean()),
        "mcd_uncertainty": _spread(table["mcd"][scored]),
        "dice_uncertainty": {
            **_spread(table["dice_uncertainty"]),
            "r2_with_mcd_uncertainty": r_squared(
                table["dice_uncertainty"][scored], table["mcd"][scored]
            ),
        },
        "mbf": agreement(np.array(flows).reshape(-1, 2)),
        "mbf_truth": truth.agreement(),
        "observers": between.agreement(),
        "model": {"name": model.name, "sha256": model.sha256},
        "trials": int(max(t.max() for t in passes)),
        "passes": int(sum(t.sum() for t in passes)),
        "seed": seed,
    }


class _Observers:
    """What two observers reach against each other: what a network can be held to."""

    def __init__(self) -> None:
        self._dice: dict[str, list[float]] = {"control": [], "label": [], "all": []}
        self._flows: list[tuple[float, float]] = []

    def add(self, reference: ReferenceSeries, observers: dict[str, np.ndarray]) -> None:
        masks = observers.get("second observer")
        if masks is None:
            return
        dice = scores.dice(masks, reference.masks)
        for kind in ("control", "label"):
            found = dice[list(reference.series.frames_of(kind))].ravel().tolist()
            self._dice[kind] += found
            self._dice["all"] += found
        self._flows += _flows(reference, masks)

    def agreement(self) -> dict[str, Any] | None:
        if not self._dice["all"]:
            return None
        return {
            "dice": {kind: _spread(np.array(values)) for kind, values in self._dice.items()},
            "mbf": agreement(np.array(self._flows).reshape(-1, 2)),
        }


def _insertion(reference: ReferenceSeries) -> RVInsertion | None:
    points = reference.observer / f"{reference.series.name}_rvinsertion.json"
    return read_rv_insertion(points, reference.series) if points.is_file() else None


def _observers_of(reference: ReferenceSeries) -> dict[str, np.ndarray]:
    """Masks of each observer, by name."""
    found = {"first observer": reference.masks}
    if reference.second is not None:
        found["second observer"] = read_masks(reference.second, reference.series)
    return found


def _flows(reference: ReferenceSeries, masks: np.ndarray) -> list[tuple[float, float]]:
    """MBF of each segment on the reference masks and on others, measured as the paper did."""
    series, insertion = reference.series, _insertion(reference)
    try:
        expected, found = (
            quantify(series, drawn, insertion, **PAPER) for drawn in (reference.masks, masks)
        )
    except QuantificationError:
        return []
    both = zip(expected.segments, found.segments, strict=True)
    return [(e.mbf, f.mbf) for e, f in both if np.isfinite(e.mbf) and np.isfinite(f.mbf)]


def _spread(values: np.ndarray) -> dict[str, float | None]:
    """Of the values that exist; null where too few do."""
    values = values[np.isfinite(values)]
    return {
        "mean": float(values.mean()) if len(values) else None,
        "sd": float(values.std(ddof=1)) if len(values) > 1 else None,
    }
