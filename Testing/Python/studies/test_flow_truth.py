"""Flow against the truth, and finding low flow."""

from __future__ import annotations

import numpy as np
import pytest

from ASLMyoSegLib.perfusion.quantify import quantify
from ASLMyoSegLib.phantom import simulate_subject
from ASLMyoSegLib.series import Posterior
from ASLMyoSegLib.studies.agreement import agreement_with_truth
from ASLMyoSegLib.studies.flow_truth import FlowTruth
from ASLMyoSegLib.studies.low_flow import auroc, low_flow


def exact_posterior(subject: int, condition: str, series, truth=None) -> Posterior:
    """Of a network that sees each pixel's share of muscle."""
    if truth is None:
        _, truth = simulate_subject(9000, subject, condition, defect=0.5)
    masks = truth.fraction >= 0.5
    packed = np.packbits(masks.reshape(*masks.shape[:2], -1), axis=-1)
    passes = np.repeat(packed[None], 4, axis=0)
    counts = np.full(masks.shape[:2], 4)
    return Posterior(truth.fraction, 0 * truth.fraction, counts, passes, 0, "cpu")


def test_agreement_with_truth_is_that_of_its_definitions():
    table = np.array([[1.0, 1.1, 0.9, 1.3], [2.0, 1.9, 1.0, 1.95], [3.0, 3.3, 2.0, 4.0],
                      [4.0, np.nan, np.nan, np.nan]])  # fmt: skip
    found = agreement_with_truth(table)
    assert found["n"] == 3
    assert found["bias"] == pytest.approx(0.1)
    assert found["rmse"] == pytest.approx(np.sqrt((0.01 + 0.01 + 0.09) / 3))
    assert found["cover90"] == pytest.approx(2 / 3)
    assert found["slope"] == pytest.approx(np.polyfit([1, 2, 3], [1.1, 1.9, 3.3], 1)[0])
    assert agreement_with_truth(np.empty((0, 4)))["rmse"] is None


def test_flow_of_the_program_is_nearer_to_the_truth_than_by_the_papers_way():
    flow = FlowTruth()
    assert flow.agreement() is None
    for subject in (1, 2, 3):
        for condition in ("rest", "stress"):
            series, truth = simulate_subject(5, subject, condition)
            posterior = exact_posterior(subject, condition, series, truth)
            flow.add(
                series, truth.mbf, truth.rv_insertion, posterior, truth.fraction >= 0.5,
                {"first observer": truth.observer},
            )  # fmt: skip
    found = flow.agreement()
    assert found["n"] == 36
    assert found["ccc"] > 0.9
    assert abs(found["bias"]) < 0.15
    assert 0.75 < found["cover90"] <= 1.0
    assert found["rmse"] < found["others"]["program, paper's way"]["rmse"]
    assert found["rmse"] < found["others"]["first observer"]["rmse"]


def test_a_true_defect_halves_the_flow_of_neighbouring_segments_under_stress_alone():
    (_, rest), (series, stress) = (
        simulate_subject(9000, 1, c, defect=0.5) for c in ("rest", "stress")
    )
    highest = max(stress.mbf.values())
    low = [n for n, mbf in stress.mbf.items() if mbf < 0.75 * highest]
    assert len(low) == 2
    assert min(rest.mbf.values()) > 0.7 * max(rest.mbf.values())
    measured = {
        s.aha: s.mbf
        for s in quantify(
            series, stress.fraction > 0.99, stress.rv_insertion, weights="mask"
        ).segments
    }
    assert max(measured[n] for n in low) < np.median(list(measured.values()))


def test_low_flow_is_found_in_hearts_with_a_defect():
    found = low_flow(subjects=2, segmenter=exact_posterior)
    assert found["program stress"]["n_low"] == 4
    assert found["program stress"]["auroc"] > 0.9
    low, high = found["program stress"]["low"], found["program stress"]["high"]
    assert low <= found["program stress"]["auroc"] <= high
    assert found["paper reserve"]["curve"][-1] == [1.0, 1.0]


def test_the_area_is_the_share_of_pairs_in_the_right_order():
    low = np.array([True, True, False, False])
    assert auroc(low, np.array([1.0, 3.0, 2.0, 4.0])) == 0.75
    assert auroc(low, np.array([1.0, 1.0, 1.0, 1.0])) == 0.5
