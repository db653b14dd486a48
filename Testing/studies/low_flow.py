"""Measures how well low flow is found: ``python -m studies.low_flow``.

Writes Docs/low-flow.json and its picture: hearts with a territory of half the flow under stress, as
the program measures flow and as the paper did.
"""

from __future__ import annotations

import json

import matplotlib as mpl
from matplotlib.figure import Figure
from places import DOCS

from ASLMyoSegLib.studies.low_flow import low_flow

SUBJECTS, SEED, TRIALS = 12, 77001, 32
WAYS = {
    "program stress": ("flow under stress", "C0-"),
    "paper stress": ("flow under stress, paper's way", "C0--"),
    "program reserve": ("reserve", "C1-"),
    "paper reserve": ("reserve, paper's way", "C1--"),
}


def draw(found: dict) -> Figure:
    """Rates of true against those of false positives."""
    figure = Figure(figsize=(5.2, 4.6), layout="constrained")
    axes = figure.add_subplot()
    for name, (words, style) in WAYS.items():
        one = found[name]
        label = f"{words}: {one['auroc']:.2f} ({one['low']:.2f} to {one['high']:.2f})"
        axes.plot(*zip(*one["curve"], strict=True), style, label=label)
    axes.set(xlabel="other segments called low", ylabel="low segments found", aspect="equal")
    axes.legend(title="area under the curve, 95 % interval", fontsize=8, loc="lower right")
    return figure


def main() -> None:
    found = low_flow(subjects=SUBJECTS, seed=SEED, trials=TRIALS)
    content = {"command": "python -m studies.low_flow", "trials": TRIALS, **found}
    (DOCS / "low-flow.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    with mpl.rc_context({"svg.hashsalt": "aslmyoseg", "svg.fonttype": "none"}):
        draw(found).savefig(DOCS / "images" / "low-flow.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
