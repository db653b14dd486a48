"""The engine against a naive sampler, and the scores against their definitions."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from ASLMyoSegLib.errors import ASLMyoSegError, SeriesError
from ASLMyoSegLib.network import LoadedModel
from ASLMyoSegLib.network.preparation import normalise
from ASLMyoSegLib.series import ASLSeries, Geometry, Posterior
from ASLMyoSegLib.uncertainty import sampler, scores
from ASLMyoSegLib.uncertainty.grid import NetworkGrid
from ASLMyoSegLib.uncertainty.ways import PAPER

segment = functools.partial(sampler.segment, way=PAPER)
"""Passes over the whole field as it is; `test_heart` is of the program's own way."""


@pytest.fixture
def series() -> ASLSeries:
    rng = np.random.default_rng(0)
    images = rng.normal(100, 20, (2, 1, 40, 44)).astype(np.float32)
    return ASLSeries(images, ("control", "label"), np.array([1.5, 1.5]), Geometry((3.0, 3.0, 10.0)))


def test_mean_and_std_are_those_of_the_naive_loop(series: ASLSeries, small_model: LoadedModel):
    """400 passes each; pixels beyond 4.5 standard errors are fewer than 1 in 10,000 by chance."""
    trials = 400
    posterior = segment(series, small_model, trials=trials, seed=1, device="cpu")
    network = small_model.network.eval()
    for layer in network.modules():
        if isinstance(layer, nn.Dropout):
            layer.train()
    torch.manual_seed(99)
    with torch.inference_mode():
        image = normalise(torch.from_numpy(series.images[0])[None])
        naive = torch.stack([network(image).sigmoid()[0, 0] for _ in range(trials)]).numpy()
    network.eval()
    error = np.sqrt(2 / trials) * naive.std(0) + 2e-3  # and what bfloat16 rounds away
    assert (np.abs(posterior.mean[0, 0] - naive.mean(0)) < 4.5 * error).mean() > 0.999
    assert posterior.std[0, 0].mean() == pytest.approx(naive.std(0).mean(), rel=0.05)


def test_same_seed_same_result_and_other_seed_another(series: ASLSeries, small_model: LoadedModel):
    first, again, other = (
        segment(series, small_model, trials=20, seed=s, device="cpu") for s in (1, 1, 2)
    )
    assert np.array_equal(first.mean, again.mean)
    assert np.array_equal(first.trial_masks, again.trial_masks)
    assert not np.array_equal(first.mean, other.mean)


def test_an_image_gets_the_same_whatever_comes_after_it(
    series: ASLSeries, small_model: LoadedModel
):
    alone = series.only([0])
    whole = segment(series, small_model, trials=20, seed=1, device="cpu")
    part = segment(alone, small_model, trials=20, seed=1, device="cpu")
    assert np.array_equal(whole.mean[0], part.mean[0])


def test_long_series_go_in_turns_and_keep_the_first_masks_with_the_same_results(
    series: ASLSeries, small_model: LoadedModel, monkeypatch: pytest.MonkeyPatch
):
    whole = segment(series, small_model, trials=20, seed=1, device="cpu")
    monkeypatch.setattr(sampler, "LARGEST_TURN", 1)
    monkeypatch.setattr(sampler, "LARGEST_MASKS", 7 * whole.trial_masks[0].nbytes)
    seen = []
    steps = sampler.stream(series, small_model, trials=20, seed=1, device="cpu", way=PAPER)
    for step in steps:
        seen.append(step.posterior().trials[:, 0].tolist())
    turned = step.posterior()
    assert [20, 0] in seen  # the second image began when the first was done
    for name in ("mean", "std", "trials", "mcd_interval"):
        assert np.array_equal(getattr(whole, name), getattr(turned, name), equal_nan=True)
    assert np.array_equal(turned.trial_masks, whole.trial_masks[:7])
    reference = whole.mean >= 0.5
    assert np.isfinite(scores.dice_uncertainty(turned, reference)).all()


def test_masks_of_trials_are_the_passes_at_one_half(series: ASLSeries, small_model: LoadedModel):
    posterior = segment(series, small_model, trials=1, seed=3, device="cpu")
    assert np.array_equal(posterior.masks_of_trial(0), posterior.mean >= 0.5)
    assert not posterior.std.any()


def test_images_of_other_pixel_size_come_back_on_their_own_grid(small_model: LoadedModel):
    """The same field of view at 1.5 mm gives what it gives at 3 mm, within resampling."""
    rng = np.random.default_rng(4)
    coarse = torch.from_numpy(rng.normal(size=(1, 1, 12, 12)).astype(np.float32))
    smooth = interpolate(coarse, (48, 48), mode="bicubic")
    fine = interpolate(smooth, (96, 96), mode="bilinear")
    results = []
    for images, spacing in ((smooth, 3.0), (fine, 1.5)):
        series = ASLSeries(
            images.numpy(), ("control",), np.array([1.5]), Geometry((spacing, spacing, 10.0))
        )
        results.append(segment(series, small_model, trials=60, seed=5, device="cpu").mean)
    assert results[1].shape == (1, 1, 96, 96)
    brought = interpolate(torch.from_numpy(results[1]), (48, 48), mode="area").numpy()
    assert np.abs(brought - results[0]).mean() < 0.03


