"""Weights of pixels: the posterior's, bounded by masks, and less where differences are blood's."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from cases.flow import POINTS, ring, series_with_flow
from scipy.ndimage import binary_dilation, binary_erosion

from ASLMyoSegLib.errors import QuantificationError
from ASLMyoSegLib.perfusion.quantify import quantify
from ASLMyoSegLib.perfusion.weights import Weighing
from ASLMyoSegLib.series import ASLSeries, Posterior

EDGE = ring() & ~binary_erosion(ring())


def posterior_of(mean: np.ndarray, shape: tuple[int, ...]) -> Posterior:
    """Passes that all say the same, where mean is at least a half."""
    means = np.broadcast_to(mean, shape).astype(np.float32)
    packed = np.packbits((means >= 0.5).reshape(*shape[:2], -1), axis=-1)
    trials = np.repeat(packed[np.newaxis], 8, axis=0)
    return Posterior(means, np.zeros(shape, np.float32), np.full(shape[:2], 8), trials, 0, "cpu")


def with_blood_on_the_edge(pairs: int = 6) -> tuple[ASLSeries, np.ndarray]:
    """Pixels on the border hold some blood, whose difference is large."""
    series, masks = series_with_flow(np.full(6, 1.0), (1.5,) * pairs)
    images = series.images.copy()
    images[1::2, 0][:, EDGE] += 0.2
    noise = np.random.default_rng(0).normal(0, 0.002, images.shape)
    return dataclasses.replace(series, images=(images + noise).astype(np.float32)), masks


def test_pixels_that_the_posterior_doubts_count_little():
    series, masks = with_blood_on_the_edge(1)  # one pair, so that differences cannot tell
    mean = np.where(EDGE, 0.7, 1.0) * ring()
    surest = quantify(series, masks, POINTS, posterior=posterior_of(mean, masks.shape))
    plain = quantify(series, masks, POINTS, weights="mask")
    assert plain.whole.mbf > 3.0
    assert abs(surest.whole.mbf - 1.0) < 0.25 * (plain.whole.mbf - 1.0)
    assert surest.whole.paper == plain.whole.paper
    assert surest.whole.weight < plain.whole.weight == pytest.approx(ring().sum())


def test_pixels_whose_difference_is_of_blood_hardly_count_even_where_the_posterior_is_sure():
    series, masks = with_blood_on_the_edge()
    sure = posterior_of(ring().astype(float), masks.shape)
    assert quantify(series, masks, POINTS, posterior=sure).whole.mbf == pytest.approx(1.0, abs=0.1)


def test_nothing_outside_of_a_corrected_mask_counts_and_what_a_person_adds_does():
    series, masks = series_with_flow(np.full(6, 1.0), (1.5,) * 4)
    inner = binary_erosion(ring())
    sure_of_inner = posterior_of(inner.astype(float), masks.shape)
    polarity = np.ones(4)
    cut = np.broadcast_to(inner & (np.arange(96) < 48), masks.shape)
    weights = Weighing.of(series, cut, cut * 7, sure_of_inner, polarity).weights()
    assert not weights[~cut].any()
    assert weights[cut].min() > 0.9
    wider = np.broadcast_to(binary_dilation(ring()), masks.shape)
    weights = Weighing.of(series, wider, wider * 7, sure_of_inner, polarity).weights()[1, 0]
    added = wider[1, 0] & ~inner
    border = wider[1, 0] & ~binary_erosion(wider[1, 0])
    assert (weights[added] > 0).all()
    assert weights[added & ~border].mean() > 3 * weights[border].mean()


def test_masks_alone_count_by_distance_to_the_border():
    series, masks = series_with_flow(np.full(6, 1.0), (1.5,) * 4)
    weights = Weighing.of(series, masks, masks * 7, None, np.ones(4)).weights()[1, 0]
    assert weights[EDGE].max() < 0.35
    assert weights[binary_erosion(ring(), iterations=2)].min() > 0.95


def test_a_segment_that_is_hardly_sure_anywhere_has_no_flow_and_says_so():
    series, masks = series_with_flow(np.full(6, 1.0), (1.5,) * 4)
    mean = ring() * 1.0
    mean[ring() & (np.arange(96) > 48)] = 0.51
    thin = masks & (EDGE | (np.arange(96) <= 48))
    few = quantify(series, thin, POINTS, posterior=posterior_of(mean, masks.shape))
    doubted = [s.aha for s in few.segments if np.isnan(s.mbf)]
    assert 0 < len(doubted) < 6
    assert any("is surely muscle" in w for w in few.warnings)


def test_unknown_ways_are_refused_by_name():
    series, masks = series_with_flow(np.ones(6))
    with pytest.raises(QuantificationError, match="weights is 'thick'; use posterior or mask"):
        quantify(series, masks, weights="thick")
    with pytest.raises(QuantificationError, match="kinetics is 'new'; use general or paper"):
        quantify(series, masks, kinetics="new")
