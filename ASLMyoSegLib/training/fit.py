"""The fit: from examples to a file of weights."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch

from ..errors import ModelError, OutputError
from ..network import MCDUNet, load_model, save_model
from ..network.losses import Loss, loss_by_name
from ..network.precision import autocast, choose_device
from ..processes.parallel import Group, launched
from ..uncertainty.engine import Engine
from .average import WeightAverage
from .data_parallel import data_parallel, synchronised
from .dataset import Examples
from .optimiser import SweepingAdam
from .recipe import TrainingConfig
from .sources import Batch, DatasetSource, Source, epoch_seed
from .state import TrainingState
from .stream import StreamSource
from .watch import Watch

VALIDATION_PASSES = 4

Progress = Callable[[int, int, float, float, float], None]
"""Called with epoch, epochs, training loss, validation Dice and seconds left."""


def train(
    dataset: str | Path | None,
    output: str | Path,
    config: TrainingConfig,
    progress: Progress | None = None,
    *,
    watch: str | Path | None = None,
    drawers: int = 1,
) -> float:
    """Train, keep the best model by validation Dice in `output`, and return that Dice.

    A file ``<output>.resume`` beside it keeps the state after every epoch: the same command
    started again after a kill goes on from there, to the same weights. It goes when done. A model
    that is there without one is not touched.

    Started by ``torchrun``, the processes share every step, as one process with a batch as large
    as theirs together; files are written by the first.

    Args:
        dataset: BIDS with reference masks; None where the recipe draws pictures.
        output: file of weights.
        config: the recipe.
        progress: called after every epoch.
        watch: folder of images that the model is measured on every half hour (see `watch`).
        drawers: processes that draw pictures beside each one that learns.

    Raises:
        SeriesError: where the data set or the watched folder cannot be used.
        ModelError: where the initial model cannot be used, or the loss is no number any more.
        OutputError: where files cannot be written or are there already, or a resume file is of
            another recipe.
    """
    output = Path(output)
    refuse_finished(output)
    drawn = dataset is None
    source: Source = StreamSource(config, drawers) if drawn else DatasetSource(dataset, config)
    return learn(source, output, config, progress, watch=watch)


def learn(
    source: Source,
    output: str | Path,
    config: TrainingConfig,
    progress: Progress | None = None,
    *,
    watch: str | Path | None = None,
) -> float:
    """As `train`, from examples of any source."""
    output = Path(output)
    refuse_finished(output)
    with launched() as group:
        watching = Watch(watch, output) if watch is not None and group.rank == 0 else None
        return _fit(source, output, config, progress, watching, group)


def refuse_finished(output: Path) -> None:
    """See to it that a model is not trained over another one.

    Raises:
        OutputError: where a model is there, and no state that its training goes on from.
    """
    if output.exists() and not resume_file(output).is_file():
        raise OutputError(f"{output}: is there already; choose another name, or delete it.")


def _fit(
    source: Source,
    output: Path,
    config: TrainingConfig,
    progress: Progress | None,
    watch: Watch | None,
    group: Group,
) -> float:
    torch.manual_seed(config.seed)
    device = choose_device("auto")
    network = MCDUNet(config.architecture).to(device, memory_format=torch.channels_last)
    recipe = dataclasses.asdict(config)
    if group.size > 1:
        network = synchronised(network)
        recipe["processes"] = group.size
    if config.initial_model is not None:
        recipe["initial_model"] = _start_from(config.initial_model, network)
    average = WeightAverage(network, config.average) if config.average else None
    state = TrainingState(network, SweepingAdam(network, config.learning_rate), average)
    resume = resume_file(output)
    state.load(resume, config)
    first = state.epoch
    if len(set(group.gather(first))) > 1:
        raise OutputError(f"{resume}: not all processes see this file; choose a shared folder.")
    if group.rank == 0 and first == 0:  # from now on a model beside it is of this training
        state.save(resume, config)
    step = Step(state, loss_by_name(config.loss, config.beta), config, device, group)
    started = time.monotonic()
    for epoch in range(first, config.epochs):
        loss = step.epoch(source, epoch)
        if not math.isfinite(loss):
            raise ModelError(
                f"{output}: the loss is {loss} in epoch {epoch + 1}; choose a learning rate below "
                f"{config.learning_rate:g}."
            )
        dice = validation_dice(state.model, source.validation, device, group)
        improved, state.epoch, state.best = dice > state.best, epoch + 1, max(state.best, dice)
        if group.rank == 0:
            if improved:
                save_model(output, state.model, _header(recipe, epoch, dice, source))
            state.save(resume, config)
        if watch:
            facts = {"epoch": epoch + 1, "images": (epoch + 1) * source.images, "loss": loss}
            watch.after(state.model, {**facts, "validation_dice": dice}, epoch + 1 == config.epochs)
        if progress:
            done = epoch + 1 - first
            left = (time.monotonic() - started) / done * (config.epochs - epoch - 1)
            progress(epoch + 1, config.epochs, loss, dice, left)
    if group.rank == 0:
        resume.unlink(missing_ok=True)
    return state.best


def validation_dice(
    network: MCDUNet, examples: Examples, device: torch.device, group: Group
) -> float:
    """Mean Dice coefficient over images, of the mean of a few stochastic passes.

    The network is judged as it is used: without dropout, batch normalisation would meet
    activations of another spread than those that it learned from, and masks would be worse.
    """
    rows, columns = examples.images.shape[-2:]
    engine = Engine(network, rows, columns, device, batch=VALIDATION_PASSES)
    scores = []
    for index in range(group.rank, len(examples), group.size):
        prepared = engine.prepare(examples.images[index : index + 1], seed=0, stream=index)
        predicted = engine.passes(prepared, VALIDATION_PASSES).mean((0, 1)).cpu() >= 0.5
        target = examples.masks[index, 0] >= 0.5
        hit, total = (predicted & target).sum(), predicted.sum() + target.sum()
        scores.append(float(2 * hit / total) if total else 1.0)
    return sum(sum(part) for part in group.gather(scores)) / len(examples)


class Step:
    """One optimisation step after the other, over the processes of a group."""

    def __init__(
        self,
        state: TrainingState,
        loss_of: Loss,
        config: TrainingConfig,
        device: torch.device,
        group: Group,
    ) -> None:
        self._state, self._loss_of = state, loss_of
        self._network = data_parallel(state.network, group, device)
        self._config, self._device, self._group = config, device, group

    def epoch(self, source: Source, epoch: int) -> float:
        """Every image once; returns the mean loss."""
        config, group = self._config, self._group
        share = epoch / config.epochs if config.schedule == "cosine" else 0.0
        rate = config.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
        self._state.optimiser.set_learning_rate(rate)
        self._network.train()
        torch.manual_seed(epoch_seed(config, epoch, group.rank))
        losses = [self.step(batch) for batch in source.batches(epoch, group)]
        return sum(group.gather(sum(losses))) / (len(losses) * group.size)

    def step(self, batch: Batch) -> float:
        """Learn from a batch; returns the loss."""
        images = batch.images.to(self._device, memory_format=torch.channels_last)
        with autocast(self._device):
            logits = self._network(images)
        loss = self._loss_of(logits, batch.targets.to(self._device)) * batch.weight
        loss.backward()
        self._state.optimiser.step()
        if self._state.average:
            self._state.average.add(self._state.network)
        return loss.item()


def resume_file(output: Path) -> Path:
    return output.with_name(f"{output.name}.resume")


def _start_from(path: str, network: MCDUNet) -> dict:
    """Take over the weights of a file; returns what the header says of it."""
    model = load_model(path)
    if model.network.architecture != network.architecture:
        raise ModelError(
            f"{path}: is a {model.network.architecture}, where {network.architecture} is asked for."
        )
    network.load_state_dict(model.network.state_dict())
    return {"name": model.name, "sha256": model.sha256, "recipe": model.header.get("recipe")}


def _header(recipe: dict, epoch: int, dice: float, source: Source) -> dict:
    settings = {name: value for name, value in recipe.items() if name != "architecture"}
    return {
        "normalisation": "zero mean and unit variance per image",
        "recipe": {**settings, "optimiser": "Adam", "training_images": source.images},
        "metrics": {
            "validation_dice": round(dice, 4),
            "validation_images": len(source.validation),
            "epoch": epoch + 1,
        },
    }
