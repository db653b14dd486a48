"""The paper's experiments: their statistics, masks, cached networks and queue."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ASLMyoSegLib.errors import OutputError, SeriesError
from ASLMyoSegLib.network import Architecture, ProbabilisticArchitecture, load_model
from ASLMyoSegLib.studies.paper import plan
from ASLMyoSegLib.studies.paper.cohort import TESTING, TRAINING
from ASLMyoSegLib.studies.paper.inference import run_passes, score
from ASLMyoSegLib.studies.paper.networks import (
    Networks,
    fine_tuned,
    latent_recipe,
    on_control,
    paper_recipe,
    with_loss,
)
from ASLMyoSegLib.studies.paper.scale import PAPER, SMALL
from ASLMyoSegLib.studies.paper.statistics import concordance, paired_p, regression
from ASLMyoSegLib.studies.paper.thinning import thicker, thinner
from ASLMyoSegLib.studies.paper.trials import NUMBERS, drawn_scores
from ASLMyoSegLib.studies.paper.workbench import Outcome, Row
from ASLMyoSegLib.training.dataset import Examples

# Blood pressure by two methods: the worked example of StatsToDo, Lin's Concordance Correlation
# Coefficient (statstodo.com/LinCCC.php), which gives Pearson's correlation as 0.87.
PRESSURES = """
127 134 118 120 135 142 123 115 112 117 119 123 125 125 109 111 106 122 110 115
111 109 125 127 119 118 140 139 115 111 110 110 122 122 119 115 134 137 105 105
117 112 111 113 114 115 126 119 113 115 129 127 130 129 130 130 115 120 131 126
"""
METHODS = np.array(PRESSURES.split(), float).reshape(-1, 2).T


def test_concordance_of_a_published_example_is_a_little_below_its_correlation():
    found = concordance(*METHODS)
    line = regression(*METHODS)
    assert round(line.r2**0.5, 2) == 0.87
    # Lin's bias correction, from the means and deviations that the example tells.
    v, u = 9.27 / 9.34, (120 - 120.77) / np.sqrt(9.27 * 9.34)
    assert found.ccc == pytest.approx(line.r2**0.5 * 2 / (v + 1 / v + u**2), abs=1e-4)
    assert found.n == line.n == 30


def test_the_interval_of_concordance_holds_the_true_value_in_95_of_100_samples():
    rng = np.random.default_rng(4)
    correlation, shift, scale, hits = 0.8, 0.4, 1.2, 0
    true = 2 * correlation * scale / (1 + scale**2 + shift**2)
    for _ in range(1000):
        x = rng.normal(size=40)
        y = shift + scale * (correlation * x + np.sqrt(1 - correlation**2) * rng.normal(size=40))
        low, high = concordance(x, y).interval
        hits += low <= true <= high
    assert hits / 1000 == pytest.approx(0.95, abs=0.03)  # four standard errors


def test_values_that_are_missing_are_left_out_in_pairs():
    x, y = np.array([1.0, 2, 3, np.nan, 5]), np.array([2.0, 4, 6, 8, np.nan])
    line = regression(x, y)
    assert (line.n, line.slope, line.r2) == (3, pytest.approx(2), pytest.approx(1))
    assert 0 < paired_p(x[:3], y[:3] + np.array([0.1, 0, 0])) < 1
    with pytest.raises(ValueError, match="no line"):
        regression(np.ones(5), np.arange(5.0))


def test_a_thin_mask_is_a_ring_still_and_a_thick_one_holds_the_mask():
    y, x = np.mgrid[-20:21, -20:21]
    ring = (np.hypot(x, y) > 9.5) & (np.hypot(x, y) < 15)
    thin, thick = thinner(ring), thicker(ring)
    assert (thin <= ring).all()
    assert (ring <= thick).all()
    widths = [m[20, 20:].sum() for m in (thin, ring, thick)]
    assert widths == [3, 5, 7]
    line = np.zeros((7, 7), bool)
    line[3, 1:6] = True
    assert np.array_equal(thinner(line), line)


def test_recipes_differ_where_what_is_learned_differs_and_the_paper_trains_each_anew():
    recipes = [
        paper_recipe(SMALL),
        on_control(SMALL),
        fine_tuned(SMALL),
        with_loss(SMALL, "bce"),
        with_loss(SMALL, "tversky", 0.1),
        paper_recipe(PAPER),
    ]
    assert len({recipe.key for recipe in recipes}) == len(recipes)
    assert with_loss(PAPER, "bce").start is None
    assert len(TRAINING) * 12 - 2 == 478
    assert len(TESTING) * 12 == 144
    assert {subject for subject, _ in TRAINING} & {subject for subject, _ in TESTING} == set()


TINY = dataclasses.replace(
    SMALL,
    architecture=Architecture(2, 2),
    latent_architecture=ProbabilisticArchitecture(2, 2, latent=2, latent_maps=2),
    window=16,
    epochs=2,
    iterations=4,
)


class FewExamples:
    """A cohort of squares."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        masks = torch.zeros(14, 1, 16, 16)
        masks[:, :, 4:12, 4:12] = 1
        images = masks + 0.3 * torch.randn(masks.shape)
        self._parts = Examples(images[:12], masks[:12]), Examples(images[12:], masks[12:])

    def examples(self, kinds: tuple[str, ...], side: int | None) -> tuple[Examples, Examples]:
        return self._parts


