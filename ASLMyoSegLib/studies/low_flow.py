"""Finding low flow: segments of a territory whose flow under stress is halved, told from others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..network import LoadedModel, load_model
from ..perfusion.doubt import reserve
from ..perfusion.quantify import quantify
from ..phantom import simulate_subject
from ..series import ASLSeries, MBFResult, Posterior
from ..uncertainty import scores
from ..uncertainty.sampler import segment
from .flow_truth import PAPER

DEFECT = 0.5
LOW = 0.75
"""Of the highest flow of a heart: below it, a segment has low flow."""
RESAMPLED = 2000
"""Times that subjects are drawn anew for an interval."""

Segmenter = Callable[[int, str, ASLSeries], Posterior]


def low_flow(
    *,
    subjects: int = 20,
    seed: int = 9000,
    trials: int = 32,
    model: LoadedModel | None = None,
    segmenter: Segmenter | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Area under the receiver's operating curve of segment flow under stress, and of reserve.

    Hearts of a mid slice at rest and under stress, each with a territory of half the flow under
    stress; as the program measures flow, and as the paper did.

    Args:
        subjects: how many hearts.
        seed: of them.
        trials: Monte Carlo passes per image.
        model: the network; None takes the default.
        segmenter: gives the posterior of a subject (from 1), a condition and its series; None runs
            the model.
        progress: called with subjects done and in all.

    Returns:
        For each way (`program`, `paper`) and measure (`stress`, `reserve`): `auroc`, its 95 %
        interval over subjects (`low`, `high`), and `curve`, rates of false and of true positives.
    """
    if segmenter is None:
        network = model or load_model()

        def segmenter(subject: int, condition: str, series: ASLSeries) -> Posterior:
            return segment(series, network, trials=trials, seed=0)

    rows: dict[str, list[tuple[int, bool, float]]] = {}
    for subject in range(1, subjects + 1):
        flows: dict[str, dict[str, MBFResult]] = {"program": {}, "paper": {}}
        for condition in ("rest", "stress"):
            series, truth = simulate_subject(seed, subject, condition, defect=DEFECT)
            posterior = segmenter(subject, condition, series)
            masks = posterior.mean >= scores.THRESHOLD
            points = truth.rv_insertion
            flows["program"][condition] = quantify(series, masks, points, posterior=posterior)
            flows["paper"][condition] = quantify(series, masks, points, **PAPER)
        low = {n for n, mbf in truth.mbf.items() if mbf < LOW * max(truth.mbf.values())}
        for way, found in flows.items():
            both = zip(found["rest"].segments, found["stress"].segments, strict=True)
            for rest, stress in both:
                values = {"stress": stress.mbf, "reserve": reserve(rest, stress)[0]}
                for measure, value in values.items():
                    row = (subject, stress.aha in low, value)
                    rows.setdefault(f"{way} {measure}", []).append(row)
        if progress:
            progress(subject, subjects)
    return {
        "subjects": subjects,
        "seed": seed,
        "defect": DEFECT,
        **{name: _curve(np.array(table, float)) for name, table in rows.items()},
    }


def auroc(low: np.ndarray, values: np.ndarray) -> float:
    """Share of pairs of a low and another segment in which the low one has less flow."""
    first, second = values[low][:, np.newaxis], values[~low]
    if not first.size or not second.size:
        return float("nan")
    return float(((first < second) + 0.5 * (first == second)).mean())


def _curve(table: np.ndarray) -> dict[str, Any]:
    table = table[np.isfinite(table[:, 2])]
    people, low, values = table[:, 0], table[:, 1] > 0, table[:, 2]
    rng = np.random.default_rng(0)
    names = np.unique(people)
    parts = {name: np.flatnonzero(people == name) for name in names}
    drawn = []
    for _ in range(RESAMPLED):
        chosen = np.concatenate([parts[name] for name in rng.choice(names, len(names))])
        drawn.append(auroc(low[chosen], values[chosen]))
    below, above = np.nanpercentile(drawn, [2.5, 97.5])
    cuts = np.sort(values)
    curve = [[float((values[k] <= cut).mean()) for k in (~low, low)] for cut in cuts]
    return {
        "n": len(values),
        "n_low": int(low.sum()),
        "auroc": auroc(low, values),
        "low": float(below),
        "high": float(above),
        "curve": [[0.0, 0.0], *curve],
    }
