"""Time of the passes and their scores against batch size (S6)."""

from __future__ import annotations

import time

import numpy as np
import torch

from ...network.precision import choose_device
from ...uncertainty.engine import Engine
from ...uncertainty.scores import THRESHOLD, dice, mcd_uncertainty
from .cohort import network_view
from .figures import BLUE, RED, plain, sheet
from .networks import paper_recipe
from .workbench import Outcome, Row, Workbench

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
PASSES = 1024


def run(bench: Workbench) -> Outcome:
    recipe = paper_recipe(bench.scale)
    model = bench.model(recipe, "both kinds")
    scan = bench.testing[0]
    image, mask = network_view(scan, scan.frames[:1], recipe.window)
    reference, device = mask[0, 0].numpy() >= 0.5, choose_device("auto")
    table: dict[str, list[float]] = {"seconds": [], "dice": [], "dice_uncertainty": [], "mcd": []}
    for number, batch in enumerate(BATCHES):
        engine = Engine(model.network, *image.shape[-2:], device, batch=batch)
        prepared = engine.prepare(image, 0, 0)
        engine.passes(prepared, batch)  # what is done once is not timed
        prepared = engine.prepare(image, 0, 0)
        begun = _clock(device)
        maps = [engine.passes(prepared, batch).cpu() for _ in range(PASSES // batch)]
        table["seconds"].append(_clock(device) - begun)
        probability = torch.cat(maps)[:, 0].numpy()
        mean, std = probability.mean(0), probability.std(0)
        table["dice"].append(float(dice(mean >= THRESHOLD, reference)))
        table["dice_uncertainty"].append(float(dice(probability >= THRESHOLD, reference).std()))
        table["mcd"].append(float(mcd_uncertainty(mean, std)))
        bench.told("passes: batch sizes", number + 1, len(BATCHES))
    ratio = table["seconds"][0] / min(table["seconds"])
    fastest = BATCHES[int(np.argmin(table["seconds"]))]
    moved = max(np.ptp(table[name]) / np.mean(table[name]) for name in ("dice", "mcd"))
    return Outcome(
        numbers={"batches": BATCHES, "passes": PASSES, "device": str(device), **table},
        rows=[
            Row(
                f"time of {PASSES} passes",
                "falls, least about batch 256 (K80)",
                f"{ratio:.1f} times less than at batch 1, least at batch {fastest} ({device})",
            ),
            Row("scores", "do not move", f"move by {100 * moved:.2g} %"),
        ],
        figures={"figure-S6": _figure(table)},
        setting=bench.setting("MCD U-Net, Dice loss", PASSES),
    )


def _clock(device: torch.device) -> float:
    """Seconds: on CPUs those that this process computed, which others on the machine do not
    lengthen."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def _figure(table: dict[str, list[float]]):
    figure, ((left, right),) = sheet(2)
    left.plot(BATCHES, table["seconds"], "o-", color=BLUE)
    left.set_ylim(bottom=0)
    right.plot(BATCHES, table["dice"], "o-", color=BLUE, label="Dice of the mean")
    right.plot(BATCHES, table["mcd"], "s-", color=RED, label="MCD Uncertainty")
    right.plot(BATCHES, table["dice_uncertainty"], "^-", color="black", label="Dice Uncertainty")
    right.set_ylim(0, 1)
    right.legend(frameon=False, fontsize=9)
    for axes in (left, right):
        axes.set_xscale("log", base=2)
    plain(left, "batch size", f"time of {PASSES} passes, s", "A")
    plain(right, "batch size", "score", "B")
    return figure
