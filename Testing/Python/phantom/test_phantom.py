"""The digital reference object against the paper's figures and against itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ASLMyoSegLib.errors import OutputError
from ASLMyoSegLib.perfusion.aha import RING_SEGMENTS, rings_of
from ASLMyoSegLib.perfusion.kinetics import null_time
from ASLMyoSegLib.perfusion.quantify import quantify
from ASLMyoSegLib.phantom import simulate_subject
from ASLMyoSegLib.phantom.acquisition import draw_padding
from ASLMyoSegLib.phantom.anatomy import MYOCARDIUM, SCAR, draw_anatomy
from ASLMyoSegLib.phantom.observer import Observer
from ASLMyoSegLib.phantom.population import TYPICAL, UNUSUAL, Population
from ASLMyoSegLib.phantom.signal import bssfp_signal
from ASLMyoSegLib.phantom.subject import contrast_to_noise
from ASLMyoSegLib.run.simulation import simulate_cohort
from ASLMyoSegLib.uncertainty.scores import dice


def test_contrast_to_noise_and_physiological_noise_are_those_of_the_paper():
    ratios = {"control": [], "label": []}
    noise = []
    for subject in range(1, 13):
        for condition in ("rest", "stress"):
            series, truth = simulate_subject(2020, subject, condition)
            for kind, values in contrast_to_noise(series, truth).items():
                ratios[kind].append(values.mean())
            if condition == "rest":
                flow = quantify(
                    series, truth.observer, truth.rv_insertion, kinetics="paper", weights="mask"
                )
                noise.append(flow.whole.pn)
    assert np.mean(ratios["control"]) == pytest.approx(21.4, abs=3.8)
    assert np.mean(ratios["label"]) == pytest.approx(6.5, abs=1.0)
    assert 0.08 <= np.mean(noise) <= 0.25


def test_same_seed_gives_the_same_bytes(tmp_path: Path):
    trees = []
    for name in ("a", "b"):
        simulate_cohort(tmp_path / name, subjects=1, conditions=("rest",), seed=5)
        files = sorted(p for p in (tmp_path / name).rglob("*") if p.is_file())
        trees.append({p.relative_to(tmp_path / name): p.read_bytes() for p in files})
    assert trees[0] == trees[1]
    assert any("derivatives" in p.parts for p in trees[0])


def test_subjects_differ_and_a_subject_keeps_its_anatomy_under_stress():
    rest, truth = simulate_subject(1, 1, "rest")
    stress, stressed = simulate_subject(1, 1, "stress")
    other, _ = simulate_subject(1, 2, "rest")
    assert rest.geometry.spacing == stress.geometry.spacing != other.geometry.spacing
    assert truth.rv_insertion.anterior == pytest.approx(stressed.rv_insertion.anterior)
    assert min(stressed.mbf.values()) > 0
    assert np.mean(list(stressed.mbf.values())) > np.mean(list(truth.mbf.values()))


def test_border_pixels_are_true_partial_volumes_and_the_observer_is_conservative():
    _, truth = simulate_subject(8, 1)
    partial = (truth.fraction > 0) & (truth.fraction < 1)
    assert len(np.unique(truth.fraction[partial])) > 10
    assert truth.observer.sum() < truth.mask.sum()
    assert truth.fraction[truth.observer].mean() > truth.fraction[truth.mask].mean()


def test_two_observers_agree_as_careful_people_do():
    between = []
    for subject in range(1, 7):
        _, truth = simulate_subject(21, subject)
        between.append(dice(truth.second_observer, truth.observer).mean())
        assert not np.array_equal(truth.second_observer[1], truth.second_observer[2])
    assert 0.90 < np.mean(between) < 0.98


def test_protocol_waits_past_the_null_unless_told_otherwise():
    for subject in range(1, 7):
        for condition in ("rest", "stress"):
            series, _ = simulate_subject(3, subject, condition)
            assert np.nanmin(series.inversion_time) > 1.15 * null_time(1.24)
    early, _ = simulate_subject(3, 1, "stress", heartbeats=1)
    assert np.nanmax(early.inversion_time) < 1.0


def test_bssfp_transient_is_that_of_a_pulse_by_pulse_bloch_simulation():
    t1, t2, tr, pulses, flip = 1.25, 0.045, 3.2e-3, 24, np.radians(50)

    def turn(angle: float) -> np.ndarray:
        c, s = np.cos(angle), np.sin(angle)
        return np.array([[1, 0, 0], [0, c, s], [0, -s, c]])

    e1, e2 = np.exp(-tr / t1), np.exp(-tr / t2)
    half1, half2 = np.exp(-tr / 2 / t1), np.exp(-tr / 2 / t2)
    m = turn(flip / 2) @ np.array([0, 0, 0.5])
    m = np.array([half2, half2, half1]) * m + [0, 0, 1 - half1]
    for pulse in range(pulses):
        m = turn(flip * (-1) ** (pulse + 1)) @ m
        m = np.array([e2, e2, e1]) * m + [0, 0, 1 - e1]
    signal = np.hypot(m[0], m[1]) / np.exp(-tr / t2) * np.exp(-1.5e-3 / t2)
    closed = bssfp_signal(np.array([0.5]), np.array([t1]), np.array([t2]))[0]
    assert closed == pytest.approx(signal, rel=0.06)


def test_three_slices_cover_sixteen_segments():
    series, truth = simulate_subject(9, 1, slices=3)
    assert series.images.shape == (13, 3, 96, 96)
    assert sorted(truth.mbf) == list(range(1, 17))
    numbers = [s.aha for s in quantify(series, truth.observer, truth.rv_insertion).segments]
    assert numbers == list(range(1, 17))


def test_folder_that_holds_something_is_not_written_to(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(OutputError, match="holds something already"):
        simulate_cohort(tmp_path, subjects=1)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_share_of_unusual_subjects_leaves_the_others_as_they_are(tmp_path: Path):
    for name, unusual in (("typical", 0.0), ("mixed", 0.5)):
        simulate_cohort(tmp_path / name, subjects=4, conditions=("rest",), seed=6, unusual=unusual)
    same = [
        (tmp_path / "typical" / image).read_bytes() == (tmp_path / "mixed" / image).read_bytes()
        for image in (f"sub-0{n}/perf/sub-0{n}_acq-rest_asl.nii.gz" for n in range(1, 5))
    ]
    assert same == [True, False, True, False]


def test_unusual_hearts_reach_beyond_typical_ones():
    x, y = np.meshgrid(np.arange(-100.0, 100.0), np.arange(-100.0, 100.0))  # mm

    def areas(population: Population) -> list[int]:
        drawn = [draw_anatomy(np.random.default_rng(s), ("mid",), population) for s in range(12)]
        return [(mid.draw(x, y) > MYOCARDIUM).sum() for (mid,) in drawn]

    typical, unusual = areas(TYPICAL), areas(UNUSUAL)
    assert min(unusual) < min(typical)
    assert max(unusual) > max(typical)


def test_scars_lie_in_the_wall_and_the_outflow_tract_opens_wall_and_mask_alike():
    population = replace(UNUSUAL, scars=3, outflow=1.0)
    at = np.linspace(-60.0, 60.0, 241)
    scarred = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        (basal,) = draw_anatomy(rng, ("basal",), population)
        x, y = np.meshgrid(at + basal.centre[0], basal.centre[1] - at)
        labels = basal.draw(x, y)
        mask = Observer.draw(rng, 3.0).outline(rng, basal, x, y)
        radius, angle = basal.to_polar(x, y)
        opening = basal.outflow.spans(angle)
        scar = labels == SCAR
        scarred += scar.any()
        wall = (radius >= basal.endocardium(angle)) & (radius < basal.epicardium(angle))
        assert not (scar & ~wall).any()
        assert not (opening & ((labels > MYOCARDIUM) | mask)).any()
        assert mask.any()
    assert scarred >= 6


def test_wall_of_an_irregular_heart_varies_more_and_stays_closed():
    def walls(population: Population) -> np.ndarray:
        angle = np.linspace(0, 2 * np.pi, 90)
        drawn = [draw_anatomy(np.random.default_rng(s), ("mid",), population) for s in range(30)]
        return np.array([mid.wall(angle) / mid.wall.mean for (mid,) in drawn])

    typical, irregular = walls(TYPICAL), walls(replace(TYPICAL, irregularity=3.0))
    assert irregular.std(1).mean() > 1.5 * typical.std(1).mean()
    assert irregular.min() >= 0.5


def test_padded_images_are_black_at_the_sides_and_keep_the_rest():
    image = np.ones((96, 96), np.float32)
    for seed in range(20):
        padded = draw_padding(np.random.default_rng(seed), 0.2)(image)
        rows, columns = (padded > 0).any(1), (padded > 0).any(0)
        assert (padded[np.ix_(rows, columns)] >= 1).all()
        assert rows[20:76].all()
        assert columns[20:76].all()
        assert not padded[~rows].any()


@pytest.mark.parametrize("slices", [2, 5])
def test_any_number_of_slices_has_the_rings_that_flow_gives_them(slices: int):
    series, truth = simulate_subject(3, 1, slices=slices)
    assert series.images.shape[1] == slices
    rings = rings_of(truth.observer.any((0, 2, 3)), series.geometry)
    named = {number for ring in rings for number in RING_SEGMENTS[ring]}
    assert set(truth.mbf) == named
