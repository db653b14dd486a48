"""Networks, losses and files of weights."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from ASLMyoSegLib.errors import ModelError
from ASLMyoSegLib.network import Architecture, MCDUNet, load_model, save_model
from ASLMyoSegLib.network.checkpoint import FORMAT
from ASLMyoSegLib.network.dropout import BitDropout
from ASLMyoSegLib.network.losses import binary_cross_entropy, dice_loss, loss_by_name, tversky_loss


def test_full_size_has_the_81_million_weights_of_the_paper():
    with torch.device("meta"):
        network = MCDUNet(Architecture())
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(81e6, rel=0.01)


def test_output_has_the_shape_of_the_input_and_dropout_makes_passes_differ():
    torch.manual_seed(0)
    network = MCDUNet(Architecture(4, 3, 5, 0.5)).train()
    images = torch.randn(2, 1, 32, 48)
    first, second = network(images), network(images)
    assert first.shape == images.shape
    assert not torch.equal(first, second)
    network.eval()
    assert torch.equal(network(images), network(images))


@pytest.mark.parametrize("rate", [0.25, 0.5, 0.3])
def test_cheap_dropout_drops_units_independently_at_its_rate_and_keeps_the_mean(rate: float):
    """Rate and neighbours' correlation of 295,000 units; 5 standard errors, 1 in a million."""
    torch.manual_seed(5)
    features = torch.ones(8, 16, 48, 48).to(memory_format=torch.channels_last).requires_grad_()
    out = BitDropout(rate).train()(features)
    dropped = (out == 0).float()
    error = 5 * (rate * (1 - rate) / dropped.numel()) ** 0.5
    assert dropped.mean().item() == pytest.approx(rate, abs=error)
    both = (dropped[:, 1:] * dropped[:, :-1]).mean().item()
    assert both == pytest.approx(rate**2, abs=2 * error)
    assert out[out != 0].unique().item() == pytest.approx(1 / (1 - rate))
    out.sum().backward()
    assert torch.equal(features.grad, out)
    assert torch.equal(BitDropout(rate).eval()(features), features)


@given(st.floats(0.05, 0.95))
def test_tversky_is_the_ratio_of_hits_to_weighted_errors(beta):
    logits = torch.full((1, 1, 10, 10), -40.0)
    logits[0, 0, :4] = 40.0  # 40 pixels predicted
    target = torch.zeros(1, 1, 10, 10)
    target[0, 0, 2:5] = 1.0  # 30 true, 20 of them hit
    expected = 1 - 21 / (21 + beta * 20 + (1 - beta) * 10)
    assert tversky_loss(logits, target, beta).item() == pytest.approx(expected, rel=1e-5)


def test_more_beta_pushes_harder_against_false_positives():
    target = torch.zeros(1, 1, 8, 8)
    target[..., :4] = 1
    slopes = []
    for beta in (0.1, 0.9):
        logits = torch.zeros(1, 1, 8, 8, requires_grad=True)
        tversky_loss(logits, target, beta).backward()
        slopes.append(logits.grad[..., 4:].mean().item())
    assert slopes[1] > slopes[0] > 0


def test_dice_is_tversky_at_one_half_and_names_find_their_losses():
    torch.manual_seed(1)
    logits, target = torch.randn(3, 1, 8, 8), (torch.rand(3, 1, 8, 8) > 0.5).float()
    assert dice_loss(logits, target) == tversky_loss(logits, target, 0.5)
    assert loss_by_name("tversky", 0.7)(logits, target) == tversky_loss(logits, target, 0.7)
    entropy = binary_cross_entropy(logits, target)
    assert loss_by_name("bce", 0.5)(logits, target) == entropy


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_model(path, MCDUNet(Architecture(4, 3, 3, 0.5)), {"recipe": {"loss": "dice"}})
    return path


def test_model_comes_back_as_it_was_written(tmp_path: Path):
    torch.manual_seed(2)
    network = MCDUNet(Architecture(4, 3, 5, 0.3)).eval()
    save_model(tmp_path / "m.safetensors", network, {"metrics": {"validation_dice": 0.9}})
    loaded = load_model(tmp_path / "m.safetensors")
    images = torch.randn(1, 1, 32, 32)
    assert loaded.network.architecture == network.architecture
    assert torch.allclose(loaded.network(images), network(images), atol=1e-2)
    assert loaded.header["metrics"] == {"validation_dice": 0.9}
    assert len(loaded.sha256) == 64


def damage(path: Path, how: str) -> None:
    tensors = load_file(path)
    header = {"architecture": {"base_maps": 4, "scales": 3, "kernel_size": 3, "dropout": 0.5}}
    first = sorted(tensors)[0]
    if how == "lacks":
        del tensors[first]
    elif how == "foreign":
        tensors["extra"] = torch.zeros(1)
    elif how == "shape":
        tensors[first] = torch.zeros(1)
    elif how == "not finite":
        tensors[first] = torch.full_like(tensors[first], torch.nan)
    elif how == "variances":
        tensors["encoder.0.1.running_var"] -= 2
    elif how == "architecture says base_maps":
        header["architecture"]["base_maps"] = 10**9
    elif how == "architecture says kernel_size":
        header["architecture"]["kernel_size"] = True
    elif how == "lacks tensor 'decoder.2":  # twelve billion weights, of which none is made
        header["architecture"] = {"base_maps": 256, "scales": 7, "kernel_size": 11, "dropout": 0.5}
    elif how == "header is damaged":
        header = ["architecture"]
    save_file(tensors, path, metadata={"format": FORMAT, "header": json.dumps(header)})


@pytest.mark.parametrize(
    "how",
    [
        "lacks", "foreign", "shape", "not finite", "variances", "architecture says base_maps",
        "architecture says kernel_size", "lacks tensor 'decoder.2", "header is damaged",
    ],
)  # fmt: skip
def test_damaged_model_is_refused_with_the_tensor_or_value_at_fault(model_file: Path, how: str):
    damage(model_file, how)
    with pytest.raises(ModelError, match=how) as error:
        load_model(model_file)
    assert str(model_file) in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_truncated_and_pickled_files_are_no_models(tmp_path: Path, model_file: Path):
    with pytest.raises(ModelError, match="no such model file"):
        load_model(tmp_path / "none.safetensors")
    model_file.write_bytes(model_file.read_bytes()[:500])
    with pytest.raises(ModelError, match="not a readable safetensors"):
        load_model(model_file)
    model_file.write_bytes(pickle.dumps({"weights": [1, 2, 3]}))
    with pytest.raises(ModelError, match="not a readable safetensors"):
        load_model(model_file)


def test_safetensors_of_another_program_are_refused(tmp_path: Path):
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="format None"):
        load_model(tmp_path / "other.safetensors")
