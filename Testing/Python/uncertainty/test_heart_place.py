"""Where the heart is: what images agree on, what a person says, and what is told of it."""

from __future__ import annotations

import numpy as np
import pytest

from ASLMyoSegLib.errors import ASLMyoSegError
from ASLMyoSegLib.network import LoadedModel
from ASLMyoSegLib.series import ASLSeries, Geometry, RVInsertion
from ASLMyoSegLib.uncertainty import first_look
from ASLMyoSegLib.uncertainty.heart import Guess, Marks, agree, between, marks_of, region
from ASLMyoSegLib.uncertainty.sampler import segment, stream
from ASLMyoSegLib.uncertainty.ways import PAPER

SPACING = np.array([2.0, 2.0])
MIDDLE = Guess(np.array([60.0, 60.0]), 60.0)


def marks(*found: tuple[float, float, float]) -> Marks:
    """Of y, x and weight each."""
    table = np.reshape(found, (-1, 3))
    return Marks(np.zeros((0, 0), int), table[:, :2], table[:, 2])


@pytest.fixture
def series() -> ASLSeries:
    rng = np.random.default_rng(0)
    images = rng.normal(100, 20, (3, 2, 100, 110)).astype(np.float32)
    times = np.full(3, 1.5)
    return ASLSeries(images, ("control",) * 3, times, Geometry((3.0, 3.0, 10.0)))


def test_marks_are_what_hangs_together_and_reaches_the_threshold():
    mean = np.zeros((40, 40))
    mean[2:8, 4:10] = 0.6
    mean[8:12, 4:10] = 0.35  # hangs on the first
    mean[20:30, 20:22] = 0.45  # in no mask
    found = marks_of(mean)
    assert found.middles.tolist() == [[6.5, 6.5]]
    assert found.weights == pytest.approx([36 * 0.6 + 24 * 0.35])
    assert set(np.unique(found.labels)) == {0, 1}
    assert marks_of(np.zeros((5, 5))).middles.shape == (0, 2)


def test_images_agree_though_in_some_of_them_something_else_looks_more_like_the_heart():
    votes = [[marks((50, 52, 9.0), (80, 90, 4.0))], [marks((52, 50, 5.0), (81, 90, 15.0))]]
    votes += [[marks((51, 51, 7.0))], [marks((81, 89, 9.0))], [marks()]]
    found = agree(votes, MIDDLE, SPACING)
    assert found.hearts[0] == pytest.approx([51, 51], abs=1)
    assert found.astray[:, 0].tolist() == [False, True, False, True, False]


def test_slices_shift_along_the_axis_and_a_slice_without_heart_takes_the_place_of_the_others():
    votes = [[marks((56, 60, 9.0)), marks((60, 60, 9.0)), marks((64, 60, 9.0)), marks()]] * 3
    found = agree(votes, MIDDLE, SPACING)
    assert found.hearts[:3, 0] == pytest.approx([56, 60, 64], abs=0.1)
    assert found.hearts[3] == pytest.approx([60, 60], abs=0.1)
    assert not found.astray.any()


def test_where_nothing_is_seen_the_heart_is_where_it_was_expected():
    found = agree([[marks()], [marks()]], MIDDLE, SPACING)
    assert np.array_equal(found.hearts, [MIDDLE.place])
    assert not found.astray.any()


def test_the_guess_decides_between_marks_that_hold_as_much():
    both = [[marks((40, 60, 5.0), (90, 60, 5.0))]]
    for expected in (40.0, 90.0):
        guess = Guess(np.array([expected, 60.0]), 30.0)
        assert agree(both, guess, SPACING).hearts[0, 0] == pytest.approx(expected, abs=1)


def test_rv_insertions_tell_where_to_look():
    anterior, inferior = np.array([[40.0, 50.0], [np.nan] * 2]), np.array([[60.0, 52.0]] * 2)
    assert between(RVInsertion(anterior, inferior)) == pytest.approx([53.3, 51.3], abs=0.1)


def test_posterior_tells_where_the_heart_was_looked_for(
    series: ASLSeries, small_model: LoadedModel
):
    found = segment(series, small_model, trials=2, device="cpu")
    assert found.hearts.shape == (2, 2)
    assert found.astray.shape == (3, 2)
    paper = segment(series, small_model, trials=2, device="cpu", way=PAPER)
    assert paper.hearts is None
    assert paper.astray is None


def test_a_person_says_where_it_is_and_nothing_else_is_looked_at(
    series: ASLSeries, small_model: LoadedModel, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(first_look.FirstLook, "go_on", lambda self: pytest.fail("looked"))
    found = segment(series, small_model, trials=2, device="cpu", heart=(50.0, 70.0))
    assert np.array_equal(found.hearts, [[50.0, 70.0]] * 2)
    assert found.mean[..., 17:84, 37:104].all()  # 67 pixels of 3 mm
    assert np.count_nonzero(found.mean) == 3 * 2 * 67 * 67


def test_of_two_marks_the_one_that_a_person_points_at_is_the_heart():
    mean = np.zeros((60, 60))
    mean[10:20, 10:20] = 0.6
    mean[30:50, 30:50] = 0.9
    kept = region(mean, Guess(np.array([15.0, 15.0]), 15.0), SPACING)
    assert kept[10:20, 10:20].all()
    assert not kept[30:50, 30:50].any()


@pytest.mark.parametrize("heart", [(-1.0, 5.0), (5.0, 110.0), (float("nan"), 5.0)])
def test_a_heart_outside_of_the_image_is_refused(
    series: ASLSeries, small_model: LoadedModel, heart: tuple[float, float]
):
    with pytest.raises(ASLMyoSegError, match="the heart cannot be at column"):
        segment(series, small_model, trials=2, device="cpu", heart=heart)


def test_the_first_look_can_be_stopped_and_shows_nothing_yet(
    series: ASLSeries, small_model: LoadedModel
):
    steps = stream(series, small_model, trials=4, device="cpu")
    first = next(steps)
    assert first.passes == 0
    assert first.expected == 4 * 6
    assert not first.posterior().mean.any()
    steps.close()
    assert list(steps) == []
