"""Several pairs and several inversion times taken together."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from cases.flow import POINTS, series_with_flow

from ASLMyoSegLib.errors import QuantificationError
from ASLMyoSegLib.perfusion.pairs import weigh_pairs
from ASLMyoSegLib.perfusion.quantify import quantify

TRUTH = np.array([0.8, 1.0, 1.2, 2.0, 3.0, 4.0])


def flows(result) -> list[float]:
    return [s.mbf for s in result.segments]


def noisy(series, masks, deviation: float, seed: int = 0):
    rng = np.random.default_rng(seed)
    images = series.images + rng.normal(0, deviation, series.images.shape).astype(np.float32)
    return dataclasses.replace(series, images=images), masks


def test_pairs_of_different_inversion_times_are_fitted_together_with_arrival():
    times = (1.2, 1.5, 1.8, 2.1)
    series, masks = series_with_flow(TRUTH, times, arrival_time=0.25)
    result = quantify(series, masks, POINTS)
    assert flows(result) == pytest.approx(TRUTH, rel=0.02)
    assert result.constants["arrival_time"] == pytest.approx(0.25, abs=0.02)
    assert any("arrives 0.2" in w for w in result.warnings)


def test_two_inversion_times_give_one_flow_with_the_arrival_that_is_taken():
    series, masks = series_with_flow(TRUTH, (1.5, 1.5, 2.0, 2.0))
    result = quantify(series, masks, POINTS)
    assert flows(result) == pytest.approx(TRUTH, rel=1e-3)
    assert result.constants["arrival_time"] == 0.0


def test_heartbeats_that_differ_a_little_do_not_tell_the_arrival():
    series, masks = series_with_flow(TRUTH, (1.50, 1.52, 1.55, 1.58, 1.61, 1.64))
    assert quantify(*noisy(series, masks, 0.01), POINTS).constants["arrival_time"] == 0.0


def test_a_spoilt_pair_counts_less_and_is_named():
    clean = noisy(*series_with_flow(TRUTH, (1.5,) * 6), 0.004)
    right = quantify(*clean, POINTS)
    images = clean[0].images.copy()
    images[5] *= 1.15  # the third control, as after an irregular heartbeat
    spoilt = quantify(dataclasses.replace(clean[0], images=images), clean[1], POINTS)
    assert any(w.startswith("Pairs 3: departs") for w in spoilt.warnings)
    assert spoilt.pair_weights[2] < 0.1
    assert flows(spoilt) == pytest.approx(flows(right), abs=0.25)
    assert not any("departs" in w for w in right.warnings)


def test_pairs_alike_all_count_fully():
    rng = np.random.default_rng(3)
    weights = [weigh_pairs(rng.normal(1.5, 0.5, (6, 6)), np.ones(6))[0] for _ in range(200)]
    assert np.mean(weights) > 0.97
    assert weigh_pairs(np.array([[1.0, 9.0]]), np.ones(2))[0].tolist() == [1.0, 1.0]


def test_a_bolus_that_is_cut_off_is_described_by_the_general_model_alone():
    series, masks = series_with_flow(TRUTH, 1.8, bolus_duration=0.7)
    said = {**series.metadata, "BolusCutOffFlag": True, "BolusCutOffDelayTime": [0.7, 1.1]}
    cut = dataclasses.replace(series, metadata=said)
    result = quantify(cut, masks, POINTS)
    assert flows(result) == pytest.approx(TRUTH, rel=1e-3)
    assert result.factors["bolus_duration"] == 0.7
    assert np.isnan(result.whole.paper)
    with pytest.raises(QuantificationError, match="cut off"):
        quantify(cut, masks, POINTS, kinetics="paper")
    del said["BolusCutOffDelayTime"]
    with pytest.raises(QuantificationError, match="cut off"):
        quantify(dataclasses.replace(series, metadata=said), masks, POINTS)


def test_a_map_of_t1_counts_segment_by_segment():
    """In the second half of the ring T1 is longer, which a single number would read as flow."""
    series, masks = series_with_flow(TRUTH)
    t1 = np.full(series.images.shape[1:], 1.25)
    same = quantify(series, masks, POINTS, t1_myocardium=t1)
    assert flows(same) == pytest.approx(TRUTH, rel=1e-3)
    t1[:, :, 48:] = 1.5
    changed = flows(quantify(series, masks, POINTS, t1_myocardium=t1))
    assert changed[1] == pytest.approx(TRUTH[1], rel=1e-3)
    alone = flows(quantify(series, masks, POINTS, t1_myocardium=1.5))
    assert changed[5] == pytest.approx(alone[5], rel=1e-3)
    with pytest.raises(QuantificationError, match="T1 map has shape"):
        quantify(series, masks, POINTS, t1_myocardium=t1[:, 1:])
    with pytest.raises(QuantificationError, match="in seconds"):
        quantify(series, masks, POINTS, t1_myocardium=1000 * t1)
