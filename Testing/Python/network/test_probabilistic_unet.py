"""The probabilistic U-Net: its distributions, its samples, its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import kl_divergence
from typer.testing import CliRunner

from ASLMyoSegLib.cli import app
from ASLMyoSegLib.network import (
    ProbabilisticArchitecture,
    ProbabilisticUNet,
    load_model,
    save_model,
)
from ASLMyoSegLib.network.losses import binary_cross_entropy
from ASLMyoSegLib.series import ASLSeries, Geometry
from ASLMyoSegLib.uncertainty.sampler import segment

TINY = ProbabilisticArchitecture(
    base_maps=4, scales=2, kernel_size=3, latent=2, latent_maps=4, combinations=3
)


@pytest.fixture
def network() -> ProbabilisticUNet:
    torch.manual_seed(0)
    return ProbabilisticUNet(TINY).eval()


def test_samples_have_the_shape_of_the_images_and_differ(network: ProbabilisticUNet):
    images = torch.randn(3, 1, 16, 24)
    assert network(images).shape == images.shape
    assert not torch.equal(network(images), network(images))
    drawn = network.prior(images).sample()
    assert drawn.shape == (3, TINY.latent)
    many = network.combination(network.features(images[:1]), torch.randn(5, TINY.latent))
    assert many.shape == (5, 1, 16, 24)


def test_the_divergence_is_the_closed_form_of_two_gaussians(network: ProbabilisticUNet):
    images, masks = torch.randn(6, 1, 16, 16), (torch.rand(6, 1, 16, 16) > 0.5).float()
    prior = network.prior(images).base_dist
    posterior = network.posterior(torch.cat([images, masks - 0.5], dim=1)).base_dist
    ratio = (posterior.scale / prior.scale) ** 2
    shift = ((posterior.loc - prior.loc) / prior.scale) ** 2
    by_hand = 0.5 * (ratio + shift - 1 - ratio.log()).sum(1).mean()
    _, apart = network.loss(images, masks, divergence=1.0)
    assert apart.item() == pytest.approx(by_hand.item(), rel=1e-5)
    assert kl_divergence(prior, prior).abs().max() < 1e-6


def test_the_loss_is_cross_entropy_over_the_pixels_and_weighted_divergence(
    network: ProbabilisticUNet,
):
    images, masks = torch.randn(2, 1, 8, 8), torch.ones(2, 1, 8, 8)
    losses = []
    for weight in (0.0, 3.0):
        torch.manual_seed(1)
        loss, apart = network.loss(images, masks, divergence=weight)
        losses.append(loss - weight * apart)
    assert losses[0].item() == pytest.approx(losses[1].item(), rel=1e-5)
    torch.manual_seed(1)
    drawn = network.posterior(torch.cat([images, masks - 0.5], dim=1)).rsample()
    logits = network.combination(network.features(images), drawn)
    assert losses[0].item() == pytest.approx(64 * binary_cross_entropy(logits, masks).item())


def test_it_learns_both_answers_to_a_question_that_has_two():
    """One image, of which half of the observers mark the left and half the right: a network that
    knows one answer only would mark both sides by half."""
    torch.manual_seed(3)
    network = ProbabilisticUNet(TINY)
    adam = torch.optim.Adam(network.parameters(), lr=1e-2)
    images = torch.ones(8, 1, 8, 8) + 0.01 * torch.randn(8, 1, 8, 8)
    left = torch.zeros(8, 1, 8, 8)
    left[:4, :, :, :4], left[4:, :, :, 4:] = 1.0, 1.0
    for _ in range(250):
        loss, _ = network.loss(images, left, divergence=1.0)
        loss.backward()
        adam.step()
        adam.zero_grad()
    network.eval()
    with torch.no_grad():
        prior = network.prior(images[:1])
        samples = network.combination(network.features(images[:1]), prior.sample((64,))[:, 0])
    shares = samples.sigmoid()[:, 0, :, :4].mean((-2, -1))
    assert (shares > 0.9).sum() > 12
    assert (shares < 0.1).sum() > 12
    assert ((shares > 0.9) | (shares < 0.1)).sum() > 48


def test_a_file_brings_back_the_network_and_its_kind(network: ProbabilisticUNet, tmp_path: Path):
    path = tmp_path / "probabilistic.safetensors"
    save_model(path, network, {})
    model = load_model(path)
    assert model.network.architecture == TINY
    images = torch.randn(1, 1, 16, 16)
    kept, read = network.prior(images).mean, model.network.prior(images).mean
    assert torch.allclose(kept, read, atol=1e-2)  # convolutions are kept in float16


def test_its_samples_make_the_posterior_that_passes_make(network: ProbabilisticUNet, tmp_path):
    path = tmp_path / "probabilistic.safetensors"
    save_model(path, network, {})
    rng = np.random.default_rng(0)
    images = rng.normal(size=(2, 1, 18, 20)).astype(np.float32)
    series = ASLSeries(images, ("control", "label"), np.ones(2), Geometry((3.0, 3.0, 8.0)))
    first, again, other = (segment(series, load_model(path), 80, seed=s) for s in (1, 1, 2))
    assert first.mean.shape == first.std.shape == images.shape
    assert np.array_equal(first.mean, again.mean)
    assert not np.array_equal(first.mean, other.mean)
    assert (first.trials == 80).all()
    assert first.std.max() > 0


def test_the_command_trains_it_and_refuses_what_says_nothing_of_it(dataset: Path, tmp_path: Path):
    output = tmp_path / "probabilistic.safetensors"
    words = ["train", str(dataset), "-o", str(output), "--network", "probabilistic"]
    shape = ["--base-maps", "2", "--scales", "2", "--iterations", "2", "--seed", "3"]
    run = CliRunner().invoke(app, [*words, *shape])
    assert run.exit_code == 0, run.output
    header = load_model(output).header
    assert header["architecture"]["base_maps"] == 2
    assert header["recipe"]["divergence"] == 10
    refused = CliRunner().invoke(app, [*words, "--dropout", "0.3"])
    assert refused.exit_code == 2
    assert "says nothing of a probabilistic network" in refused.output
