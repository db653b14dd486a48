"""How fast stochastic passes are: the engine beside what others do, and beside two ceilings."""

from __future__ import annotations

import dataclasses
import platform
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .. import __version__
from ..network import Architecture, MCDUNet, load_model
from ..network.precision import choose_device
from ..phantom.subject import simulate_subject
from ..series import ASLSeries
from ..uncertainty import DEFAULT_PRECISION, PAPER_TRIALS
from ..uncertainty.engine import Engine
from ..uncertainty.grid import NetworkGrid
from ..uncertainty.sampler import segment
from ..uncertainty.statistics import ImageStatistics
from .contenders import Contender, bare_convolutions, contenders, matrix_products
from .training_speed import training_speed

SIDE = 96
"""Pixels on a side of the image, as in the paper."""

SERIES_SEED = 20261

UNCERTAINTY_PASSES = 128

SERIES_IMAGES = 12
"""Control and labelled images of one series: six pairs."""


def bench(
    architecture: Architecture | None = None,
    *,
    device: str = "auto",
    repetitions: int = 7,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Measure, all in one run, one way after the other, over and over.

    Args:
        architecture: of the network, with random weights; None is the paper's.
        device: `auto`, `cpu` or `cuda`.
        repetitions: of everything; medians are taken.
        progress: called with repetitions done and in all.

    Returns:
        `network`, `device`, `dtype`, `batch`; `ms_per_pass`, medians in ms, and
        `ms_per_pass_quartiles`; `ratio_to_no_dropout`, `ratio_to_convolutions` and
        `speedup_over_naive` of the engine at the batch that it chose; `batches`, time and MCD
        Uncertainty against batch size; `passes`, for the precision and for the paper's number on a
        simulated series with the default model; `seconds`, for an image and for a series;
        `training`, the time of a step for an image.

    Raises:
        ASLMyoSegError: where the device is not there.
    """
    architecture = architecture or Architecture()
    target = choose_device(device)
    torch.manual_seed(0)
    network = MCDUNet(architecture).eval()
    engine = Engine(network, SIDE, SIDE, target)
    engine.tune()
    ways = contenders(network, SIDE, engine)
    convolutions = bare_convolutions(network, SIDE, engine)
    flops = sum(part.flops for part in convolutions)
    products = matrix_products(flops, engine)
    times: dict[str, list[float]] = {}
    for repetition in range(-1, repetitions):
        round_times = {name: _milliseconds(way, target) for name, way in ways.items()}
        parts = [_milliseconds(part, target) for part in convolutions]
        round_times["convolutions"] = sum(parts)
        round_times["matrix_product"] = min(_milliseconds(p, target) for p in products)
        if repetition >= 0:  # the first one warms up
            for name, value in round_times.items():
                times.setdefault(name, []).append(value)
        if progress:
            progress(repetition + 1, repetitions)
    result = _result(architecture, engine, times, flops)
    del engine, ways, convolutions  # training needs the memory
    return {**result, "training": training_speed(network, SIDE, target)}


def _result(
    architecture: Architecture, engine: Engine, times: dict[str, list[float]], flops: float
) -> dict[str, Any]:
    medians = {name: float(np.median(values)) for name, values in times.items()}
    medians["no_dropout"] = min(medians["no_dropout_fused"], medians["no_dropout_pytorch"])
    passes = _passes_needed(str(engine.device))
    return {
        "version": __version__,
        "network": {**dataclasses.asdict(architecture), "gigaflops": round(flops / 1e9, 2)},
        "device": describe_machine(engine.device),
        "dtype": str(engine.dtype).removeprefix("torch."),
        "image": [SIDE, SIDE],
        "batch": engine.batch,
        "repetitions": len(times["ours"]),
        "ms_per_pass": {name: round(value, 3) for name, value in medians.items()},
        "ms_per_pass_quartiles": {
            name: np.percentile(values, (25, 75)).round(3).tolist()
            for name, values in times.items()
        },
        "ratio_to_no_dropout": round(_ratio(times, "ours", "no_dropout"), 3),
        "ratio_to_convolutions": round(_ratio(times, "ours", "convolutions"), 3),
        "speedup_over_naive": round(_ratio(times, "naive", "ours"), 2),
        "teraflops": {
            name: round(flops / medians[name] / 1e9, 3)
            for name in ("ours", "convolutions", "matrix_product")
        },
        "batches": _against_batch(medians),
        "passes": passes,
        "seconds": {
            f"{what}, {goal}": round(count * images * medians["ours"] / 1e3, 2)
            for goal, count in passes.items()
            for what, images in (("image", 1), (f"series of {SERIES_IMAGES}", SERIES_IMAGES))
        },
    }


def _ratio(times: dict[str, list[float]], above: str, below: str) -> float:
    """Median over repetitions of a ratio within each: what slows the machine slows both."""
    columns = {name: np.array(values) for name, values in times.items()}
    columns["no_dropout"] = np.minimum(columns["no_dropout_fused"], columns["no_dropout_pytorch"])
    return float(np.median(columns[above] / columns[below]))


def _milliseconds(way: Contender, device: torch.device) -> float:
    """Time of one pass."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    started = time.perf_counter()
    with torch.inference_mode():
        way.run()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - started) * 1e3 / way.passes