def test_a_network_is_trained_once_and_its_history_kept(tmp_path: Path):
    networks = Networks(tmp_path, FewExamples)
    told: list[tuple[int, int]] = []
    first = networks.trained(paper_recipe(TINY), lambda *done: told.append(done))
    assert told == [(1, 2), (2, 2)]
    written = first.stat().st_mtime_ns
    assert networks.trained(paper_recipe(TINY)) == first
    assert first.stat().st_mtime_ns == written
    assert [epoch.epoch for epoch in networks.history(paper_recipe(TINY))] == [1, 2]
    later = networks.model(with_loss(TINY, "tversky", 0.9))
    assert later.header["recipe"]["initial_model"]["name"] == paper_recipe(TINY).key


def test_a_killed_training_of_a_probabilistic_network_goes_on_to_the_same_weights(tmp_path: Path):
    recipe = latent_recipe(TINY, 1.0)
    whole = Networks(tmp_path / "whole", FewExamples).trained(recipe)

    def kill(step: int, _steps: int) -> None:
        if step == 2:
            raise KeyboardInterrupt

    networks = Networks(tmp_path / "killed", FewExamples)
    with pytest.raises(KeyboardInterrupt):
        networks.trained(recipe, kill)
    assert not networks.is_trained(recipe)
    resumed = networks.trained(recipe)
    assert [epoch.step for epoch in networks.latent_history(recipe)] == [1, 2, 3, 4]
    weights = [load_model(path).network.state_dict() for path in (whole, resumed)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_smaller_numbers_of_passes_scatter_more_about_the_score_of_all():
    rng = np.random.default_rng(1)
    level = rng.normal(size=(3000, 1, 1)) + np.linspace(-3, 3, 8)[None, :, None]
    maps = (1 / (1 + np.exp(-3 * (level + 0.3 * rng.normal(size=(3000, 8, 8)))))).astype(np.float16)
    reference = np.zeros((8, 8), bool)
    reference[4:] = True
    for scores in drawn_scores(maps, reference, draws=60).values():
        spread = scores.std(axis=1)
        assert scores.shape == (len(NUMBERS), 60)
        assert spread[0] > 3 * spread[-1]
        assert scores[-1].mean() == pytest.approx(1, abs=0.03)


def test_scores_are_of_whole_images_though_a_window_is_seen(dataset: Path, small_model):
    from ASLMyoSegLib.io import find_series, read_masks, read_series
    from ASLMyoSegLib.series import RVInsertion
    from ASLMyoSegLib.studies.paper.cohort import Scan

    path = sorted(p for p in find_series(dataset) if "derivatives" not in str(p))[0]
    series = read_series(path)
    name = f"{path.name.split('_asl')[0]}_desc-myocardium_mask.nii.gz"
    folder = dataset / "derivatives" / "observer" / path.parent.relative_to(dataset)
    masks = read_masks(folder / name, series)
    nowhere = RVInsertion(np.zeros((1, 2)), np.zeros((1, 2)))
    scan = Scan(series, masks, nowhere, np.zeros(len(masks)))
    table = score(run_passes(small_model, [scan], 40, 3), [scan], 40)
    assert len(table.dice) == len(scan.frames) == 12
    hits = masks[table.frame, 0].sum((1, 2)) - table.fn
    both = hits + table.fp + masks[table.frame, 0].sum((1, 2))
    assert table.dice == pytest.approx(2 * hits / both)


@pytest.fixture
def studies(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three studies that need nothing; the list tells which were made."""
    made: list[str] = []

    def study(name: str):
        def run(_bench) -> Outcome:
            if name == "second" and "second" not in made and "killed" not in made:
                made.append("killed")
                raise KeyboardInterrupt
            made.append(name)
            return Outcome({"value": 1.0}, [Row("value", "1", "1")], {}, "nothing")

        return run

    names = ("first", "second", "third")
    monkeypatch.setattr(plan, "STUDIES", {name: study(name) for name in names})
    return made


def test_a_killed_queue_goes_on_with_the_study_that_it_stopped_in(
    studies: list[str], tmp_path: Path
):
    with pytest.raises(KeyboardInterrupt):
        plan.run_studies(["first", "second", "third"], SMALL, tmp_path)
    queue = json.loads((tmp_path / "queue.json").read_text())
    assert queue["waiting"] == ["second", "third"]
    with pytest.raises(OutputError, match="second, third are waiting; give --resume"):
        plan.run_studies(["first"], SMALL, tmp_path)
    with pytest.raises(OutputError, match="of scale small"):
        plan.run_studies([], PAPER, tmp_path, resume=True)
    plan.run_studies(["first"], SMALL, tmp_path, resume=True)
    assert studies == ["first", "killed", "second", "third"]
    assert json.loads((tmp_path / "third.json").read_text())["rows"][0]["paper"] == "1"


def test_a_queue_of_unknown_studies_is_no_queue(studies: list[str], tmp_path: Path):
    content = {"scale": "small", "waiting": ["fourth"], "done": []}
    (tmp_path / "queue.json").write_text(json.dumps(content))
    with pytest.raises(SeriesError, match="no queue of studies"):
        plan.run_studies(["first"], SMALL, tmp_path, resume=True)
