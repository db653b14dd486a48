"""The engine: masks, batches, precision and streaming, each against an independent truth."""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
import time

import numpy as np
import pytest
import torch
from torch import nn

from ASLMyoSegLib.errors import ASLMyoSegError
from ASLMyoSegLib.network import Architecture, LoadedModel, MCDUNet, folded
from ASLMyoSegLib.network.bernoulli import spread, words_for
from ASLMyoSegLib.series import ASLSeries, Geometry
from ASLMyoSegLib.uncertainty import enough, sampler, scores, tuning
from ASLMyoSegLib.uncertainty.engine import Engine
from ASLMyoSegLib.uncertainty.random_words import RandomWords
from ASLMyoSegLib.uncertainty.statistics import ImageStatistics
from ASLMyoSegLib.uncertainty.ways import PAPER

segment, stream = (functools.partial(f, way=PAPER) for f in (sampler.segment, sampler.stream))
CPU = torch.device("cpu")
HALF = pytest.param(
    torch.bfloat16,
    marks=pytest.mark.skipif(
        not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="no bfloat16 in oneDNN here"
    ),
)
ROWS, COLUMNS = 40, 44


def network(rate: float = 0.5) -> MCDUNet:
    """Random weights, batch normalisation as if trained, and probabilities that waver."""
    torch.manual_seed(3)
    made = MCDUNet(Architecture(4, 3, 5, rate)).eval()
    for layer in made.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 2)
            layer.weight.data.uniform_(0.5, 1.5)
    made.head.weight.data *= 150
    return made


@pytest.fixture(scope="module")
def wavering() -> LoadedModel:
    return LoadedModel(network(), "wavering", "0" * 64, {})


@pytest.fixture(scope="module")
def series() -> ASLSeries:
    images = np.random.default_rng(0).normal(100, 20, (3, 1, ROWS, COLUMNS)).astype(np.float32)
    kinds = ("control", "label", "control")
    return ASLSeries(images, kinds, np.full(3, 1.5), Geometry((3.0, 3.0, 10.0)))


@pytest.fixture(scope="module")
def image() -> torch.Tensor:
    return torch.randn(1, 1, ROWS, COLUMNS, generator=torch.Generator().manual_seed(1))


def with_masks(made: MCDUNet, image: torch.Tensor, masks: list[torch.Tensor]) -> torch.Tensor:
    """Logits by PyTorch's own layers, with the given masks in place of dropout."""
    plain, given = copy.deepcopy(made), iter(masks)
    rest = 1 / (2 * (1 - made.architecture.dropout))
    for scale in (*plain.encoder, *plain.decoder):
        scale.register_forward_hook(lambda _m, _i, out: out * next(given) * rest)
    with torch.inference_mode():
        return plain(image.expand(len(masks[0]), -1, -1, -1))


def masks_of(engine: Engine, words: torch.Tensor) -> list[torch.Tensor]:
    return [mask.float() for mask in engine._masks(words)]


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, HALF])
@pytest.mark.parametrize("rate", [0.5, 0.25])
def test_folded_network_is_the_plain_one_with_the_same_masks(
    image: torch.Tensor, monkeypatch: pytest.MonkeyPatch,
    rate: float, dtype: torch.dtype, fused: bool,
):  # fmt: skip
    """Fused or not: the slower way is that of machines without oneDNN."""
    monkeypatch.setattr(folded, "has_fused_convolutions", lambda device: fused)
    made = network(rate)
    engine = Engine(made, ROWS, COLUMNS, CPU, dtype=dtype, batch=3)
    prepared = engine.prepare(image, seed=1, stream=0)
    words = prepared.bits.draw(3)
    expected = with_masks(made, image, masks_of(engine, words))
    found = engine._logits(prepared.features, words)
    error = (found - expected).abs().mean() / expected.std()
    assert error < (1e-4 if dtype is torch.float32 else 0.05)


def test_masks_fused_into_convolutions_and_masks_apart_give_the_same_bits(image: torch.Tensor):
    engine = Engine(network(), ROWS, COLUMNS, CPU, batch=3)
    found = []
    for fused in (True, False):
        engine._network.fuse_masks = fused
        found.append(engine.passes(engine.prepare(image, seed=1, stream=0), 3))
    assert torch.equal(*found)


