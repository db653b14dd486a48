"""The Monte Carlo engine: stochastic passes over a series, streamed into mean and deviation."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ..errors import ASLMyoSegError
from ..network import LoadedModel, MCDUNet
from ..network.adaptation import adapted
from ..network.precision import choose_device, problem_of_gpu
from ..series import ASLSeries, Posterior, RVInsertion
from . import DEFAULT_PRECISION
from .enough import FLOOR, FORETELLING, passes_foreseen, passes_needed
from .first_look import FirstLook
from .grid import NetworkGrid
from .heart import FROM_MIDDLE, FROM_PERSON, FROM_RV, FROM_WINDOW, Guess, Places, between, region
from .latent_engine import AnyEngine, AnyPrepared, engine_for
from .statistics import GROUPS, ImageStatistics
from .views import turned, turned_back
from .ways import HEART, Way

ADAPTATION = 8
"""Views of the series' images from which its feature statistics are taken."""

LARGEST_MASKS = 1 << 27
"""Bytes that the masks of single passes may take: of long series, the first passes are kept."""

LARGEST_TURN = 3 << 28
"""Bytes of images that take turns; those of longer series begin when others are done."""


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
    way: Way = HEART,
    heart: tuple[float, float] | None = None,
    rv_insertion: RVInsertion | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Posterior:
    """Passes with dropout on over every image: Monte Carlo dropout.

    Args:
        series: the images.
        model: the network.
        trials: passes per image, 1 or more; the paper took 1115. None: as a precision asks.
        precision: relative standard error of MCD Uncertainty, above 0, below 1, at which an image
            has had enough, within the bounds of `enough`. None: 0.02, where no `trials` are given.
        seed: the same one gives the same result on the same machine.
        device: `auto`, `cpu` or `cuda`.
        way: how passes look at the images; `ways.PAPER` is the paper's.
        heart: where a person says that it is, pixels (y, x), somewhere in the cavity or its wall;
            None looks for it.
        rv_insertion: where the right ventricle meets the left, which tells where to look for it.
        progress: called with passes done and passes expected in all.

    Raises:
        ASLMyoSegError: where the device is not there, or trials and precision are not possible.
    """
    steps = stream(
        series,
        model,
        trials=trials,
        precision=precision,
        seed=seed,
        device=device,
        way=way,
        heart=heart,
        rv_insertion=rv_insertion,
    )
    for step in steps:
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
    way: Way = HEART,
    heart: tuple[float, float] | None = None,
    rv_insertion: RVInsertion | None = None,
) -> Iterator[Progress]:
    """As `segment`, with partial results after each chunk of 0.3 s at most.

    Images take turns, so that each has a first mask after the first round and sharpens from there;
    in series of hundreds of images, so many take turns as memory is allowed for. Closing the
    iterator stops the work. Memory grows by one bit per pixel and pass only, up to a limit. Images
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
    rows, columns = series.images.shape[2:]
    if heart is not None and not (0 <= heart[0] < rows and 0 <= heart[1] < columns):
        raise ASLMyoSegError(
            f"{series.name}: the heart cannot be at column {heart[1]:g}, row {heart[0]:g} in "
            f"images of {columns}x{rows} pixels; give pixels, counted from 0."
        )
    sampling = _Sampling(series, model, trials, precision, seed, device, way)
    return sampling.run(heart, rv_insertion)


class _Sampling:
    """The passes over one series: whose turn it is, and when there are enough."""

    def __init__(
        self,
        series: ASLSeries,
        model: LoadedModel,
        trials: int | None,
        precision: float | None,
        seed: int,
        device: str,
        way: Way,
    ) -> None:
        self._model, self._seed, self._way = model, seed, way
        self._device = choose_device(device)
        problem = problem_of_gpu() if device == "auto" else ""
        self._device_in_words = f"{self._device}{problem and f', as {problem}'}"
        self._precision = precision
        self._shape = series.images.shape
        frames, slices, rows, columns = self._shape
        self._series = series
        self._spacing = np.array(series.geometry.spacing[1::-1])
        self._whole = NetworkGrid.of(series, model.network.architecture.stride)
        self._grids = [self._whole] * slices
        self._guesses: list[Guess] = []
        self._places: Places | None = None
        flat = torch.from_numpy(np.ascontiguousarray(series.images, np.float32))
        self._images = flat.reshape(frames * slices, 1, rows, columns)
        count = len(self._images)
        self._kept = max(1, LARGEST_MASKS // (count * -(-rows * columns // 8)))
        self._trials = trials
        self._wanted: list[int] = []
        self._foreseen: list[int] = []
        self._statistics: dict[int, ImageStatistics] = {}  # of images whose turn it is
        self._passes = np.zeros(count, int)
        self._mean, self._std = np.zeros((2, count, rows, columns), np.float32)
        self._interval = np.full((count, 2), np.nan)
        self._masks: dict[int, np.ndarray] = {}

    def run(
        self, heart: tuple[float, float] | None, rv_insertion: RVInsertion | None
    ) -> Iterator[Progress]:
        if self._way.field is not None:
            yield from self._find(heart, rv_insertion)
        engine = self._engine()
        self._wanted = [self._trials or _whole_batches(FLOOR, engine)] * len(self._images)
        self._foreseen = list(self._wanted)
        started = time.monotonic()
        first_round = False
        for turn in self._turns(engine):
            images = {index: self._begin(engine, index) for index in turn}
            waiting = list(images)
            while waiting:
                for index in waiting:
                    self._chunk(engine, images[index], index)
                    passes, expected = int(self._passes.sum()), self._expected()
                    pace = (time.monotonic() - started) / passes
                    yield Progress(
                        passes, expected, (expected - passes) * pace if first_round else None, self
                    )
                first_round = True
                waiting = [i for i in waiting if self._passes[i] < self._wanted[i]]
            self._conclude()

    def _find(
        self, heart: tuple[float, float] | None, rv_insertion: RVInsertion | None
    ) -> Iterator[Progress]:
        """Agree on where the heart is, and put each slice's window there."""
        frames, slices = self._shape[:2]
        reach = FROM_WINDOW
        if heart is not None:
            reach = FROM_PERSON
            self._places = Places(np.tile(heart, (slices, 1)), np.zeros((frames, slices), bool))
        else:
            guess = Guess(self._whole.middle, FROM_MIDDLE)
            if rv_insertion is not None:
                guess = Guess(between(rv_insertion), FROM_RV)
            look = FirstLook(
                self._series,
                self._model.network,
                guess,
                share=self._way.own_statistics,
                device=self._device,
            )
            for _ in range(len(look)):
                look.go_on()
                yield Progress(0, len(look) * (self._trials or FLOOR), None, self)
            self._places = look.places()
        stride = self._model.network.architecture.stride
        size = (self._way.field, self._way.window, stride)
        self._grids = [NetworkGrid.about(self._series, h, *size) for h in self._places.hearts]
        self._guesses = [
            Guess(place - [span.start for span in grid.window], reach)
            for place, grid in zip(self._places.hearts, self._grids, strict=True)
        ]

    def _expected(self) -> int:
        """Passes in all, by what the images' spread foretells so far."""
        return sum(map(max, self._wanted, self._foreseen))

    def posterior(self) -> Posterior:
        for index in self._statistics:
            self._look_at(index)
        frames, slices, rows, columns = self._shape
        most = min(int(self._passes.max()), self._kept)
        packed = np.zeros((most, frames, slices, -(-rows * columns // 8)), np.uint8)
        for index, masks in self._masks.items():
            packed[: len(masks), index // slices, index % slices] = masks
        return Posterior(
            mean=self._mean.reshape(self._shape).copy(),
            std=self._std.reshape(self._shape).copy(),
            trials=self._passes.reshape(frames, slices).copy(),
            trial_masks=packed,
            seed=self._seed,
            device=self._device_in_words,
            model={"name": self._model.name, "sha256": self._model.sha256},
            way=self._way.name,
            mcd_interval=self._interval.reshape(frames, slices, 2).copy(),
            hearts=self._places and self._places.hearts.copy(),
            astray=self._places and self._places.astray.copy(),
        )

    def _engine(self) -> AnyEngine:
        """The engine, for a network that follows the series' feature statistics where it may."""
        network, turns = self._model.network, self._way.turns
        chosen = np.linspace(0, len(self._images) - 1, ADAPTATION).round().astype(int)
        views = torch.cat(
            [self._views(index)[number % turns][None] for number, index in enumerate(chosen)]
        )
        if self._way.own_statistics and isinstance(network, MCDUNet):
            network = adapted(network, views, self._way.own_statistics, self._device)
        return engine_for(network, *views.shape[-2:], self._device, views=turns)

    def _views(self, index: int) -> torch.Tensor:
        """What the network sees of an image, (turn, 1, y, x)."""
        return turned(self._grid(index).apply(self._images[index : index + 1]), self._way.turns)

    def _grid(self, index: int) -> NetworkGrid:
        return self._grids[index % len(self._grids)]

    def _turns(self, engine: AnyEngine) -> Iterator[range]:
        """Images that take turns, as many as memory is allowed for."""
        count, pixels = len(self._images), self._images[0][(..., *self._grid(0).window)].numel()
        features = engine.prepare(self._views(0), self._seed, 0).features
        each = features.numel() * features.element_size() + 2 * GROUPS * pixels * 4
        size = max(1, LARGEST_TURN // each)
        for start in range(0, count, size):
            yield range(start, min(start + size, count))

    def _begin(self, engine: AnyEngine, index: int) -> AnyPrepared:
        own = None
        if self._way.one_heart:
            guess = self._guesses[index % len(self._guesses)]
            own = functools.partial(region, guess=guess, spacing=self._spacing)
        rows, columns = (span.stop - span.start for span in self._grid(index).window)
        self._statistics[index] = ImageStatistics(
            rows,
            columns,
            self._device,
            kept=self._kept,
            outside=self._grid(index).outside,
            region=own,
        )
        return engine.prepare(self._views(index), self._seed, index)

    def _look_at(self, index: int) -> None:
        """What an image's statistics say by now; nothing where it had no pass yet, nor of a blank
        image, in which a network finds whatever it likes."""
        statistics, image = self._statistics[index], self._images[index]
        if statistics.passes and image.min() < image.max():
            summary = statistics.summary()
            seen = (index, *self._grid(index).window)
            self._mean[seen], self._std[seen] = summary.mean, summary.std
            self._interval[index] = summary.interval
            self._masks[index] = statistics.masks()

    def _conclude(self) -> None:
        """Let go of what only images need whose turn it is."""
        for index in self._statistics:
            self._look_at(index)
        self._statistics = {}

    def _chunk(self, engine: AnyEngine, image: AnyPrepared, index: int) -> None:
        statistics = self._statistics[index]
        count = min(engine.batch, self._wanted[index] - statistics.passes)
        first, turns = statistics.passes, self._way.turns
        maps = turned_back(engine.passes(image, count), first, turns)
        statistics.add(self._grid(index).undo(maps)[:, 0])
        before, self._passes[index] = self._passes[index], statistics.passes
        if self._precision is None:
            return
        if statistics.passes == self._wanted[index]:
            needed = passes_needed(statistics.passes, statistics.summary(), self._precision)
            self._wanted[index] = _whole_batches(needed, engine)
        elif not before < FORETELLING <= statistics.passes:
            return
        self._foreseen[index] = passes_foreseen(
            statistics.passes, statistics.summary(), self._precision
        )


def _whole_batches(passes: int, engine: AnyEngine) -> int:
    return -(-passes // engine.batch) * engine.batch
