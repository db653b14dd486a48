"""The benchmark: what it measures, and what it writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from ASLMyoSegLib.cli import app
from ASLMyoSegLib.network import Architecture, LoadedModel, MCDUNet
from ASLMyoSegLib.studies import bench as study
from ASLMyoSegLib.studies.contenders import bare_convolutions, contenders
from ASLMyoSegLib.uncertainty.engine import Engine


@pytest.fixture
def result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_model: LoadedModel) -> dict:
    """Of the command, on a network of toy size and with a toy in place of the default model."""
    monkeypatch.setattr(study, "load_model", lambda: small_model)
    monkeypatch.setattr(study, "SIDE", 32)
    arguments = ["bench", "--base-maps", "4", "--scales", "3", "--repetitions", "3"]
    done = CliRunner().invoke(app, [*arguments, "-o", str(tmp_path / "b.json")])
    assert done.exit_code == 0, done.output
    assert "speedup over naive" in done.output
    assert (tmp_path / "b.svg").read_text(encoding="utf-8").count("</svg>") == 1
    return json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))


def test_results_hold_every_way_and_ratios_that_follow_from_them(result: dict):
    ways = result["ms_per_pass"]
    assert {"naive", "ours", "no_dropout", "convolutions", "matrix_product"} <= ways.keys()
    assert all(value > 0 for value in ways.values())
    assert ways["no_dropout"] == min(ways["no_dropout_fused"], ways["no_dropout_pytorch"])
    for name, (low, high) in result["ms_per_pass_quartiles"].items():
        assert low <= ways[name] <= high
    assert min(result[r] for r in ("ratio_to_no_dropout", "ratio_to_convolutions")) > 0
    assert result["speedup_over_naive"] > 0
    assert result["network"]["base_maps"] == 4
    assert "CPU" in result["device"] or torch.cuda.is_available()
    assert len(result["batches"]) >= 5
    per_image = result["seconds"]["image, N = 1115"]
    assert per_image == pytest.approx(1115 * ways["ours"] / 1e3, abs=0.02)
    assert result["seconds"]["series of 12, N = 1115"] == pytest.approx(12 * per_image, abs=0.2)
    assert result["passes"]["precision 0.02"] >= 64
    training = result["training"]["ms_per_image"]
    assert training["plain_float32"] > 0
    assert training["ours"] > 0


def test_convolutions_of_a_full_size_pass_are_those_of_the_paper():
    """36.5 GFLOP at 96x96: two operations for each weight and each pixel that it meets."""
    with torch.device("meta"):
        network = MCDUNet(Architecture())
    expected = 0.0
    side = {"encoder": lambda k: 96 >> k, "decoder": lambda k: 96 >> (3 - k)}
    for room, pixels in side.items():
        for k, scale in enumerate(getattr(network, room)):
            expected += sum(2 * scale[i].weight.numel() * pixels(k) ** 2 for i in (0, 3))
    for k, up in enumerate(network.up):
        expected += 2 * up.weight.numel() * (96 >> (4 - k)) ** 2
    expected += 2 * 64 * 96**2
    assert expected / 1e9 == pytest.approx(36.5, rel=0.02)
    small = MCDUNet(Architecture(4, 3, 5, 0.5)).eval()
    engine = Engine(small, 32, 32, torch.device("cpu"), batch=1)
    parts = bare_convolutions(small, 32, engine)
    assert len(parts) == 2 * 5 + 2 + 1
    weights = [p.numel() for name, p in small.named_parameters() if p.ndim == 4]
    assert parts[0].flops == 2 * weights[0] * 32**2


def test_every_way_computes_the_same_network():
    """Means over passes agree; without dropout they are another network, and are left out."""
    torch.manual_seed(0)
    network = MCDUNet(Architecture(4, 3, 5, 0.5)).eval()
    network.head.weight.data *= 100
    engine = Engine(network, 32, 32, torch.device("cpu"), batch=8)
    ways = contenders(network, 32, engine)
    with torch.inference_mode():
        naive = torch.cat([ways["naive"].run() for _ in range(300)]).float().numpy()
        batch = torch.cat([ways["batched_float32"].run() for _ in range(38)]).float().numpy()
    error = naive.std(0) * np.sqrt(2 / 300) + 1e-4
    assert (np.abs(naive.mean(0) - batch.mean(0)) < 4.5 * error).mean() > 0.999
    with torch.inference_mode():
        bare = [ways[f"no_dropout_{how}"].run().float()[0] for how in ("fused", "pytorch")]
    assert torch.allclose(*bare, atol=0.02)