@pytest.mark.parametrize("keep", [0.5, 0.75, 0.7, 1.0])
def test_bits_are_independent_draws_at_their_rate(keep: float):
    """A million bits: rate, and correlation between neighbours, passes and streams; 5 standard
    errors each, wrong once in a million runs."""
    words = 4000
    first, other = (RandomWords(keep, words, 9, stream, CPU) for stream in (0, 1))
    bits = spread(first.draw(4), torch.bfloat16).float() / 2
    beside = spread(other.draw(4), torch.bfloat16).float() / 2
    assert set(bits.unique().tolist()) <= {0.0, 1.0}
    error = 5 * math.sqrt(keep * (1 - keep) / bits.numel()) + 1e-9
    assert bits.mean().item() == pytest.approx(keep, abs=error)
    centred, strange = bits - keep, beside - keep
    limit = 5 * keep * (1 - keep) / math.sqrt(bits.numel() / 2) + 1e-9
    shifts = (1, 64, words, 4 * words)  # neighbours in the mask, in the word, in its lanes
    for shift in shifts:
        assert abs((centred[:, shift:] * centred[:, :-shift]).mean().item()) < limit
    assert abs((centred[1:] * centred[:-1]).mean().item()) < limit
    assert abs((centred * strange).mean().item()) < limit


def test_every_bit_of_a_word_decides_one_unit_in_each_type():
    words = torch.tensor([[1 << bit if bit < 63 else -(2**63)] for bit in range(64)])
    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        assert torch.equal((spread(words, dtype) == 2).sum(0), torch.ones(64, dtype=torch.int64))


def test_how_passes_are_grouped_changes_no_draw(image: torch.Tensor):
    engine = Engine(network(), ROWS, COLUMNS, CPU, batch=8)
    at_once = engine.passes(engine.prepare(image, seed=4, stream=2), 8)
    prepared = engine.prepare(image, seed=4, stream=2)
    parts = torch.cat([engine.passes(prepared, n) for n in (1, 3, 2, 2)])
    assert torch.allclose(at_once, parts, atol=0.02)
    assert not torch.allclose(at_once[0], at_once[1], atol=0.02)


@pytest.mark.parametrize("fits", [3, 1])
def test_batches_are_halved_until_they_fit_into_memory(
    image: torch.Tensor, monkeypatch: pytest.MonkeyPatch, fits: int
):
    engine = Engine(network(), ROWS, COLUMNS, CPU, batch=8)
    expected = engine.passes(engine.prepare(image, seed=4, stream=2), 8)
    whole = engine._network.after_dropout

    def small_memory(features: torch.Tensor, masks, first: int) -> torch.Tensor:
        masks = list(masks)
        if len(masks[0]) > fits:
            raise torch.OutOfMemoryError
        return whole(features, masks, first)

    monkeypatch.setattr(engine._network, "after_dropout", small_memory)
    found = engine.passes(engine.prepare(image, seed=4, stream=2), 8)
    assert torch.allclose(found, expected, atol=0.02)
    assert engine.batch == 2 ** int(math.log2(fits))


