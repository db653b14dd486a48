"""The picture of a `bench`: time of a pass each way, and time and uncertainty against batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

OURS, OTHERS, CEILINGS = "#d9480f", "#748ffc", "#adb5bd"
WAYS = {
    "naive": "naive loop, float32",
    "batched_float32": "PyTorch, float32, batch 8",
    "torch_uncertainty": "torch-uncertainty, float32, batch 8",
    "batched_bfloat16": "PyTorch, bfloat16, batch 16",
    "batched_float16": "PyTorch, float16, batch 16",
    "no_dropout_pytorch": "folded, no dropout, PyTorch",
    "no_dropout_fused": "folded, no dropout, fused",
    "ours": "this engine",
    "convolutions": "bare convolutions",
    "matrix_product": "best matrix product",
}


def draw_bench(result: dict[str, Any], path: str | Path) -> None:
    """Write the figure of what `studies.bench.bench` returned; the suffix tells the format."""
    with rc_context({"svg.fonttype": "none"}):  # text stays text
        figure = Figure(figsize=(10.0, 4.0), layout="constrained")
        bars, curve = figure.subplots(1, 2, width_ratios=(3, 2))
        _draw_ways(bars, result)
        _draw_batches(curve, result)
        figure.savefig(path, dpi=130)


def _draw_ways(axes: Any, result: dict[str, Any]) -> None:
    names = [name for name in WAYS if name in result["ms_per_pass"]][::-1]
    values = [result["ms_per_pass"][name] for name in names]
    ranges = [result["ms_per_pass_quartiles"][name] for name in names]
    reach = [
        [max(value - low, 0) for value, (low, _) in zip(values, ranges, strict=True)],
        [max(high - value, 0) for value, (_, high) in zip(values, ranges, strict=True)],
    ]
    ceilings = ("convolutions", "matrix_product")
    colours = [OURS if n == "ours" else CEILINGS if n in ceilings else OTHERS for n in names]
    axes.barh([WAYS[name] for name in names], values, xerr=reach, color=colours, capsize=2)
    for row, value in enumerate(values):
        axes.text(value, row, f"  {value:.1f}", va="bottom", fontsize=8)
    axes.set_xlabel("ms per pass (median, quartiles)")
    axes.set_title(f"{result['network']['gigaflops']} GFLOP a pass; {result['device']}", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_batches(axes: Any, result: dict[str, Any]) -> None:
    batches = result["batches"]
    sizes = [entry["batch"] for entry in batches]
    axes.plot(sizes, [entry["ms_per_pass"] for entry in batches], "o-", color=OURS)
    axes.set_xscale("log", base=2)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("batch")
    axes.set_ylabel("ms per pass", color=OURS)
    axes.set_title("against batch size", fontsize=9)
    batches = [entry for entry in batches if entry["mcd_uncertainty"] is not None]
    if not batches:  # the model saw no muscle
        return
    sizes = [entry["batch"] for entry in batches]
    scores = axes.twinx()
    values = [entry["mcd_uncertainty"] for entry in batches]
    reach = [
        [v - e["mcd_interval"][0] for v, e in zip(values, batches, strict=True)],
        [e["mcd_interval"][1] - v for v, e in zip(values, batches, strict=True)],
    ]
    scores.errorbar(sizes, values, yerr=reach, fmt="s--", color="#495057", capsize=3)
    scores.set_ylim(0, 1.6 * max(values))
    scores.set_ylabel("MCD Uncertainty (95 % interval)", color="#495057")