def _against_batch(medians: dict[str, float]) -> list[dict[str, Any]]:
    """Time of the benchmarked network, and MCD Uncertainty of the default model on one simulated
    image, against batch size (the paper's Figure S6)."""
    model, series = load_model(), _simulated()
    grid = NetworkGrid.of(series, model.network.architecture.stride)
    image = grid.apply(torch.from_numpy(series.images[:1, :1]))
    rows, columns = image.shape[-2:]
    engine = Engine(model.network, rows, columns, torch.device("cpu"), batch=1)
    found = []
    for name, milliseconds in medians.items():
        if not name.startswith("ours_batch_"):
            continue
        batch = int(name.removeprefix("ours_batch_"))
        statistics = ImageStatistics(rows, columns, engine.device)
        prepared = engine.prepare(image, seed=batch, stream=0)
        while statistics.passes < UNCERTAINTY_PASSES:
            count = min(batch, UNCERTAINTY_PASSES - statistics.passes)
            statistics.add(engine.passes(prepared, count)[:, 0])
        summary = statistics.summary()
        found.append(
            {
                "batch": batch,
                "ms_per_pass": round(milliseconds, 3),
                "mcd_uncertainty": _number(summary.score),
                "mcd_interval": [_number(end) for end in summary.interval],
            }
        )
    return found


def _number(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


def _passes_needed(device: str) -> dict[str, float]:
    """Passes per image: the paper's, and what the default precision takes on a simulated series."""
    posterior = segment(_simulated(), load_model(), precision=DEFAULT_PRECISION, device=device)
    return {
        f"N = {PAPER_TRIALS}": PAPER_TRIALS,
        f"precision {DEFAULT_PRECISION}": round(float(posterior.trials.mean()), 1),
    }


def _simulated() -> ASLSeries:
    """Control and labelled images of a heart at rest."""
    series, _ = simulate_subject(seed=SERIES_SEED, subject=1)
    frames = [i for i, kind in enumerate(series.volume_types) if kind != "m0scan"][:SERIES_IMAGES]
    return series.only(frames)


def describe_machine(device: torch.device) -> str:
    """The device in general terms: kind of processor, threads, instruction sets."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    sets = [
        name
        for name, able in (
            ("AVX-512", torch.cpu._is_avx512_supported()),
            ("AVX512-BF16", torch.cpu._is_avx512_bf16_supported()),
            ("AMX", torch.cpu._is_amx_tile_supported()),
        )
        if able
    ]
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads, {', '.join(sets)}"