def test_too_little_memory_for_one_pass_is_said(
    image: torch.Tensor, monkeypatch: pytest.MonkeyPatch
):
    engine = Engine(network(), ROWS, COLUMNS, CPU, batch=4)

    def no_memory(*_: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(engine._network, "after_dropout", no_memory)
    with pytest.raises(ASLMyoSegError, match="memory does not suffice for one pass"):
        engine.passes(engine.prepare(image, seed=4, stream=2), 4)


def test_without_dropout_all_passes_are_the_plain_network(image: torch.Tensor):
    made = network(rate=0.0)
    engine = Engine(made, ROWS, COLUMNS, CPU, dtype=torch.float32, batch=2)
    found = engine.passes(engine.prepare(image, seed=1, stream=0), 2)
    with torch.inference_mode():
        expected = made(image).sigmoid()
    assert torch.allclose(found, expected.expand(2, -1, -1, -1), atol=1e-4)


def test_measured_batch_is_remembered_and_a_damaged_memory_is_measured_anew(
    tmp_path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = Engine(network(), ROWS, COLUMNS, CPU)
    monkeypatch.setattr(Engine, "_tuned", lambda self: pytest.fail("measured again"))
    assert Engine(network(), ROWS, COLUMNS, CPU).batch == first.batch
    tuning.cache_file().write_text("[1,")
    monkeypatch.setattr(Engine, "_tuned", lambda self: tuning.Choice(7, True))
    assert Engine(network(), ROWS, COLUMNS, CPU).batch == 7


def test_moments_are_stable_where_sums_of_squares_are_not():
    """Deviations of 1e-6 about 0.9: in float32 a mean of squares would lose them all."""
    rng = np.random.default_rng(2)
    values = (0.9 + 1e-6 * rng.standard_normal((500, 4, 5))).astype(np.float32)
    statistics = ImageStatistics(4, 5, CPU)
    for part in np.array_split(values, 37):
        statistics.add(torch.from_numpy(part))
    summary = statistics.summary()
    assert summary.std == pytest.approx(values.astype(float).std(0), rel=0.02)
    assert summary.mean == pytest.approx(values.astype(float).mean(0), rel=1e-6)
    assert statistics.masks().nbytes == 500 * 3  # 20 pixels to the pass, 8 to the byte


def test_error_of_the_score_is_its_spread_over_repeated_runs(
    series: ASLSeries, wavering: LoadedModel
):
    """40 runs: the ratio of two such deviations leaves 0.65 to 1.5 less than once in 10,000 runs
    (chi-square with 39 degrees of freedom), and 19 of 20 intervals hold the mean."""
    runs = [segment(series, wavering, trials=96, seed=seed) for seed in range(40)]
    found = np.array([scores.mcd_uncertainty(r.mean, r.std)[:, 0] for r in runs])
    intervals = np.array([r.mcd_interval[:, 0] for r in runs])
    estimated = (intervals[..., 1] - intervals[..., 0]) / 2 / 2.131  # Student's t, 15 groups free
    ratio = np.sqrt((estimated**2).mean(0)) / found.std(0, ddof=1)
    assert ((ratio > 0.65) & (ratio < 1.5)).all()
    inside = (intervals[..., 0] < found.mean(0)) & (found.mean(0) < intervals[..., 1])
    assert inside.mean() > 0.87  # 120 intervals; fewer once in 10,000 runs


@pytest.mark.parametrize("rate", [0.5, 0.3])
def test_maps_and_score_are_those_of_an_independent_sampler(image: torch.Tensor, rate: float):
    """1000 passes each, the other's by `nn.Dropout` one at a time. Means differ by more than 5.5
    standard errors anywhere in 1760 pixels less than once in 10,000 runs; scores by more than 4.5
    less than once in 100,000; half of the pixels' deviations are larger here than there, give or
    take what correlated pixels allow."""
    made, passes = network(rate), 1000
    plain = copy.deepcopy(made)
    for scale in (*plain.encoder, *plain.decoder):
        scale[-1] = nn.Dropout(rate).train()
    torch.manual_seed(12)
    with torch.inference_mode():
        naive = torch.cat([plain(image).sigmoid()[:, 0] for _ in range(passes)])
    engine = Engine(made, ROWS, COLUMNS, CPU, dtype=torch.float32, batch=50)
    prepared = engine.prepare(image, seed=12, stream=0)
    found, expected = (ImageStatistics(ROWS, COLUMNS, CPU) for _ in range(2))
    expected.add(naive)
    for _ in range(passes // 50):
        found.add(engine.passes(prepared, 50)[:, 0])
    one, other = found.summary(), expected.summary()
    error = np.sqrt((one.std**2 + other.std**2) / passes) + 1e-4
    assert (np.abs(one.mean - other.mean) / error).max() < 5.5
    assert abs(one.score - other.score) < 4.5 * math.hypot(one.error, other.error)
    assert 0.1 < (one.std > other.std).mean() < 0.9
    assert other.std == pytest.approx(naive.numpy().std(0), abs=1e-5)


def test_precision_runs_until_every_score_is_precise_and_not_for_longer(
    series: ASLSeries, wavering: LoadedModel
):
    goal = 0.03
    found = segment(series, wavering, precision=goal, seed=6)
    half = np.diff(found.mcd_interval)[:, 0, 0] / 2 / 2.131
    assert (half <= goal * scores.mcd_uncertainty(found.mean, found.std)[:, 0]).all()
    assert ((found.trials > enough.FLOOR) & (found.trials < enough.CEILING)).all()
    assert len(np.unique(found.trials)) > 1  # images that are done leave the others
    least = found.trials.min()
    assert found.masks_of_trial(least - 1).any((2, 3)).all()
    assert not found.masks_of_trial(found.trials.max() - 1)[found.trials == least].any()
    spread = np.std(
        [
            scores.mcd_uncertainty(r.mean, r.std)[:, 0]
            for r in (segment(series, wavering, precision=goal, seed=s) for s in range(10, 50))
        ],
        axis=0,
        ddof=1,
    )
    # 40 runs: beyond 1.6 times the goal less than once in 10,000 runs, were it exactly met.
    assert (spread < 1.6 * goal * scores.mcd_uncertainty(found.mean, found.std)[:, 0]).all()


def test_precision_stops_at_the_ceiling_and_tells_what_was_reached(
    series: ASLSeries, wavering: LoadedModel, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(enough, "CEILING", 128)
    found = segment(series, wavering, precision=1e-4, seed=1)
    assert (found.trials == 128).all()
    assert (np.diff(found.mcd_interval)[..., 0] > 0).all()


def test_stream_shows_every_image_after_one_round_and_sharpens(
    series: ASLSeries, wavering: LoadedModel
):
    steps = stream(series, wavering, trials=200, seed=2)
    seen = []
    for step in steps:
        seen.append(step.passes)
        posterior = step.posterior()
        if len(seen) == len(series.images):
            assert (posterior.trials > 0).all()
            assert posterior.mean.any((2, 3)).all()
            early = posterior
        if len(seen) > len(series.images):
            assert step.seconds_left >= 0
    assert seen == sorted(seen)
    assert seen[-1] == step.expected == 600
    final = step.posterior()
    assert np.array_equal(final.mean, segment(series, wavering, trials=200, seed=2).mean)
    assert early.trials.max() < final.trials.max()
    assert not np.array_equal(early.mean, final.mean)


def test_closing_the_stream_stops_the_work(series: ASLSeries, wavering: LoadedModel):
    steps = stream(series, wavering, trials=10**6)
    first = next(steps)
    started = time.process_time()
    steps.close()
    assert time.process_time() - started < 10
    assert list(steps) == []
    assert first.posterior().trials.max() < 10**6


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"trials": 10, "precision": 0.1}, "exclude each other"),
        ({"trials": 0}, "trials is 0"),
        ({"precision": 0.0}, "between 0 and 1"),
    ],
)
def test_impossible_numbers_of_passes_are_refused(
    series: ASLSeries, wavering: LoadedModel, wrong: dict, words: str
):
    with pytest.raises(ASLMyoSegError, match=words):
        segment(series, wavering, **wrong)


