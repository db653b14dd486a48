"""Reference masks a pixel thinner and thicker on both sides: Dice, pixels and flow (S7)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from ...uncertainty.scores import dice, false_negatives, false_positives
from .cohort import Scan
from .figures import GREEN, RED, YELLOW, outline, picture, plain, scatter
from .flow import compare
from .statistics import Spread, paired_p, regression
from .thinning import thicker, thinner
from .words import mean_sd
from .workbench import Outcome, Row, Workbench

PAPER = {"thin": "0.80 ± 0.04", "thick": "0.81 ± 0.02"}


def run(bench: Workbench) -> Outcome:
    scans = bench.testing
    numbers, rows, flows = {}, [], {}
    for name, change in (("thin", thinner), ("thick", thicker)):
        masks = [changed(scan, change) for scan in scans]
        scores = masks_scores(scans, masks)
        flows[name] = compare(scans, masks)
        reference, found = flows[name].T
        line, excess = regression(reference, found), Spread.of(found - reference)
        p = paired_p(found, reference)
        numbers[name] = {
            "dice": dataclasses.asdict(Spread.of(scores[0])),
            "false_positive_pixels": float(scores[1].mean()),
            "false_negative_pixels": float(scores[2].mean()),
            "mbf": dataclasses.asdict(line),
            "mbf_reference": dataclasses.asdict(Spread.of(reference)),
            "mbf_excess": dataclasses.asdict(excess),
            "p_mbf": p,
        }
        rows += [
            Row(f"Dice, {name}", PAPER[name], mean_sd(Spread.of(scores[0]))),
            Row(
                f"MBF, {name} minus reference, mL/g/min",
                "none" if name == "thin" else "overestimated",
                f"{mean_sd(excess)}, P = {p:.1g}",
            ),
        ]
    return Outcome(
        numbers=numbers,
        rows=rows,
        figures={"figure-S7": _figure(scans[0], flows)},
        setting="the reference masks of all test scans, no network: both scales are the same",
    )


def changed(scan: Scan, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The reference masks of a scan, each changed."""
    return np.stack([change(mask[0])[None] for mask in scan.masks])


def masks_scores(scans: list[Scan], masks: list[np.ndarray]) -> np.ndarray:
    """Dice, false positive and false negative pixels of every image, (3, image)."""
    scores = (dice, false_positives, false_negatives)
    parts = [
        [f(own[scan.frames, 0], scan.masks[scan.frames, 0]) for f in scores]
        for scan, own in zip(scans, masks, strict=True)
    ]
    return np.concatenate(parts, axis=1)


def _figure(scan: Scan, flows: dict[str, np.ndarray]) -> Figure:
    figure = Figure(figsize=(8.4, 6.2), dpi=110, layout="constrained")
    grid = figure.add_gridspec(2, 6)
    frame = scan.frames[0]
    window = scan.window(40)
    image, mask = scan.series.images[(frame, 0, *window)], scan.masks[frame, 0]
    for column, (drawn, title, colour) in enumerate(
        (
            (thinner(mask), "A  thin mask", YELLOW),
            (mask, "B  reference", GREEN),
            (thicker(mask), "C  thick mask", RED),
        )
    ):
        axes = figure.add_subplot(grid[0, 2 * column : 2 * column + 2])
        picture(axes, image, title)
        outline(axes, drawn[window], colour)
    for column, (name, letter) in enumerate((("thin", "D"), ("thick", "E"))):
        axes = figure.add_subplot(grid[1, 3 * column : 3 * column + 3])
        reference, found = flows[name].T
        scatter(axes, reference, found, regression(reference, found))
        top = float(max(reference.max(), found.max()))
        axes.plot([0, top], [0, top], "--", color=RED, linewidth=0.8)
        plain(axes, "MBF, reference, mL/g/min", f"MBF, {name} mask, mL/g/min", letter)
    return figure