@pytest.mark.parametrize("margins", [(0, 0, 80, 80), (30, 10, 7, 90)])
def test_borders_of_padding_change_nothing(
    series: ASLSeries, small_model: LoadedModel, margins: tuple[int, int, int, int]
):
    top, bottom, left, right = margins
    low = series.images.min()
    padded = np.pad(
        series.images,
        ((0, 0), (0, 0), (top, bottom), (left, right)),
        constant_values=low - 1,
    )
    wide = dataclasses.replace(series, images=padded)
    plain = segment(series, small_model, trials=5, seed=1, device="cpu").mean
    found = segment(wide, small_model, trials=5, seed=1, device="cpu").mean
    rows, columns = series.images.shape[2:]
    assert found.shape == padded.shape
    assert np.array_equal(found[..., top : top + rows, left : left + columns], plain)
    assert not found[..., :top, :].any()


def test_field_wider_than_those_of_the_training_is_cut_about_its_centre(series: ASLSeries):
    wide = dataclasses.replace(series, geometry=Geometry((20.0, 20.0, 10.0)))
    grid = NetworkGrid.of(wide, 4)
    assert grid.window == (slice(13, 27), slice(15, 29))  # 14 of 20 mm in 288 mm
    probability = torch.ones(1, 1, *grid.apply(torch.rand(1, 1, 40, 44)).shape[2:])
    back = grid.undo(probability)[0, 0]
    assert back.shape == (14, 14)
    assert grid.outside == (15, 15, 13, 13)


def test_images_like_those_of_the_training_are_not_cut_though_their_field_is_wide(
    series: ASLSeries,
):
    whole = np.tile(series.images, (1, 1, 3, 3))[..., :96, :96]
    wide = dataclasses.replace(series, images=whole, geometry=Geometry((3.9, 3.9, 10.0)))
    assert NetworkGrid.of(wide, 8).window == (slice(0, 96), slice(0, 96))


@pytest.mark.parametrize("scale", [1e-36, 1e-12, 1e6, 1e34])
def test_unit_of_the_pixels_changes_nothing(
    series: ASLSeries, small_model: LoadedModel, scale: float
):
    scaled = dataclasses.replace(series, images=series.images * np.float32(scale))
    plain, found = (
        segment(s, small_model, trials=5, seed=1, device="cpu").mean for s in (series, scaled)
    )
    assert np.abs(found - plain).mean() < 0.05 * plain.std()


@pytest.mark.parametrize("pixel", [0.003, 3000.0, np.nan])
def test_pixel_sizes_that_no_heart_has_are_refused(
    series: ASLSeries, small_model: LoadedModel, pixel: float
):
    odd = dataclasses.replace(series, geometry=Geometry((pixel, pixel, 10.0)))
    with pytest.raises(SeriesError, match="shows no heart"):
        segment(odd, small_model, trials=2, device="cpu")


def test_progress_counts_every_pass(series: ASLSeries, small_model: LoadedModel):
    seen = []
    segment(series, small_model, trials=20, progress=lambda *a: seen.append(a), device="cpu")
    assert seen[-1] == (40, 40)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_missing_gpu_and_unknown_device_are_said(series: ASLSeries, small_model: LoadedModel):
    with pytest.raises(ASLMyoSegError, match="'tpu' is unknown"):
        segment(series, small_model, trials=2, device="tpu")
    if not torch.cuda.is_available():
        with pytest.raises(ASLMyoSegError, match="no GPU"):
            segment(series, small_model, trials=2, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_gpu_gives_the_statistics_of_the_cpu(series: ASLSeries, small_model: LoadedModel):
    cpu, gpu = (segment(series, small_model, trials=400, device=d) for d in ("cpu", "cuda"))
    assert np.abs(cpu.mean - gpu.mean).mean() < 0.02


def test_mcd_uncertainty_is_the_sum_of_the_map_over_the_size_of_the_mask():
    mean, std = np.zeros((2, 1, 4, 4)), np.full((2, 1, 4, 4), 0.25)
    mean[0, 0, 0] = 0.5
    score = scores.mcd_uncertainty(mean, std)
    assert score[0, 0] == pytest.approx(16 * 0.25 / 4)
    assert np.isnan(score[1, 0])


def test_dice_uncertainty_is_the_spread_of_dice_over_trials():
    reference = np.zeros((1, 1, 2, 4), bool)
    reference[0, 0, 0] = True
    trials = np.zeros((2, 1, 1, 2, 4), bool)
    trials[0, 0, 0, 0] = True  # Dice 1
    trials[1, 0, 0, 0, :2] = True  # Dice 2 * 2 / 6
    packed = np.packbits(trials.reshape(2, 1, 1, -1), axis=-1)
    posterior = Posterior(*np.zeros((2, 1, 1, 2, 4)), np.array([[2]]), packed, 0, "cpu")
    assert scores.dice_uncertainty(posterior, reference)[0, 0] == pytest.approx((1 - 2 / 3) / 2)


def test_dice_and_error_pixels_of_a_known_pair():
    mask, reference = np.zeros((2, 1, 1, 6, 6), bool)
    mask[..., :4] = True
    reference[..., 2:5] = True
    assert scores.dice(mask, reference)[0, 0] == pytest.approx(2 * 12 / 42)
    assert scores.false_positives(mask, reference)[0, 0] == 12
    assert scores.false_negatives(mask, reference)[0, 0] == 6
    assert np.isnan(scores.dice(mask & False, mask & False)).all()
