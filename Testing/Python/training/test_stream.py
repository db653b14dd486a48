"""Training on drawn pictures: recipe, stream, mean of the weights, watching."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from safetensors.torch import load_file

from ASLMyoSegLib.errors import OutputError, SeriesError
from ASLMyoSegLib.network import Architecture, MCDUNet, load_model
from ASLMyoSegLib.network.losses import mixed_loss
from ASLMyoSegLib.processes.parallel import Group
from ASLMyoSegLib.training.average import WeightAverage
from ASLMyoSegLib.training.fit import train
from ASLMyoSegLib.training.recipe import Pictures, TrainingConfig, read_recipe
from ASLMyoSegLib.training.stream import StreamSource, draw_batch

DRAWN = TrainingConfig(
    architecture=Architecture(4, 3, 3, 0.5),
    loss="mixed",
    epochs=3,
    batch_size=4,
    learning_rate=3e-3,
    average=0.9,
    pictures=Pictures(an_epoch=8, side=32, whole=0.0),
)


@pytest.fixture(autouse=True)
def _few_pictures_to_validate_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ASLMyoSegLib.training.stream.VALIDATION", 4)


def test_a_batch_is_the_same_whenever_it_is_drawn_and_no_other_is_like_it():
    first, again, other = (draw_batch(DRAWN, n) for n in (3, 3, 4))
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.targets, again.targets)
    assert not torch.equal(first.images, other.images)
    assert not torch.equal(first.images, draw_batch(DRAWN, -3).images)
    assert first.images.shape == first.targets.shape == (4, 1, 32, 32)
    assert first.targets.min() >= 0
    assert first.targets.max() <= 1


def test_smaller_and_larger_windows_take_as_much_work_as_others():
    near, whole = (
        dataclasses.replace(DRAWN, batch_size=9, pictures=Pictures(9, 64, *shares))
        for shares in ((1.0, 0.0), (0.0, 1.0))
    )
    assert draw_batch(near, 0).images.shape == (16, 1, 48, 48)
    assert draw_batch(whole, 0).images.shape == (4, 1, 96, 96)
    assert draw_batch(whole, -1).images.shape == (9, 1, 64, 64)


def test_epochs_follow_each_other_and_processes_see_different_pictures():
    source = StreamSource(DRAWN, drawers=0)
    alone = [b.images for epoch in (0, 1) for b in source.batches(epoch, Group())]
    assert len(alone) == 4
    later = [b.images for b in StreamSource(DRAWN, 0).batches(1, Group())]
    assert all(torch.equal(a, b) for a, b in zip(alone[2:], later, strict=True))
    shared = [
        [b.images for b in StreamSource(DRAWN, 0).batches(0, Group(rank, 2))] for rank in (0, 1)
    ]
    for number, batch in enumerate(alone):
        assert torch.equal(batch, shared[number % 2][number // 2])


def test_a_drawing_process_beside_gives_the_same_pictures():
    beside = list(StreamSource(DRAWN, drawers=1).batches(0, Group()))
    here = list(StreamSource(DRAWN, drawers=0).batches(0, Group()))
    assert all(torch.equal(a.images, b.images) for a, b in zip(beside, here, strict=True))


def test_killed_training_on_pictures_goes_on_to_the_same_weights(tmp_path: Path):
    def stop_after_first(epoch: int, *_: float) -> None:
        if epoch == 1:
            raise KeyboardInterrupt

    train(None, tmp_path / "whole.safetensors", DRAWN, drawers=0)
    broken = tmp_path / "broken.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(None, broken, DRAWN, stop_after_first, drawers=0)
    train(None, broken, DRAWN, drawers=0)
    expected, found = load_file(tmp_path / "whole.safetensors"), load_file(broken)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    told = load_model(broken).header["recipe"]
    assert told["pictures"] == {"an_epoch": 8, "side": 32, "near": 0.0, "whole": 0.0}
    assert told["training_images"] == 8


def test_another_population_goes_on_from_the_last_model(tmp_path: Path):
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    train(None, first, DRAWN, drawers=0)
    other = dataclasses.replace(DRAWN, seed=5, learning_rate=0.0, initial_model=str(first))
    train(None, second, other, drawers=0)
    before, after = load_file(first), load_file(second)
    assert torch.equal(before["head.weight"], after["head.weight"])


def test_the_mean_of_weights_begins_plainly_and_then_forgets():
    networks = [MCDUNet(Architecture(1, 2, 1, 0.0)) for _ in range(3)]
    average = WeightAverage(networks[0], 0.5)
    values = []
    for network in networks:
        average.add(network)
        values.append(average.network.head.bias.item())
    biases = [n.head.bias.item() for n in networks]
    assert values[0] == pytest.approx(biases[0])
    assert values[1] == pytest.approx(np.mean(biases[:2]))
    assert values[2] == pytest.approx(0.5 * values[1] + 0.5 * biases[2])


def test_an_image_without_muscle_weighs_less_in_the_mixed_loss_than_a_missed_heart():
    empty, heart = torch.zeros(1, 1, 32, 32), torch.zeros(1, 1, 32, 32)
    heart[..., 8:20, 8:20] = 1
    little = torch.full((1, 1, 32, 32), -8.0)
    assert mixed_loss(little, empty, 0.5) < 0.05
    assert mixed_loss(little, heart, 0.5) > 0.9
    assert mixed_loss(20 * heart - 10, heart, 0.5) < 0.01


RECIPE = """
loss = "mixed"
epochs = 2
initial_model = "first.safetensors"
[architecture]
base_maps = 24
scales = 4
[pictures]
an_epoch = 100
"""


def test_a_recipe_is_what_the_file_says_and_its_model_lies_beside_it(tmp_path: Path):
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    config = read_recipe(path)
    assert (config.loss, config.epochs) == ("mixed", 2)
    assert config.architecture == Architecture(24, 4)
    assert config.pictures == Pictures(an_epoch=100)
    assert config.initial_model == str(tmp_path / "first.safetensors")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("epoch = 2", "'epoch' is unknown; known are architecture, loss"),
        ("epochs = 0", "epochs = 0, where 1 or more"),
        ('epochs = "2"', "epochs = '2', where int"),
        ("epochs = true", "epochs = True, where int"),
        ('loss = "l2"', "loss = 'l2', where dice or bce or tversky or mixed"),
        ("beta = 1.5", "beta = 1.5, where 0 to 1"),
        ("[pictures]\nside = 50", "side = 50, where a multiple of 64"),
        ("pictures = 3", "3 stands where a table"),
        ("epochs = ", "is no recipe that can be read"),
    ],
)
def test_a_wrong_recipe_is_refused_by_its_line(tmp_path: Path, line: str, words: str):
    path = tmp_path / "recipe.toml"
    path.write_text(line)
    with pytest.raises(SeriesError, match=words):
        read_recipe(path)


def test_the_recipe_that_is_shipped_can_be_read():
    config = read_recipe(Path(__file__).parents[3] / "Resources" / "Models" / "mcd_unet.toml")
    assert config.initial_model is None
    assert config.architecture == load_model().network.architecture


def _watched(folder: Path) -> Path:
    """A folder with an index, of two sets of a bright ring."""
    y, x = np.mgrid[:64, :64] - 31.5
    ring = (np.hypot(x, y) > 8) & (np.hypot(x, y) < 12)
    folder.mkdir()
    rows = []
    for number in range(3):
        for name, array in (("image", ring * 100.0), ("mask", ring.astype(np.uint8))):
            image = sitk.GetImageFromArray(array[None])
            image.SetSpacing((3.0, 3.0, 8.0))
            sitk.WriteImage(image, str(folder / f"{name}{number}.nii.gz"))
        kind = "one" if number else "other"
        rows.append([f"image{number}.nii.gz", f"mask{number}.nii.gz", kind, "3.0", "3.0"])
    with (folder / "INDEX.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["file", "mask", "set", "spacing_x", "spacing_y"], *rows])
    return folder


def test_a_watched_folder_gives_dice_by_set_beside_the_model(tmp_path: Path):
    output = tmp_path / "m.safetensors"
    train(None, output, DRAWN, watch=_watched(tmp_path / "real"), drawers=0)
    lines = [json.loads(s) for s in (tmp_path / f"{output.name}.watch.jsonl").open()]
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert [line["images"] for line in lines] == [8, 16, 24]
    assert ["dice" in line for line in lines] == [True, False, True]  # the first and the last one
    assert {name: found["n"] for name, found in lines[-1]["dice"].items()} == {"one": 2, "other": 1}


def test_what_cannot_be_watched_is_said_before_the_training(tmp_path: Path):
    with pytest.raises(SeriesError, match=r"INDEX\.csv: cannot be read"):
        train(None, tmp_path / "m.safetensors", DRAWN, watch=tmp_path, drawers=0)
    (_watched(tmp_path / "real") / "mask0.nii.gz").unlink()
    with pytest.raises(SeriesError, match="mask0"):
        train(None, tmp_path / "m.safetensors", DRAWN, watch=tmp_path / "real", drawers=0)
    assert not list(tmp_path.glob("m.*"))


def test_pictures_of_another_recipe_are_not_gone_on_with(tmp_path: Path):
    def stop(*_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(None, tmp_path / "m.safetensors", DRAWN, stop, drawers=0)
    other = dataclasses.replace(DRAWN, pictures=Pictures(an_epoch=12, side=32))
    with pytest.raises(OutputError, match="other settings"):
        train(None, tmp_path / "m.safetensors", other, drawers=0)
