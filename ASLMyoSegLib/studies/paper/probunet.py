"""The probabilistic U-Net beside the Monte Carlo dropout U-Net (Results, last paragraph)."""

from __future__ import annotations

import dataclasses

from matplotlib.figure import Figure

from .figures import BLUE, RED, plain, scatter, sheet
from .inference import TestTable
from .networks import LatentEpoch, latent_recipe, paper_recipe
from .statistics import Spread, regression
from .words import mean_sd, r2_words
from .workbench import Outcome, Row, Workbench

CHOSEN = 10.0
"""Weight of the divergence that the paper chose."""


def run(bench: Workbench) -> Outcome:
    scale = bench.scale
    sweep: dict[float, LatentEpoch] = {}
    for weight in scale.divergences:
        recipe = latent_recipe(scale, weight)
        bench.model(recipe, f"probabilistic, λ = {weight:g}")
        sweep[weight] = min(bench.networks.latent_history(recipe), key=lambda e: e.validation_loss)
    recipe = latent_recipe(scale, CHOSEN)
    latent = bench.table(recipe, "probabilistic", scale.samples)
    dropout = bench.table(paper_recipe(scale), "both kinds")
    own = regression(latent.dice_uncertainty, latent.mcd)
    between = regression(dropout.mcd, latent.mcd)
    return Outcome(
        numbers={
            "dice": dataclasses.asdict(Spread.of(latent.dice)),
            "mcd_on_dice_uncertainty": dataclasses.asdict(own),
            "mcd_of_both_networks": dataclasses.asdict(between),
            "mcd_uncertainty": dataclasses.asdict(Spread.of(latent.mcd)),
            "dice_uncertainty": dataclasses.asdict(Spread.of(latent.dice_uncertainty)),
            "sweep": {f"{w:g}": dataclasses.asdict(epoch) for w, epoch in sweep.items()},
        },
        rows=[
            Row("Dice", "0.86 ± 0.04", mean_sd(Spread.of(latent.dice))),
            Row("Dice, MCD U-Net", "0.91 ± 0.04", mean_sd(Spread.of(dropout.dice))),
            Row("MCD on Dice Uncertainty, R²", "0.18", r2_words(own)),
            Row("MCD Uncertainty of both networks, R²", "0.0021", r2_words(between)),
            Row(
                "divergence on validation images, by λ",
                "least at λ = 10",
                ", ".join(f"{w:g}: {epoch.divergence:.2f}" for w, epoch in sweep.items()),
            ),
        ],
        figures={"probunet": _figure(latent, dropout)},
        setting=(
            f"{scale.name}: probabilistic U-Net, {scale.latent_architecture.base_maps} base maps, "
            f"{scale.iterations} iterations from {scale.latent_rate:g}, λ = {CHOSEN:g}, "
            f"{scale.samples} samples; MCD U-Net of {scale.words}, {scale.trials} passes"
        ),
    )


def _figure(latent: TestTable, dropout: TestTable) -> Figure:
    figure, ((left, right),) = sheet(2)
    scatter(
        left,
        latent.dice_uncertainty,
        latent.mcd,
        regression(latent.dice_uncertainty, latent.mcd),
        color=BLUE,
    )
    plain(left, "Dice Uncertainty, prob. U-Net", "MCD Uncertainty, prob. U-Net", "A")
    scatter(right, dropout.mcd, latent.mcd, regression(dropout.mcd, latent.mcd), color=RED)
    plain(right, "MCD Uncertainty, MCD U-Net", "MCD Uncertainty, prob. U-Net", "B")
    return figure
