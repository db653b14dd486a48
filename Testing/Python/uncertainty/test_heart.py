"""The program's own way: a window about the heart, views in turns, own statistics, one heart."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import nn

from ASLMyoSegLib.network import LoadedModel
from ASLMyoSegLib.network.adaptation import adapted
from ASLMyoSegLib.network.preparation import normalise
from ASLMyoSegLib.series import ASLSeries, Geometry
from ASLMyoSegLib.uncertainty import heart
from ASLMyoSegLib.uncertainty.engine import Engine
from ASLMyoSegLib.uncertainty.grid import NetworkGrid
from ASLMyoSegLib.uncertainty.sampler import segment
from ASLMyoSegLib.uncertainty.views import turned, turned_back
from ASLMyoSegLib.uncertainty.ways import HEART

CPU = torch.device("cpu")
SQUARE = np.array([1.0, 1.0])
MIDDLE = heart.Guess(np.array([50.0, 50.0]), 40.0)


@pytest.fixture
def series() -> ASLSeries:
    rng = np.random.default_rng(0)
    images = rng.normal(100, 20, (2, 1, 40, 44)).astype(np.float32)
    return ASLSeries(images, ("control", "label"), np.array([1.5, 1.5]), Geometry((3.0, 3.0, 10.0)))


def test_same_seed_same_result_and_masks_are_those_of_the_maps(
    series: ASLSeries, small_model: LoadedModel
):
    first, again, other = (
        segment(series, small_model, trials=12, seed=s, device="cpu") for s in (1, 1, 2)
    )
    for name in ("mean", "std", "trial_masks", "mcd_interval"):
        assert np.array_equal(getattr(first, name), getattr(again, name), equal_nan=True)
    assert not np.array_equal(first.mean, other.mean)
    assert first.way == "heart"
    one = segment(series, small_model, trials=1, seed=1, device="cpu")
    assert np.array_equal(one.masks_of_trial(0), one.mean >= 0.5)


@pytest.mark.parametrize("margins", [(0, 0, 80, 80), (30, 10, 7, 90)])
def test_borders_of_padding_change_nothing(
    series: ASLSeries, small_model: LoadedModel, margins: tuple[int, int, int, int]
):
    top, bottom, left, right = margins
    around = ((0, 0), (0, 0), (top, bottom), (left, right))
    padded = np.pad(series.images, around, constant_values=series.images.min() - 1)
    wide = dataclasses.replace(series, images=padded)
    plain, found = (
        segment(s, small_model, trials=4, seed=1, device="cpu").mean for s in (series, wide)
    )
    inside = found[..., top : top + 40, left : left + 44]
    assert np.array_equal(inside, plain)
    assert np.count_nonzero(found) == np.count_nonzero(inside)


def test_window_lies_about_the_place_within_black_and_ends_where_the_image_does():
    images = np.random.default_rng(1).random((1, 1, 200, 120)).astype(np.float32)
    wide = ASLSeries(images, ("control",), np.array([1.5]), Geometry((1.5, 1.5, 10.0)))
    grid = NetworkGrid.about(wide, np.array([50.0, 110.0]), field=90.0, side=64, stride=8)
    assert grid.window == (slice(20, 80), slice(60, 120))  # 60 pixels of 1.5 mm
    seen = grid.apply(torch.from_numpy(images[:1]))[0, 0]
    assert seen.shape == (64, 64)
    assert grid.resampled == (30, 30)
    assert (seen[:17] == seen.min()).all()
    inside = seen[17:47, 17:47]
    assert inside.mean().item() == pytest.approx(0, abs=1e-5)
    assert inside.std(unbiased=False).item() == pytest.approx(1, abs=1e-5)


def test_views_are_quarter_turns_that_passes_take_in_turns():
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    views = turned(image, 4)
    passes = torch.cat([views[[2, 3]], views, views[[0]]])  # passes 2 to 8
    assert torch.equal(turned_back(passes, 2, 4), image.expand(7, -1, -1, -1))


def test_passes_of_an_image_with_views_are_those_of_each_view_alone(small_model: LoadedModel):
    """Pass k sees view k modulo 3 with the bits that are its own, however passes are grouped."""
    views = torch.randn(3, 1, 24, 24, generator=torch.Generator().manual_seed(1))
    make = {"dtype": torch.float32, "batch": 8}
    several = Engine(small_model.network, 24, 24, CPU, views=3, **make)
    prepared = several.prepare(views, seed=4, stream=2)
    found = torch.cat([several.passes(prepared, count) for count in (4, 1, 3)])
    single = Engine(small_model.network, 24, 24, CPU, **make)
    for number in range(3):
        alone = single.passes(single.prepare(views[number : number + 1], seed=4, stream=2), 8)
        assert torch.allclose(found[number::3], alone[number::3], atol=1e-4)


def test_own_statistics_are_mixed_into_those_of_the_training(small_model: LoadedModel):
    """The first layer's are those of its convolution of the images; a share of 0 changes none."""
    network = small_model.network
    images = 3 + 2 * torch.randn(4, 1, 24, 24, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        features = network.encoder[0][0](images)
    for share in (0.0, 0.3, 1.0):
        found = adapted(network, images, share, CPU)
        before, after = network.encoder[0][1], found.encoder[0][1]
        for name, own in (
            ("running_mean", features.mean((0, 2, 3))),
            ("running_var", features.var((0, 2, 3), unbiased=False)),
        ):
            expected = torch.lerp(getattr(before, name), own, share)
            assert torch.allclose(getattr(after, name), expected, atol=1e-4)
        assert torch.equal(found.encoder[0][0].weight, network.encoder[0][0].weight)
    deepest = [m for m in found.modules() if isinstance(m, nn.BatchNorm2d)][-1]
    assert not found.training
    assert torch.isfinite(deepest.running_var).all()


def ring(mean: np.ndarray, y: float, x: float, value: float, radius: float = 8.0) -> None:
    rows, columns = np.indices(mean.shape)
    away = np.hypot(rows - y, columns - x)
    mean[(away < radius) & (away > radius - 3)] = value


def test_the_ring_nearest_to_the_place_is_the_heart_and_others_are_left_out():
    mean = np.zeros((100, 100))
    ring(mean, 45, 50, 0.8)
    ring(mean, 90, 90, 0.9, 9)
    found = heart.region(mean, MIDDLE, SQUARE)
    assert found[:60, :60].all()
    assert not found[85:, 85:].any()


def test_a_single_mark_is_the_heart_wherever_it_lies_and_parts_of_one_ring_stay_together():
    mean = np.zeros((100, 100))
    ring(mean, 85, 85, 0.8)
    assert heart.region(mean, MIDDLE, SQUARE).all()
    mean[80:82][mean[80:82] > 0] = 0.35  # in some passes only
    assert heart.region(mean, MIDDLE, SQUARE).all()
    assert heart.region(np.zeros((9, 9)), MIDDLE, SQUARE).all()


def test_maps_masks_and_score_count_the_heart_alone(small_model: LoadedModel):
    """A network that marks a tenth of noise, here and there."""
    network = copy.deepcopy(small_model.network)
    rng = np.random.default_rng(2)
    images = gaussian_filter(rng.normal(0, 1, (1, 1, 64, 64)), (0, 0, 2, 2)).astype(np.float32)
    network.head.weight.data *= 150
    with torch.inference_mode():
        logits = network(normalise(torch.from_numpy(images)))
    network.head.bias.data -= logits.quantile(0.9)
    series = ASLSeries(images, ("control",), np.array([1.5]), Geometry((3.0, 3.0, 10.0)))
    model = LoadedModel(network, "any", "0" * 64, {})
    plain = dataclasses.replace(HEART, window=64, own_statistics=0.0)
    both, one = (
        segment(series, model, trials=8, device="cpu", way=dataclasses.replace(plain, one_heart=o))
        for o in (False, True)
    )
    guess = heart.Guess(both.hearts[0], heart.FROM_WINDOW)
    kept = heart.region(both.mean[0, 0].astype(float), guess, 3 * SQUARE)
    assert 0 < kept.mean() < 1
    assert np.array_equal(one.mean[0, 0], both.mean[0, 0] * kept)
    assert np.array_equal(one.std[0, 0], both.std[0, 0] * kept)
    for number in range(8):
        masks = both.masks_of_trial(number)[0, 0] & kept
        assert np.array_equal(one.masks_of_trial(number)[0, 0], masks)
