"""Results as tables in a terminal."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from ..words import counted


def metrics_table(metrics: dict[str, Any]) -> Table:
    """What `studies.evaluate.evaluate` returned."""
    table = Table(title=f"{counted(metrics['n_images'], 'control or label image')}")
    table.add_column("measure")
    table.add_column("value", justify="right")
    for kind, spread in metrics["dice"].items():
        table.add_row(f"Dice, {kind}", _spread(spread))
    for name in ("false_positive_pixels", "false_negative_pixels"):
        table.add_row(name.replace("_", " ") + " per image", f"{metrics[name]:.1f}")
    for name in ("mcd_uncertainty", "dice_uncertainty"):
        spread = metrics[name]
        table.add_row(name.replace("_", " "), _spread(spread))
    for name, value in metrics["mbf"].items():
        table.add_row(f"MBF, {name}", _number(value))
    if metrics["mbf_truth"]:
        _add_truth(table, metrics["mbf_truth"])
    observers = metrics["observers"]
    if observers:
        table.add_section()
        table.add_row("Dice between two observers", _spread(observers["dice"]["all"]))
        for name in ("r2", "ccc"):
            table.add_row(f"MBF between two observers, {name}", _number(observers["mbf"][name]))
    return table


def _add_truth(table: Table, truth: dict[str, Any]) -> None:
    """Flow against the true one: the program's number by number, that of others in a line each."""
    table.add_section()
    for name, value in truth.items():
        if name != "others":
            table.add_row(f"MBF against truth, {name}", _number(value))
    for way, values in truth["others"].items():
        text = ", ".join(f"{name} {_number(values[name])}" for name in ("ccc", "bias", "rmse"))
        table.add_row(f"MBF against truth, {way}", text)


def bench_table(result: dict[str, Any]) -> Table:
    """What `studies.bench.bench` returned."""
    table = Table(title=f"{result['device']}, {result['dtype']}, batch {result['batch']}")
    table.add_column("way")
    table.add_column("ms per pass", justify="right")
    table.add_column("quartiles", justify="right")
    for name, value in result["ms_per_pass"].items():
        quartiles = result["ms_per_pass_quartiles"].get(name)
        spread = f"{quartiles[0]:.2f} to {quartiles[1]:.2f}" if quartiles else ""
        table.add_row(name.replace("_", " "), f"{value:.2f}", spread)
    table.add_section()
    for name in ("ratio_to_no_dropout", "ratio_to_convolutions", "speedup_over_naive"):
        table.add_row(name.replace("_", " "), f"{result[name]:.2f}")
    for name, value in result["seconds"].items():
        table.add_row(name, f"{value:.1f} s")
    table.add_section()
    for name, value in result["training"]["ms_per_image"].items():
        table.add_row(f"training step, {name.replace('_', ' ')}, per image", f"{value:.1f}")
    table.add_row("training speedup", f"{result['training']['speedup']:.2f}")
    return table


def _spread(spread: dict[str, float | None]) -> str:
    return f"{_number(spread['mean'])} ± {_number(spread['sd'])}"


def _number(value: float | None) -> str:
    if value is None:
        return "n/a"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
