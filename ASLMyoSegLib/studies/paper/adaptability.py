"""Tversky's β, and the other losses: pixels too many and too few (Fig. 7, S8)."""

from __future__ import annotations

import dataclasses

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from .figures import BLUE, GREY, RED, plain, sheet
from .flow import compare
from .networks import paper_recipe, with_loss
from .partialvolume import changed, masks_scores
from .statistics import Regression, Spread, regression
from .thinning import thicker, thinner
from .workbench import Outcome, Row, Workbench

Errors = dict[str, float]
"""Mean `fp` and `fn` pixels per image, and mean `dice`."""


def run(bench: Workbench) -> Outcome:
    scale, trials = bench.scale, bench.scale.few_trials
    recipes = {f"β = {beta}": with_loss(scale, "tversky", beta) for beta in scale.betas}
    recipes |= {"Dice": paper_recipe(scale), "BCE": with_loss(scale, "bce")}
    found: dict[str, Errors] = {}
    flows: dict[str, Regression] = {}
    for name, recipe in recipes.items():
        table = bench.table(recipe, name, trials)
        found[name] = _errors(table.dice, table.fp, table.fn)
        flows[name] = regression(*compare(bench.testing, bench.masks(recipe, name, trials)).T)
    for name, change in (("thin mask", thinner), ("thick mask", thicker)):
        masks = [changed(scan, change) for scan in bench.testing]
        found[name] = _errors(*masks_scores(bench.testing, masks))
    swept = [found[f"β = {beta}"] for beta in scale.betas]
    order = {
        name: float(spearmanr(scale.betas, [e[name] for e in swept]).statistic)
        for name in ("fp", "fn")
    }
    best = scale.betas[int(np.argmax([e["dice"] for e in swept]))]
    anew = scale.adapting_epochs is None
    return Outcome(
        numbers={
            "errors": found,
            "mbf": {name: dataclasses.asdict(line) for name, line in flows.items()},
            "rank_correlation_with_beta": order,
        },
        rows=[
            Row("FP as β rises", "falls, monotonically", _course(swept, "fp", order)),
            Row("FN as β rises", "rises, monotonically", _course(swept, "fn", order)),
            Row("Dice loss, FP and FN", "alike", _pair(found["Dice"])),
            Row("BCE, FP and FN", "FP over FN", _pair(found["BCE"])),
            Row(
                "regional MBF, R² by loss",
                "not told",
                ", ".join(f"{name}: {line.r2:.2f}" for name, line in flows.items()),
            ),
            Row("thin mask, FP and FN", "no FP", _pair(found["thin mask"])),
            Row("thick mask, FP and FN", "no FN", _pair(found["thick mask"])),
            Row(
                "β of the best Dice",
                "about 0.5",
                f"{best} (Dice {max(e['dice'] for e in swept):.3f})",
            ),
        ],
        figures={"figure-7": _trade(found, scale.betas), "figure-S8": _balance(swept, scale.betas)},
        setting=bench.setting("MCD U-Nets", trials)
        + (
            "" if anew else f"; other losses from Dice's network on, {scale.adapting_epochs} epochs"
        ),
    )


def _errors(dice: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> Errors:
    return {
        "fp": float(fp.mean()),
        "fn": float(fn.mean()),
        "dice": float(np.nanmean(dice)),
        "dice_sd": dataclasses.asdict(Spread.of(dice))["sd"],
    }


def _course(swept: list[Errors], name: str, order: dict[str, float]) -> str:
    return (
        f"{swept[0][name]:.0f} to {swept[-1][name]:.0f} pixels per image, "
        f"rank correlation {order[name]:.2f}"
    )


def _pair(errors: Errors) -> str:
    return f"{errors['fp']:.0f} and {errors['fn']:.0f} pixels per image"


def _trade(found: dict[str, Errors], betas: tuple[float, ...]) -> Figure:
    """Figure 7: false positives and negatives against β, other losses and masks beside."""
    figure, ((axes,),) = sheet(width=6.5)
    others = [name for name in found if not name.startswith("β")]
    places = [*betas, *(1.0 + 0.15 * k for k in range(1, len(others) + 1))]
    names = [f"β = {beta}" for beta in betas] + others
    for name, colour, words in (("fp", RED, "false positive"), ("fn", BLUE, "false negative")):
        values = [found[n][name] for n in names]
        axes.plot(places[: len(betas)], values[: len(betas)], "o-", color=colour, label=words)
        axes.plot(places[len(betas) :], values[len(betas) :], "D", color=colour)
    axes.axvline(1.02, color=GREY, linewidth=0.6)
    axes.set_ylim(bottom=0)
    axes.set_xticks(places, [*map(str, betas), *(n.replace(" ", "\n") for n in others)], fontsize=8)
    axes.legend(frameon=False, fontsize=9)
    plain(axes, "β, and what is beside it", "pixels per image")
    return figure


def _balance(swept: list[Errors], betas: tuple[float, ...]) -> Figure:
    figure, ((left, right),) = sheet(2)
    left.plot(betas, [e["fp"] - e["fn"] for e in swept], "o-", color=BLUE)
    left.axhline(0, color=GREY, linewidth=0.6)
    right.plot(betas, [e["dice"] for e in swept], "o-", color=BLUE)
    plain(left, "β", "FP - FN, pixels per image", "A")
    plain(right, "β", "Dice", "B")
    return figure
