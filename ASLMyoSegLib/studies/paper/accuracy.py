"""Accuracy: Dice on control and labelled images, loss curves, masks and flow (Fig. 2, 3, S1)."""

from __future__ import annotations

import dataclasses

import numpy as np
from matplotlib.figure import Figure

from ...perfusion.quantify import flow_map, quantify
from .figures import BLUE, GREEN, RED, YELLOW, outline, picture, plain, scatter, sheet
from .flow import PAPER_WAY, compare
from .networks import Epoch, paper_recipe
from .statistics import Spread, concordance, paired_p, regression
from .words import mean_sd, r2_words
from .workbench import Outcome, Row, Workbench


def run(bench: Workbench) -> Outcome:
    recipe = paper_recipe(bench.scale)
    table = bench.table(recipe, "both kinds")
    history = bench.networks.history(recipe)
    masks = bench.masks(recipe, "both kinds")
    dice = {kind: Spread.of(table.dice[table.only(kind)]) for kind in ("control", "label")}
    overall = Spread.of(table.dice)
    # Frames of a scan alternate: each control is followed by its label.
    p = paired_p(table.dice[table.only("control")], table.dice[table.only("label")])
    flows = compare(bench.testing, masks)
    line, agreement = regression(*flows.T), concordance(*flows.T)
    return Outcome(
        numbers={
            "dice": dataclasses.asdict(overall),
            "dice_control": dataclasses.asdict(dice["control"]),
            "dice_label": dataclasses.asdict(dice["label"]),
            "p_control_against_label": p,
            "mbf_regression": dataclasses.asdict(line),
            "mbf_concordance": dataclasses.asdict(agreement),
            "history": [dataclasses.asdict(epoch) for epoch in history],
        },
        rows=[
            Row("Dice", "0.91 ± 0.04", mean_sd(overall)),
            Row("Dice, control", "0.92 ± 0.02", mean_sd(dice["control"])),
            Row("Dice, labelled", "0.90 ± 0.04", mean_sd(dice["label"])),
            Row("control against labelled, paired", "P < 0.001", f"P = {p:.1g}"),
            Row("regional MBF, R²", "0.96", r2_words(line)),
            Row(
                "regional MBF, concordance",
                "0.98",
                f"{agreement.ccc:.3f} ({agreement.interval[0]:.3f} to "
                f"{agreement.interval[1]:.3f}), n = {agreement.n}",
            ),
        ],
        figures={
            "figure-2": _examples(bench, masks),
            "figure-3": _flows(flows),
            "figure-S1": _losses(history),
        },
        setting=bench.setting("MCD U-Net, Dice loss"),
    )


def _examples(bench: Workbench, masks: list[np.ndarray]) -> Figure:
    """Figure 2: control, labelled image and flow of one scan; network above, person below."""
    number = 1
    scan = bench.testing[number]
    rows, columns = scan.window(40)
    figure, axes = sheet(3, 2, 2.6, 2.6)
    kinds = [scan.series.frames_of(kind)[0] for kind in ("control", "label")]
    for line, (drawn, colour, who) in enumerate(
        ((masks[number], YELLOW, "network"), (scan.masks, GREEN, "person"))
    ):
        for place, (frame, kind) in enumerate(zip(kinds, ("control", "labelled"), strict=True)):
            picture(axes[line, place], scan.series.images[frame, 0, rows, columns])
            outline(axes[line, place], drawn[frame, 0, rows, columns], colour)
            axes[line, place].set_title(f"{'AB'[place]}  {kind}, {who}", fontsize=9)
        result = quantify(scan.series, drawn, scan.insertion, **PAPER_WAY)
        flow = flow_map(scan.series, drawn, scan.insertion, result)[0, rows, columns]
        shown = axes[line, 2].imshow(
            np.ma.masked_equal(flow, 0), cmap="viridis", vmin=0, vmax=4, interpolation="nearest"
        )
        axes[line, 2].set_axis_off()
        axes[line, 2].set_title(f"C  MBF, {who}", fontsize=9)
    figure.colorbar(shown, ax=axes[:, 2], label="MBF, mL/g/min", shrink=0.7)
    return figure


def _flows(flows: np.ndarray) -> Figure:
    figure, ((axes,),) = sheet()
    scatter(axes, *flows.T, regression(*flows.T))
    top = float(flows.max()) * 1.05
    axes.plot([0, top], [0, top], "--", color=RED, linewidth=0.8)
    plain(axes, "manual MBF, mL/g/min", "automatic MBF, mL/g/min")
    return figure


def _losses(history: list[Epoch]) -> Figure:
    figure, ((axes,),) = sheet()
    epochs = [e.epoch for e in history]
    axes.plot(epochs, [e.loss for e in history], color=BLUE, label="training: Dice loss")
    axes.plot(epochs, [1 - e.dice for e in history], color=RED, label="validation: 1 - Dice")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=9)
    plain(axes, "epoch", "loss")
    return figure