def test_empty_mask_has_no_score_and_takes_no_more_passes_than_the_floor(series: ASLSeries):
    made = network()
    made.head.weight.data.zero_()
    made.head.bias.data.fill_(-5.0)
    found = segment(series, LoadedModel(made, "blind", "0" * 64, {}), precision=0.02)
    assert np.isnan(found.mcd_interval).all()
    assert (found.trials == enough.FLOOR).all()  # every batch on CPUs divides it


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that PyTorch can use is here")
class TestOnGPU:
    def test_folded_network_is_the_plain_one_with_the_same_masks(self, image: torch.Tensor):
        made, device = network(), torch.device("cuda")
        engine = Engine(made, ROWS, COLUMNS, device, batch=4)
        prepared = engine.prepare(image, seed=1, stream=0)
        words = prepared.bits.draw(4)
        masks = [mask.cpu() for mask in masks_of(engine, words)]
        found = engine._logits(prepared.features, words).cpu()
        expected = with_masks(made, image, masks)
        assert (found - expected).abs().mean() / expected.std() < 0.05

    def test_recorded_graph_gives_what_the_passes_give(self, image: torch.Tensor):
        from ASLMyoSegLib.uncertainty.graph import GraphedPass

        engine = Engine(network(), ROWS, COLUMNS, torch.device("cuda"), batch=4)
        prepared = engine.prepare(image, seed=1, stream=0)
        with torch.inference_mode():
            graph = GraphedPass(engine._logits, prepared.features, prepared.bits.draw(4))
            words = prepared.bits.draw(4)
            expected = engine._logits(prepared.features, words)
            assert torch.allclose(graph(prepared.features, words), expected, atol=0.05)

    def test_statistics_are_those_of_the_cpu(self, series: ASLSeries, wavering: LoadedModel):
        cpu, gpu = (segment(series, wavering, trials=400, device=d) for d in ("cpu", "cuda"))
        error = np.sqrt(2 / 400) * cpu.std + 5e-3
        assert (np.abs(cpu.mean - gpu.mean) < 4.5 * error).mean() > 0.999
        again = segment(series, wavering, trials=400, device="cuda")
        assert np.array_equal(gpu.mean, again.mean)


def test_words_hold_a_bit_for_each_unit():
    assert [words_for(n) for n in (1, 64, 65)] == [1, 1, 2]
    assert dataclasses.is_dataclass(Architecture)
