"""Training: it learns, and a killed one goes on to the same weights."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ASLMyoSegLib.errors import ModelError, OutputError, SeriesError
from ASLMyoSegLib.network import Architecture, MCDUNet, load_model
from ASLMyoSegLib.training import fit
from ASLMyoSegLib.training.augmentation import augment
from ASLMyoSegLib.training.dataset import read_examples
from ASLMyoSegLib.training.fit import train
from ASLMyoSegLib.training.optimiser import SweepingAdam
from ASLMyoSegLib.training.recipe import TrainingConfig

CONFIG = TrainingConfig(architecture=Architecture(4, 3, 3, 0.5), epochs=3, learning_rate=3e-3)


def test_loss_falls_and_the_header_tells_the_recipe(dataset: Path, tmp_path: Path):
    losses = []
    config = dataclasses.replace(CONFIG, epochs=15, augmentation=False)
    best = train(dataset, tmp_path / "m.safetensors", config, lambda *a: losses.append(a[2]))
    assert losses[-1] < losses[0] - 0.02
    header = load_model(tmp_path / "m.safetensors").header
    assert header["recipe"]["learning_rate"] == 3e-3
    assert header["metrics"]["validation_dice"] == pytest.approx(best, abs=1e-4)
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]


def test_killed_training_goes_on_to_the_same_weights(dataset: Path, tmp_path: Path):
    def stop_after_first(epoch: int, *_: float) -> None:
        if epoch == 1:
            raise KeyboardInterrupt

    train(dataset, tmp_path / "whole.safetensors", CONFIG)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, tmp_path / "broken.safetensors", CONFIG, stop_after_first)
    epochs = []
    train(dataset, tmp_path / "broken.safetensors", CONFIG, lambda *a: epochs.append(a[0]))
    assert epochs == [2, 3]
    whole, broken = (load_file(tmp_path / f"{n}.safetensors") for n in ("whole", "broken"))
    assert all(torch.equal(whole[name], broken[name]) for name in whole)


def test_a_model_that_is_there_already_is_not_overwritten(dataset: Path, tmp_path: Path):
    mine = tmp_path / "mine.safetensors"
    mine.write_text("of days of training")
    with pytest.raises(OutputError, match="is there already"):
        train(dataset, mine, CONFIG)
    assert mine.read_text() == "of days of training"


def test_what_cannot_be_trained_is_said_before_or_after_the_first_epoch(
    dataset: Path, tmp_path: Path
):
    output = tmp_path / "new" / "m.safetensors"
    deep = dataclasses.replace(CONFIG, architecture=Architecture(1, 7, 1, 0.5))
    with pytest.raises(SeriesError, match="multiples of 64"):
        train(dataset, output, deep)
    with pytest.raises(SeriesError, match="is a file"):
        train(next(dataset.rglob("*_asl.nii.gz")), output, CONFIG)
    assert not output.parent.exists()
    steep = dataclasses.replace(CONFIG, learning_rate=1e30, augmentation=False)
    with pytest.raises(ModelError, match="choose a learning rate below 1e"):
        train(dataset, output, steep)
    assert not output.exists()
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors.resume")
    with pytest.raises(OutputError, match="damaged"):
        train(dataset, tmp_path / "other.safetensors", CONFIG)


def test_state_of_another_recipe_is_not_gone_on_with(dataset: Path, tmp_path: Path):
    def stop(*_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(dataset, tmp_path / "m.safetensors", CONFIG, stop)
    other = TrainingConfig(architecture=Architecture(4, 3, 3, 0.5), epochs=4)
    with pytest.raises(OutputError, match="other settings"):
        train(dataset, tmp_path / "m.safetensors", other)


def test_training_goes_on_from_another_model_of_the_same_architecture(
    dataset: Path, tmp_path: Path
):
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    train(dataset, first, CONFIG)
    still = dataclasses.replace(CONFIG, learning_rate=0.0, epochs=1, initial_model=str(first))
    train(dataset, second, still)
    before, after = load_file(first), load_file(second)
    weights = [name for name in before if "weight" in name and before[name].ndim == 4]
    assert all(torch.equal(before[name], after[name]) for name in weights)
    told = load_model(second).header["recipe"]["initial_model"]
    assert told["sha256"] == load_model(first).sha256
    other = dataclasses.replace(still, architecture=Architecture(5, 3, 3, 0.5))
    with pytest.raises(ModelError, match="asked for"):
        train(dataset, tmp_path / "third.safetensors", other)


def test_validation_holds_out_whole_subjects(dataset: Path):
    training, validation = read_examples(dataset)
    assert len(training) == len(validation) == 13
    assert not torch.equal(training.images, validation.images)


def test_data_without_reference_masks_are_refused(dataset: Path):
    with pytest.raises(SeriesError, match="no series has reference masks"):
        read_examples(dataset / "sub-01")


def test_augmentation_moves_image_and_mask_together_and_keeps_them_valid():
    rows, columns = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    radius = torch.hypot(rows - 48, columns - 48)
    mask = (radius < 18).float().expand(16, 1, 96, 96).contiguous()
    images, masks = augment(mask.clone(), mask, torch.Generator().manual_seed(3))
    assert set(masks.unique().tolist()) == {0.0, 1.0}
    assert images.mean((1, 2, 3)).abs().max() < 1e-4
    assert images.std((1, 2, 3), unbiased=False) == pytest.approx(torch.ones(16), abs=1e-3)
    inside = torch.stack(
        [i[m > 0].mean() - i[m == 0].mean() for i, m in zip(images, masks, strict=True)]
    )
    # Contrast is inverted in one image of twenty, so nearly all keep a bright disc.
    assert (inside > 0.5).sum() >= 12
    sizes = [round(m.sum().item()) for m in masks]
    assert 3 <= sizes.count(round(mask[0].sum().item())) <= 13  # half are turned exactly
    assert len(set(sizes)) >= 4


def test_crops_hold_the_muscle_and_are_normalised_as_whole_images(dataset: Path, tmp_path: Path):
    training, _ = read_examples(dataset)
    generator = torch.Generator().manual_seed(0)
    images, masks = augment(training.images[:8], training.masks[:8], generator, 48)
    assert images.shape == masks.shape == (8, 1, 48, 48)
    assert (masks.sum((1, 2, 3)) > 0.5 * training.masks[:8].sum((1, 2, 3))).all()
    assert not torch.allclose(images.mean((1, 2, 3)), torch.zeros(8), atol=0.05)
    with pytest.raises(SeriesError, match="crop of 128"):
        train(dataset, tmp_path / "m.safetensors", dataclasses.replace(CONFIG, crop=128))


def test_adam_takes_the_steps_of_pytorchs_own():
    torch.manual_seed(0)
    plain = MCDUNet(Architecture(4, 2, 3, 0.0))
    swept = copy.deepcopy(plain).to(memory_format=torch.channels_last)
    optimisers = torch.optim.Adam(plain.parameters(), lr=1e-2), SweepingAdam(swept, 1e-2)
    images = torch.randn(2, 1, 16, 16)
    for _ in range(4):
        for network, optimiser in zip((plain, swept), optimisers, strict=True):
            network(images).square().mean().backward()
            optimiser.step()
        plain.zero_grad()
    for expected, found in zip(plain.parameters(), swept.parameters(), strict=True):
        # Adam divides by gradients, so that rounding shows where these are small.
        assert torch.allclose(expected, found, atol=1e-3)


def test_bfloat16_learns_as_float32_does(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    config = dataclasses.replace(CONFIG, epochs=10, augmentation=False)
    curves: dict[str, list[float]] = {"bfloat16": [], "float32": []}
    for name, curve in curves.items():
        if name == "float32":
            monkeypatch.setattr(fit, "autocast", lambda device: contextlib.nullcontext())
        train(dataset, tmp_path / f"{name}.safetensors", config, lambda *a, c=curve: c.append(a[2]))
    fall = curves["float32"][0] - curves["float32"][-1]
    assert fall > 0.01
    assert curves["bfloat16"] == pytest.approx(curves["float32"], abs=0.3 * fall)
