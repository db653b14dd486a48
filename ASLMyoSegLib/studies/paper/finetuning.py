"""Two ways to train: control first, then labelled; or both at once (Table 1)."""

from __future__ import annotations

import dataclasses

from .figures import GREY, plain, sheet
from .networks import fine_tuned, on_control, paper_recipe
from .statistics import Spread
from .words import mean_sd
from .workbench import Outcome, Row, Workbench


def run(bench: Workbench) -> Outcome:
    scale = bench.scale
    first = bench.table(on_control(scale), "control only")
    second = bench.table(fine_tuned(scale), "fine-tuned on labelled")
    both = bench.table(paper_recipe(scale), "both kinds")
    cells = {
        ("control only, on control", "0.87 ± 0.04"): first.dice[first.only("control")],
        ("control only, on labelled", "0.14 ± 0.08"): first.dice[first.only("label")],
        ("fine-tuned, on labelled", "0.86 ± 0.06"): second.dice[second.only("label")],
        ("both at once, on control", "0.92 ± 0.02"): both.dice[both.only("control")],
        ("both at once, on labelled", "0.90 ± 0.04"): both.dice[both.only("label")],
    }
    spreads = {name: Spread.of(values) for name, values in cells.items()}
    figure, ((axes,),) = sheet(width=5.5)
    axes.boxplot(list(cells.values()), widths=0.6, medianprops={"color": "black"})
    papers = [float(paper.split()[0]) for _, paper in cells]
    axes.plot(range(1, 6), papers, "D", color=GREY, label="the paper's mean")
    names = ["control only\non control", "on labelled", "fine-tuned\non labelled"]
    axes.set_xticks(range(1, 6), [*names, "both\non control", "on labelled"], fontsize=8)
    axes.set_ylim(0, 1)
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    plain(axes, "", "Dice")
    return Outcome(
        numbers={name: dataclasses.asdict(spread) for (name, _), spread in spreads.items()},
        rows=[Row(name, paper, mean_sd(spread)) for (name, paper), spread in spreads.items()],
        figures={"table-1": figure},
        setting=bench.setting(
            f"MCD U-Nets, Dice loss; fine-tuning {scale.finetuning_epochs} epochs"
        ),
    )
