"""Contrast-to-noise ratio of each image against its Dice; examples of both kinds (S2)."""

from __future__ import annotations

import dataclasses

from matplotlib.figure import Figure

from .figures import BLUE, RED, picture, plain, scatter, sheet
from .networks import paper_recipe
from .statistics import Spread, regression
from .words import mean_sd, r2_words
from .workbench import Outcome, Row, Workbench


def run(bench: Workbench) -> Outcome:
    table = bench.table(paper_recipe(bench.scale), "both kinds")
    kinds = {kind: table.only(kind) for kind in ("control", "label")}
    ratio = {kind: Spread.of(table.contrast[rows]) for kind, rows in kinds.items()}
    line = regression(table.contrast, table.dice)
    within = {kind: regression(table.contrast[r], table.dice[r]) for kind, r in kinds.items()}
    figure, ((axes,),) = sheet()
    scatter(axes, table.contrast, table.dice, line, alpha=0)
    for (kind, rows), colour in zip(kinds.items(), (BLUE, RED), strict=True):
        axes.plot(table.contrast[rows], table.dice[rows], "o", color=colour, ms=3.5, label=kind)
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    plain(axes, "contrast-to-noise ratio", "Dice")
    return Outcome(
        numbers={
            "cnr": {kind: dataclasses.asdict(spread) for kind, spread in ratio.items()},
            "dice_on_cnr": dataclasses.asdict(line),
            "within_kind": {kind: dataclasses.asdict(found) for kind, found in within.items()},
        },
        rows=[
            Row("CNR, control", "21.44 ± 3.81", mean_sd(ratio["control"], 1)),
            Row("CNR, labelled", "6.46 ± 1.03", mean_sd(ratio["label"], 1)),
            Row("Dice on CNR, R²", "0.09", r2_words(line)),
        ],
        figures={"contrast": figure, "figure-S2": _examples(bench)},
        setting=bench.setting("MCD U-Net, Dice loss"),
    )


def _examples(bench: Workbench) -> Figure:
    """Figure S2: labelled and control images of test scans."""
    scans = bench.testing[::3]
    figure, axes = sheet(len(scans), 2, 2.2, 2.3)
    for row, (kind, word) in enumerate((("label", "A  labelled"), ("control", "B  control"))):
        for place, scan in zip(axes[row], scans, strict=True):
            window = scan.window(48)
            image = scan.series.images[(scan.series.frames_of(kind)[0], 0, *window)]
            picture(place, image, word if scan is scans[0] else "")
    return figure
