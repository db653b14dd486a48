"""RV insertions that are proposed: near the truth, faint, and taken by one call."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("slicer")

from ASLMyoSegLib.perfusion.aha import centre_of
from ASLMyoSegLib.perfusion.insertions import propose_insertions
from ASLMyoSegLib.phantom import simulate_subject
from ASLMyoSegLib.scene import SeriesScene, proposals
from ASLMyoSegLib.scene.mrml import PrivateScene, nodes_of
from ASLMyoSegLib.series import Posterior

HALF_A_SEGMENT = 30.0
"""Degrees."""


@pytest.fixture(scope="module")
def subjects():
    return [simulate_subject(4242, number, "rest") for number in (0, 1, 3, 5)]


def angle(point, centre):
    down, right = point - centre
    return np.degrees(np.arctan2(-down, right))


def test_points_are_proposed_near_where_an_observer_saw_them(subjects):
    errors = []
    for series, truth in subjects:
        masks = np.asarray(truth.observer) > 0
        centre = centre_of(masks.mean(0)[0] >= 0.5, (1.0, 1.0))
        found = propose_insertions(series, masks)
        for name in ("anterior", "inferior"):
            seen, said = (getattr(p, name)[0] for p in (truth.rv_insertion, found))
            errors.append(abs((angle(said, centre) - angle(seen, centre) + 180) % 360 - 180))
    assert np.median(errors) < HALF_A_SEGMENT
    assert max(errors) < 90  # the right ventricle's side, and anterior is not taken for inferior


def test_nothing_is_proposed_without_a_mask_or_a_ventricle(subjects):
    series, truth = subjects[0]
    masks = np.asarray(truth.observer) > 0
    assert propose_insertions(series, np.zeros_like(masks)) is None
    flat = np.random.default_rng(2).normal(100, 5, series.images.shape).astype(np.float32)
    flat[masks] = 400
    assert propose_insertions(replace(series, images=flat), masks) is None


def test_a_proposal_counts_for_nothing_until_it_is_taken(subjects):
    series, truth = subjects[1]
    masks = (np.asarray(truth.observer) > 0).astype(np.float32)
    with PrivateScene() as private:
        one = SeriesScene.create(private.scene, series)
        assert not proposals.propose(one)
        trials = np.full(masks.shape[:2], 8)
        none = np.zeros((0, *masks.shape[:2], 1), np.uint8)
        one.show_posterior(Posterior(masks, masks / 9, trials, none, 0, "cpu", {}))
        assert proposals.propose(one)
        (node,) = nodes_of(private.scene, proposals.KIND, proposals.PROPOSAL)
        assert node.GetLocked()
        assert node.GetDisplayNode().GetOpacity() < 0.5
        assert one.landmarks() is None
        assert not one.quantify().rotation_known
        assert proposals.take(one)
        assert not proposals.proposed(private.scene)
        assert one.quantify().rotation_known
        assert not proposals.propose(one)
