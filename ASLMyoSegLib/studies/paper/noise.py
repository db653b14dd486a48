"""MCD Uncertainty of a scan against its physiological noise (S5)."""

from __future__ import annotations

import dataclasses

import numpy as np

from .figures import plain, scatter, sheet
from .flow import measure
from .networks import paper_recipe
from .statistics import Spread, regression
from .words import mean_sd, r2_words
from .workbench import Outcome, Row, Workbench


def run(bench: Workbench) -> Outcome:
    recipe = paper_recipe(bench.scale)
    table = bench.table(recipe, "both kinds")
    masks = bench.masks(recipe, "both kinds")
    noise, doubt = [], []
    for number, (scan, own) in enumerate(zip(bench.testing, masks, strict=True)):
        flow = measure(scan, own)
        noise.append(flow.noise[0] if flow else np.nan)
        doubt.append(np.nanmean(table.mcd[table.scan == number]))
    noise, doubt = np.array(noise), np.array(doubt)
    line = regression(noise, doubt)
    figure, ((axes,),) = sheet()
    scatter(axes, noise, doubt, line)
    plain(axes, "physiological noise, mL/g/min", "MCD Uncertainty, mean of a scan")
    return Outcome(
        numbers={
            "mcd_on_noise": dataclasses.asdict(line),
            "noise": dataclasses.asdict(Spread.of(noise)),
        },
        rows=[
            Row("MCD Uncertainty on PN, R²", "0.13", f"{r2_words(line)}, P = {line.p:.2g}"),
            Row("PN, mL/g/min", "not told", mean_sd(Spread.of(noise))),
        ],
        figures={"figure-S5": figure},
        setting=bench.setting("MCD U-Net, Dice loss"),
    )
