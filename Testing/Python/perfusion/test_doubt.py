"""Flow's doubt: intervals that hold the truth as often as they say, and that of reserve."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from cases.flow import POINTS, series_with_flow

from ASLMyoSegLib.perfusion.doubt import reserve, unsettled_segments
from ASLMyoSegLib.perfusion.quantify import quantify
from ASLMyoSegLib.series import Posterior, SegmentFlow

TRUTH = np.array([1.0, 1.0, 1.2, 2.0, 2.0, 3.0])


def noisy_result(seed: int, deviation: float = 0.05, pairs: int = 6):
    series, masks = series_with_flow(TRUTH, (1.5,) * pairs)
    noise = np.random.default_rng(seed).normal(0, deviation, series.images.shape)
    images = (series.images + noise).astype(np.float32)
    return quantify(dataclasses.replace(series, images=images), masks, POINTS, weights="mask")


def test_intervals_of_pure_noise_hold_the_truth_as_often_as_they_say():
    """Those of constants and of the chosen width add a little."""
    inside = []
    for seed in range(40):
        parts = noisy_result(seed).segments
        inside += [s.low <= t <= s.high for s, t in zip(parts, TRUTH, strict=True)]
    assert 0.84 <= np.mean(inside) <= 0.97


def test_noisier_images_and_fewer_pairs_have_wider_intervals():
    def width(**how) -> float:
        return np.mean([s.high - s.low for s in noisy_result(1, **how).segments])

    assert width(deviation=0.1) > 1.5 * width()
    assert width(pairs=3) > width()
    (alone,) = {np.isnan(s.low) for s in noisy_result(1, pairs=1).segments}
    assert alone


def test_passes_that_disagree_of_the_border_widen_the_interval():
    """In half of the passes the wall is a pixel wider, where blood is."""
    series, masks = series_with_flow(np.full(6, 1.0), (1.5,) * 4)
    images = series.images.copy()
    images[1::2, 0][:, ~masks[0, 0]] += 0.5
    series = dataclasses.replace(series, images=images)
    wider = masks.copy()
    wider[:, 0, 37:60, 37:60] = True
    packed = [np.packbits(m.reshape(*m.shape[:2], -1), axis=-1) for m in (masks, wider)]
    shape = masks.shape
    mean = np.where(masks, 1.0, np.where(wider, 0.4, 0.0)).astype(np.float32)

    def result(order: list[int]):
        passes = np.stack([packed[which] for which in order])
        counts = np.full(shape[:2], len(order))
        said = Posterior(mean, np.zeros(shape, np.float32), counts, passes, 0, "cpu")
        return quantify(series, masks, POINTS, posterior=said).whole

    same, differing = result([0] * 8), result([0, 1] * 4)
    assert same.spread == pytest.approx(0.0, abs=1e-6)
    assert differing.spread > 0.3
    assert differing.high - differing.low > same.high - same.low
    assert differing.mbf == same.mbf


def flow(mbf: float, error: float) -> SegmentFlow:
    return SegmentFlow(7, "", 30, mbf, 0.1, (), error_alone=error, freedom=15.0)


def test_the_interval_of_reserve_is_that_of_a_ratio_of_normal_values():
    """Fieller's against many draws."""
    rest, stress = flow(1.0, 0.1), flow(3.0, 0.2)
    ratio, low, high = reserve(rest, stress)
    assert ratio == 3.0
    rng = np.random.default_rng(0)
    draws = (3 + 0.2 * rng.standard_t(15, 200_000)) / (1 + 0.1 * rng.standard_t(15, 200_000))
    assert low == pytest.approx(np.quantile(draws, 0.05), abs=0.06)
    assert high == pytest.approx(np.quantile(draws, 0.95), abs=0.06)


def test_reserve_of_rest_that_may_be_none_has_no_upper_end():
    assert reserve(flow(0.5, 0.5), flow(3.0, 0.2))[2] == np.inf
    assert np.isnan(reserve(flow(np.nan, 0.1), flow(3.0, 0.2))).all()
    assert np.isnan(reserve(flow(1.0, np.nan), flow(3.0, 0.2))[1:]).all()


def test_a_segment_is_settled_where_it_differs_from_its_ring_by_more_than_its_interval():
    result = noisy_result(2, deviation=0.001)
    assert 12 not in unsettled_segments(result)  # 3.0 in a ring of 1.7
    assert unsettled_segments(noisy_result(2, deviation=0.3)) == set(range(7, 13))
