"""Dice Uncertainty and MCD Uncertainty: distributions, agreement and maps (Fig. 4, 5, S3, S4)."""

from __future__ import annotations

import dataclasses

import numpy as np
from matplotlib.figure import Figure

from .figures import BLUE, GREEN, RED, YELLOW, outline, picture, plain, scatter, sheet
from .inference import Passes, TestTable
from .networks import paper_recipe
from .statistics import Spread, regression
from .words import mean_sd, r2_words
from .workbench import Outcome, Row, Workbench


def run(bench: Workbench) -> Outcome:
    recipe = paper_recipe(bench.scale)
    passes, table = (f(recipe, "both kinds") for f in (bench.passes, bench.table))
    line = regression(table.dice_uncertainty, table.mcd)
    certain, uncertain = extremes(table)
    spreads = {n: Spread.of(_dice(passes, table, i)) for n, i in (("a", certain), ("b", uncertain))}
    return Outcome(
        numbers={
            "mcd_on_dice_uncertainty": dataclasses.asdict(line),
            "dice_uncertainty": dataclasses.asdict(Spread.of(table.dice_uncertainty)),
            "mcd_uncertainty": dataclasses.asdict(Spread.of(table.mcd)),
            "certain_case_dice": dataclasses.asdict(spreads["a"]),
            "uncertain_case_dice": dataclasses.asdict(spreads["b"]),
        },
        rows=[
            Row("MCD on Dice Uncertainty, R²", "0.64", r2_words(line)),
            Row("Dice of passes, certain case", "narrow", mean_sd(spreads["a"], 3)),
            Row("Dice of passes, uncertain case", "broad", mean_sd(spreads["b"], 3)),
        ],
        figures={
            "figure-4": _two_distributions(passes, table, certain, uncertain),
            "figure-5": _agreement(bench, passes, table, certain, uncertain),
            "figure-S3": _every_pass(passes, table, certain, uncertain),
            "figure-S4": _four_more(passes, table, certain, uncertain),
        },
        setting=bench.setting("MCD U-Net, Dice loss"),
    )


def extremes(table: TestTable) -> tuple[int, int]:
    """Rows of the images with the least and the largest MCD Uncertainty."""
    return int(np.nanargmin(table.mcd)), int(np.nanargmax(table.mcd))


def _dice(passes: Passes, table: TestTable, row: int) -> np.ndarray:
    return passes.dice[table.scan[row], table.frame[row]]


def _two_distributions(passes: Passes, table: TestTable, certain: int, uncertain: int) -> Figure:
    figure, ((axes,),) = sheet()
    for row, colour, word in ((certain, BLUE, "low"), (uncertain, RED, "high")):
        values = _dice(passes, table, row)
        axes.hist(values, 24, color=colour, alpha=0.6, label=f"{word}: {values.std():.3f}")
    axes.legend(frameon=False, fontsize=9, title="Dice Uncertainty", loc="upper left")
    plain(axes, "Dice coefficient", "passes")
    return figure


def _every_pass(passes: Passes, table: TestTable, certain: int, uncertain: int) -> Figure:
    figure, ((axes,),) = sheet(width=5.5)
    for row, style, word in ((certain, "o", "low"), (uncertain, "^", "high")):
        colour = BLUE if row == certain else RED
        axes.plot(_dice(passes, table, row), style, color=colour, ms=3, label=f"{word} uncertainty")
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    plain(axes, "pass", "Dice coefficient")
    return figure


def _four_more(passes: Passes, table: TestTable, certain: int, uncertain: int) -> Figure:
    """Those at four ranks of MCD Uncertainty between the two."""
    order = np.argsort(table.mcd)
    chosen = order[np.linspace(0, len(order) - 1, 6).astype(int)[1:-1]]
    figure, axes = sheet(2, 2, 3.2, 2.6)
    for place, row in zip(axes.flat, chosen, strict=True):
        values = _dice(passes, table, row)
        place.hist(values, 24, color=BLUE, alpha=0.7)
        plain(place, "Dice coefficient", "passes")
        place.set_title(f"Dice Uncertainty {values.std():.3f}", fontsize=9)
    return figure


def _agreement(
    bench: Workbench, passes: Passes, table: TestTable, certain: int, uncertain: int
) -> Figure:
    """Panel A the scores of all images; B to E the masks and maps of two."""
    figure = Figure(figsize=(9.6, 4.4), dpi=110, layout="constrained")
    grid = figure.add_gridspec(2, 4)
    axes = figure.add_subplot(grid[:, :2])
    scatter(
        axes,
        table.dice_uncertainty,
        table.mcd,
        regression(table.dice_uncertainty, table.mcd),
        color="#495057",
    )
    plain(axes, "Dice Uncertainty", "MCD Uncertainty", "A")
    top = float(passes.std.max())
    for line, (row, colour, letters) in enumerate(((certain, BLUE, "BC"), (uncertain, RED, "DE"))):
        axes.plot(
            table.dice_uncertainty[row], table.mcd[row], "o", ms=11, mfc="none", mec=colour, mew=1.8
        )
        scan, frame = bench.testing[table.scan[row]], table.frame[row]
        window = scan.window(bench.scale.window)
        left, right = (figure.add_subplot(grid[line, column]) for column in (2, 3))
        picture(
            left,
            scan.series.images[(frame, 0, *window)],
            f"{letters[0]}  Dice {table.dice[row]:.2f}",
        )
        outline(left, scan.masks[(frame, 0, *window)], GREEN)
        outline(left, passes.mean[table.scan[row], frame] >= 0.5, YELLOW)
        shown = right.imshow(passes.std[table.scan[row], frame], cmap="magma", vmin=0, vmax=top)
        right.set_axis_off()
        right.set_title(f"{letters[1]}  {table.mcd[row]:.2f}", fontsize=9)
        figure.colorbar(shown, ax=right, shrink=0.8, label="deviation" if line else None)
    return figure
