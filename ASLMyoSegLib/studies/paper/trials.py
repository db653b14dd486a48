"""How many passes a score needs: many over two images, and smaller numbers drawn from them
(Fig. 6)."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ...io.files import replacing
from ...uncertainty.scores import THRESHOLD, dice
from .cohort import network_view
from .figures import RED, plain, sheet
from .inference import single_passes
from .networks import paper_recipe
from .uncertainty import extremes
from .workbench import Outcome, Row, Workbench

NUMBERS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)
AT = 1024


def run(bench: Workbench) -> Outcome:
    recipe = paper_recipe(bench.scale)
    table = bench.table(recipe, "both kinds")
    certain, uncertain = extremes(table)
    cases = {"uncertain": uncertain, "certain": certain}
    found = {}
    for name, row in cases.items():
        scan, frame = bench.testing[table.scan[row]], int(table.frame[row])
        maps, reference = _maps(bench, name, scan, frame)
        found[name] = drawn_scores(maps, reference, bench.scale.draws)
    numbers = {name: {m: _of_numbers(v) for m, v in f.items()} for name, f in found.items()}
    rows = [
        Row(
            f"{words}, {name} case: spread of the score at N = {n}",
            "below 2 %" if n == AT else "about 100 suffice",
            f"{100 * numbers[name][measure]['sd'][NUMBERS.index(n)]:.1f} % "
            f"(mean {100 * numbers[name][measure]['mean'][NUMBERS.index(n)]:.1f} % of that of all)",
        )
        for measure, words in (("dice", "Dice Uncertainty"), ("mcd", "MCD Uncertainty"))
        for name in cases
        for n in (128, AT)
    ]
    return Outcome(
        numbers={"numbers": NUMBERS, "passes": bench.scale.many_trials, **numbers},
        rows=rows,
        figures={"figure-6": _figure(found)},
        setting=bench.setting("MCD U-Net, Dice loss", bench.scale.many_trials),
    )


def drawn_scores(maps: np.ndarray, reference: np.ndarray, draws: int) -> dict[str, np.ndarray]:
    """Both scores of N passes drawn from many, over those of all.

    Args:
        maps: probabilities (pass, y, x).
        reference: bool (y, x).
        draws: how often N passes are drawn, with replacement.

    Returns:
        `dice` and `mcd`, each (number of `NUMBERS`, draw), without unit.
    """
    rng = np.random.default_rng(0)
    of_passes = dice(maps >= THRESHOLD, reference)
    flat = maps.reshape(len(maps), -1).astype(np.float32)
    flat = flat[:, flat.max(0) > 0.005]  # elsewhere nothing adds to mask or deviation
    whole = {"dice": of_passes.std(), "mcd": _mcd(flat)}
    scores: dict[str, list] = {"dice": [], "mcd": []}
    for number in NUMBERS:
        chosen = rng.integers(len(maps), size=(draws, number))
        scores["dice"].append(of_passes[chosen].std(axis=1) / whole["dice"])
        scores["mcd"].append([_mcd(flat[rows]) / whole["mcd"] for rows in chosen])
    return {name: np.array(values) for name, values in scores.items()}


def _mcd(flat: np.ndarray) -> float:
    """MCD Uncertainty of passes (pass, pixel)."""
    mean = flat.mean(0)
    spread = np.sqrt(np.maximum(np.einsum("ij,ij->j", flat, flat) / len(flat) - mean**2, 0))
    marked = (mean >= THRESHOLD).sum()
    return float(spread.sum() / marked) if marked else np.nan


def _maps(bench: Workbench, name: str, scan: Any, frame: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of every pass over a frame, kept in the folder, and the reference mask."""
    recipe = paper_recipe(bench.scale)
    image, mask = network_view(scan, [frame], recipe.window)
    path = bench.folder / "passes" / f"{recipe.key}-{name}-{bench.scale.many_trials}.npy"
    if path.is_file():
        maps = np.load(path, allow_pickle=False)
    else:
        model = bench.model(recipe, "both kinds")
        telling = bench.telling(f"passes: {name} case")
        maps = single_passes(model, image, bench.scale.many_trials, telling)
        with replacing(path) as beside, beside.open("wb") as file:
            np.save(file, maps)
    return maps, mask[0, 0].numpy() >= 0.5


def _of_numbers(scores: np.ndarray) -> dict[str, list[float]]:
    return {"mean": np.nanmean(scores, 1).tolist(), "sd": np.nanstd(scores, 1).tolist()}


def _figure(found: dict[str, dict[str, np.ndarray]]) -> Figure:
    figure, axes = sheet(2, 2, 4.0, 3.0)
    for column, (name, letter) in enumerate((("uncertain", "A"), ("certain", "B"))):
        for row, (measure, words) in enumerate(
            (("dice", "Dice Uncertainty"), ("mcd", "MCD Uncertainty"))
        ):
            place = axes[row, column]
            mean = np.nanmean(found[name][measure], 1)
            spread = np.nanstd(found[name][measure], 1)
            place.fill_between(NUMBERS, mean - spread, mean + spread, color=RED, alpha=0.25)
            place.plot(NUMBERS, mean, color="black")
            place.set_xscale("log", base=2)
            place.set_ylim(0.4, 1.4)
            title = f"{letter}  {name} case" if row == 0 else ""
            plain(place, "passes", f"{words}, normalised", title)
    return figure
