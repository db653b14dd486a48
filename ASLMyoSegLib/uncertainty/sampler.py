"""The Monte Carlo engine: stochastic passes over a series, streamed into mean and deviation."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..errors import ASLMyoSegError
from ..network import LoadedModel, MCDUNet
from ..network.precision import autocast, choose_device
from ..series import ASLSeries, Posterior
from . import DEFAULT_PRECISION
from .grid import NetworkGrid
from .statistics import ImageStatistics, ImageSummary

FLOOR = 64
"""Fewest passes per image by which a precision is judged."""

CEILING = 4096
"""Most passes that a precision may cost an image; its interval then says what was reached."""

BATCH = 4
"""Passes computed at once."""


@dataclass(frozen=True)
class Progress:
    """How far the passes over a series are.

    Attributes:
        passes: done, over all images.
        expected: estimate of the passes in all.
        seconds_left: estimate; None before the first round has ended.
    """

    passes: int
    expected: int
    seconds_left: float | None
    _sampling: _Sampling

    def posterior(self) -> Posterior:
        """What the passes say by now; arrays are the caller's own.

        Images without a pass yet have mean and deviation zero, and no score.
        """
        return self._sampling.posterior()


def segment(
    series: ASLSeries,
    model: LoadedModel,
    trials: int | None = None,
    *,
    precision: float | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> Posterior:
    """Passes with dropout on over every image: Monte Carlo dropout as in the paper.

    Args:
        series: the images.
        model: the network.
        trials: passes per image, 1 or more; the paper took 1115. None: as a precision asks.
        precision: relative standard error of MCD Uncertainty, above 0, below 1, at which an image
            has had enough, after `FLOOR` passes at least and `CEILING` at most. None: 0.02, where
            no `trials` are given.
        seed: the same one gives the same result on the same machine.
        device: `auto`, `cpu` or `cuda`.
        progress: called with passes done and passes expected in all.

    Raises:
        ASLMyoSegError: where the device is not there, or trials and precision are not possible.
    """
    for step in stream(series, model, trials=trials, precision=precision, seed=seed, device=device):
        if progress:
            progress(step.passes, step.expected)
    return step.posterior()


def stream(
    series: ASLSeries,
    model: LoadedModel,
    *,
    trials: int | None = None,
    precision: float | None = None,
    seed: int = 0,
    device: str = "auto",
) -> Iterator[Progress]:
    """As `segment`, with partial results after each chunk of a quarter of a second at most.

    Images take turns, so that each has a first mask after the first round and sharpens from there.
    Closing the iterator stops the work. Memory grows by one bit per pixel and pass only. Images
    whose pixels are not of the size that the network was trained for are resampled, and what comes
    out is brought back.
    """
    if trials is not None and precision is not None:
        raise ASLMyoSegError("trials and precision exclude each other; give one of them.")
    if trials is not None and trials < 1:
        raise ASLMyoSegError(f"trials is {trials}; one pass per image at least is needed.")
    if precision is not None and not 0 < precision < 1:
        raise ASLMyoSegError(f"precision is {precision}; give a value between 0 and 1, as 0.02.")
    if trials is None and precision is None:
        precision = DEFAULT_PRECISION
    return _Sampling(series, model, trials, precision, seed, choose_device(device)).run()


class _Sampling:
    """The passes over one series: whose turn it is, and when there are enough."""

    def __init__(
        self,
        series: ASLSeries,
        model: LoadedModel,
        trials: int | None,
        precision: float | None,
        seed: int,
        device: torch.device,
    ) -> None:
        self._model, self._seed, self._device = model, seed, device
        self._precision = precision
        self._shape = series.images.shape
        frames, slices, rows, columns = self._shape
        self._grid = NetworkGrid.of(series, model.network.architecture.stride)
        flat = torch.from_numpy(np.ascontiguousarray(series.images, np.float32))
        self._images = flat.reshape(frames * slices, 1, 1, rows, columns)
        self._statistics = [ImageStatistics(rows, columns, device) for _ in range(frames * slices)]
        self._wanted = [trials if trials is not None else FLOOR] * (frames * slices)

    def run(self) -> Iterator[Progress]:
        network = stochastic(self._model.network)
        network = network.to(self._device, memory_format=torch.channels_last)
        first_round = 0.0
        started = time.monotonic()
        waiting = list(range(len(self._images)))
        while waiting:
            for index in waiting:
                count = min(BATCH, self._wanted[index] - self._statistics[index].passes)
                self._statistics[index].add(self._pass(network, index, count))
                self._review(index)
                passes = sum(s.passes for s in self._statistics)
                expected = sum(self._wanted)
                pace = (time.monotonic() - started) / passes
                left = (expected - passes) * pace if first_round else None
                yield Progress(passes, expected, left, self)
            first_round = first_round or time.monotonic() - started
            waiting = [i for i in waiting if self._statistics[i].passes < self._wanted[i]]

    def posterior(self) -> Posterior:
        frames, slices, rows, columns = self._shape
        trials = np.array([s.passes for s in self._statistics])
        packed = np.zeros((max(trials), len(trials), -(-rows * columns // 8)), np.uint8)
        mean, std = np.zeros((2, len(trials), rows, columns), np.float32)
        interval = np.full((len(trials), 2), np.nan)
        for index, statistics in enumerate(self._statistics):
            if statistics.passes:
                summary = statistics.summary()
                mean[index], std[index], interval[index] = (
                    summary.mean, summary.std, summary.interval,
                )  # fmt: skip
                packed[: statistics.passes, index] = statistics.masks()
        return Posterior(
            mean=mean.reshape(self._shape),
            std=std.reshape(self._shape),
            trials=trials.reshape(frames, slices),
            trial_masks=packed.reshape(len(packed), frames, slices, -1),
            seed=self._seed,
            device=str(self._device),
            model={"name": self._model.name, "sha256": self._model.sha256},
            mcd_interval=interval.reshape(frames, slices, 2),
        )

    def _pass(self, network: MCDUNet, index: int, count: int) -> torch.Tensor:
        with torch.inference_mode(), autocast(self._device), torch.random.fork_rng():
            # A seed per image: what an image gets does not depend on the others.
            state = [self._seed, index, self._statistics[index].passes]
            torch.manual_seed(int(np.random.SeedSequence(state).generate_state(1)[0]))
            batch = self._grid.apply(self._images[index]).to(self._device)
            batch = batch.expand(count, -1, -1, -1).contiguous(memory_format=torch.channels_last)
            return self._grid.undo(network(batch).float().sigmoid())[:, 0]

    def _review(self, index: int) -> None:
        """Ask for more passes where an image has had those asked for and is not yet precise."""
        passes = self._statistics[index].passes
        if self._precision is not None and passes == self._wanted[index]:
            self._wanted[index] = passes_needed(
                passes, self._statistics[index].summary(), self._precision
            )


def passes_needed(passes: int, summary: ImageSummary, precision: float) -> int:
    """Passes after which an image is to be judged again; those that it had, where it is done.

    The error falls with the root of the passes. No more than twice the passes are asked for at
    once, as the estimate of the error has an error itself.
    """
    if np.isnan(summary.score):  # an empty mask has no score that could become precise
        return passes
    excess = (summary.error / (precision * summary.score)) ** 2 if summary.score else 0.0
    if excess <= 1 or passes >= CEILING:
        return passes
    return min(int(np.ceil(passes * min(excess * 1.05, 2.0))), CEILING)


def stochastic(network: MCDUNet) -> MCDUNet:
    """A copy for sampling: batch normalisation folded into the convolutions, dropout on."""
    network = copy.deepcopy(network).eval()
    for scale in (*network.encoder, *network.decoder):
        layers = list(scale)
        for position, layer in enumerate(layers):
            if isinstance(layer, nn.BatchNorm2d):
                scale[position - 1] = fuse_conv_bn_eval(layers[position - 1], layer)
                scale[position] = nn.Identity()
            elif isinstance(layer, nn.Dropout):
                layer.train()
    return network
