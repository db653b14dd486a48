"""The fit: from a data set with reference masks to a file of weights."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ..errors import ModelError, OutputError, SeriesError
from ..network import Architecture, MCDUNet, load_model, save_model
from ..network.losses import Loss, loss_by_name
from ..network.precision import autocast, choose_device
from ..network.preparation import normalise
from ..processes.parallel import Group, launched
from ..uncertainty.engine import Engine
from .augmentation import augment
from .data_parallel import data_parallel, synchronised
from .dataset import Examples, read_examples
from .optimiser import SweepingAdam

VALIDATION_PASSES = 4
WHOLE_IMAGES = 0.8
"""Share of the epochs from which images are whole, where earlier epochs see crops."""

Progress = Callable[[int, int, float, float, float], None]
"""Called with epoch, epochs, training loss, validation Dice and seconds left."""


@dataclass(frozen=True)
class TrainingConfig:
    """The recipe. Defaults are the paper's, but for augmentation (see `augmentation`).

    Attributes:
        architecture: of the network.
        loss: `dice`, `bce` or `tversky`.
        beta: weight of false positives in Tversky's loss, 0 to 1.
        epochs: passes over the training images.
        batch_size: images a step and process.
        learning_rate: of Adam.
        schedule: `constant`, or `cosine` down to zero at the last epoch.
        augmentation: whether images are moved and recoloured.
        crop: side (pixels) of the squares about the heart that all but the last fifth of the
            epochs see, which costs less; needs augmentation. None takes whole images throughout.
        seed: of weights, order and augmentation.
        initial_model: file of weights to start from, of the same architecture; None starts anew.
    """

    architecture: Architecture = field(default_factory=Architecture)
    loss: str = "dice"
    beta: float = 0.5
    epochs: int = 150
    batch_size: int = 12
    learning_rate: float = 1e-4
    schedule: str = "constant"
    augmentation: bool = True
    crop: int | None = None
    seed: int = 0
    initial_model: str | None = None


def train(
    dataset: str | Path,
    output: str | Path,
    config: TrainingConfig,
    progress: Progress | None = None,
) -> float:
    """Train, keep the best model by validation Dice in `output`, and return that Dice.

    A file ``<output>.resume`` beside it keeps the state after every epoch: the same command
    started again after a kill goes on from there, to the same weights. It goes when done. A model
    that is there without one is not touched.

    Started by ``torchrun``, the processes share every step, as one process with a batch as large
    as theirs together; files are written by the first.

    Raises:
        SeriesError: where the data set cannot be used.
        ModelError: where the initial model cannot be used, or the loss is no number any more.
        OutputError: where files cannot be written or are there already, or a resume file is of
            another recipe.
    """
    output = Path(output)
    if output.exists() and not _resume_file(output).is_file():
        raise OutputError(f"{output}: is there already; choose another name, or delete it.")
    training, validation = read_examples(dataset)
    _check_sizes(dataset, config, training)
    with launched() as group:
        return _fit(training, validation, output, config, progress, group)


def _fit(
    training: Examples,
    validation: Examples,
    output: Path,
    config: TrainingConfig,
    progress: Progress | None,
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
    optimiser = SweepingAdam(network, config.learning_rate)
    resume = _resume_file(output)
    first, best = _load_state(resume, config, network, optimiser)
    if len(set(group.gather(first))) > 1:
        raise OutputError(f"{resume}: not all processes see this file; choose a shared folder.")
    if group.rank == 0 and first == 0:  # from now on a model beside it is of this training
        _save_state(resume, config, network, optimiser, 0, best)
    step = Step(network, optimiser, loss_by_name(config.loss, config.beta), config, device, group)
    started = time.monotonic()
    for epoch in range(first, config.epochs):
        loss = step.epoch(training, epoch)
        if not math.isfinite(loss):
            raise ModelError(
                f"{output}: the loss is {loss} in epoch {epoch + 1}; choose a learning rate below "
                f"{config.learning_rate:g}."
            )
        dice = validation_dice(network, validation, device, group)
        if group.rank == 0:
            if dice > best:
                save_model(output, network, _header(recipe, epoch, dice, training, validation))
            _save_state(resume, config, network, optimiser, epoch + 1, max(best, dice))
        best = max(best, dice)
        if progress:
            done = epoch + 1 - first
            left = (time.monotonic() - started) / done * (config.epochs - epoch - 1)
            progress(epoch + 1, config.epochs, loss, dice, left)
    if group.rank == 0:
        resume.unlink(missing_ok=True)
    return best


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
        image = normalise(examples.images[index : index + 1])
        prepared = engine.prepare(image, seed=0, stream=index)
        predicted = engine.passes(prepared, VALIDATION_PASSES).mean((0, 1)).cpu() >= 0.5
        target = examples.masks[index, 0] > 0
        hit, total = (predicted & target).sum(), predicted.sum() + target.sum()
        scores.append(float(2 * hit / total.clamp_min(1)))
    return sum(sum(part) for part in group.gather(scores)) / len(examples)


class Step:
    """One optimisation step after the other, over the processes of a group."""

    def __init__(
        self,
        network: MCDUNet,
        optimiser: SweepingAdam,
        loss_of: Loss,
        config: TrainingConfig,
        device: torch.device,
        group: Group,
    ) -> None:
        self._network = data_parallel(network, group, device)
        self._optimiser, self._loss_of = optimiser, loss_of
        self._config, self._device, self._group = config, device, group
        self._side = config.crop

    def epoch(self, examples: Examples, epoch: int) -> float:
        """Every image once; returns the mean loss."""
        config, group = self._config, self._group
        self._side = config.crop if epoch < WHOLE_IMAGES * config.epochs else None
        share = epoch / config.epochs if config.schedule == "cosine" else 0.0
        rate = config.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
        self._optimiser.set_learning_rate(rate)
        self._network.train()
        # A seed per epoch, so that a resumed training sees what an unbroken one would have seen.
        seed = config.seed * 100_003 + epoch
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(examples), generator=generator)
        batches = order.split(config.batch_size * group.size)
        if len(batches[-1]) < group.size:  # too few for each process to have one
            batches = batches[:-1]
        if group.rank > 0:  # the order is common, what is drawn for images is not
            seed += group.rank * 1_000_003
            generator.manual_seed(seed)
        torch.manual_seed(seed)
        total = 0.0
        for batch in batches:
            own = batch[group.rank :: group.size]
            # Gradients are means over processes, so a process counts as it has images.
            weight = len(own) * group.size / len(batch)
            total += self.step(examples.images[own], examples.masks[own], weight, generator)
        return sum(group.gather(total)) / (len(batches) * group.size)

    def step(
        self, images: torch.Tensor, masks: torch.Tensor, weight: float, generator: torch.Generator
    ) -> float:
        """Learn from images and masks (n, 1, y, x), which count `weight`; returns the loss."""
        if self._config.augmentation:
            images, masks = augment(images, masks, generator, self._side)
        else:
            images = normalise(images)
        images = images.to(self._device, memory_format=torch.channels_last)
        with autocast(self._device):
            logits = self._network(images)
        loss = self._loss_of(logits, masks.to(self._device)) * weight
        loss.backward()
        self._optimiser.step()
        return loss.item()


def _resume_file(output: Path) -> Path:
    return output.with_name(f"{output.name}.resume")


def _check_sizes(dataset: str | Path, config: TrainingConfig, examples: Examples) -> None:
    stride, (rows, columns) = config.architecture.stride, examples.images.shape[-2:]
    if rows % stride or columns % stride:
        raise SeriesError(
            f"{dataset}: images of {columns}x{rows} pixels, where {config.architecture.scales} "
            f"scales need multiples of {stride}; choose fewer scales."
        )
    size = min(rows, columns)
    if config.crop is not None and (config.crop > size or config.crop % stride):
        raise SeriesError(
            f"{dataset}: a crop of {config.crop} pixels from images of {size}; give a multiple of "
            f"{stride} up to {size}."
        )


def _start_from(path: str, network: MCDUNet) -> dict:
    """Take over the weights of a file; returns what the header says of it."""
    model = load_model(path)
    if model.network.architecture != network.architecture:
        raise ModelError(
            f"{path}: is a {model.network.architecture}, where {network.architecture} is asked for."
        )
    network.load_state_dict(model.network.state_dict())
    return {"name": model.name, "sha256": model.sha256, "recipe": model.header.get("recipe")}


def _header(
    recipe: dict, epoch: int, dice: float, training: Examples, validation: Examples
) -> dict:
    settings = {name: value for name, value in recipe.items() if name != "architecture"}
    return {
        "normalisation": "zero mean and unit variance per image",
        "recipe": {**settings, "optimiser": "Adam", "training_images": len(training)},
        "metrics": {
            "validation_dice": round(dice, 4),
            "validation_images": len(validation),
            "epoch": epoch + 1,
        },
    }


def _save_state(
    path: Path,
    config: TrainingConfig,
    network: MCDUNet,
    optimiser: SweepingAdam,
    epoch: int,
    best: float,
) -> None:
    tensors = {f"network.{k}": v.contiguous() for k, v in network.state_dict().items()}
    for index, state in optimiser.state().items():
        tensors |= {f"adam.{index}.{k}": v.contiguous() for k, v in state.items()}
    metadata = {
        "config": json.dumps(dataclasses.asdict(config)),
        "epoch": str(epoch),
        "best": repr(best),
    }
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, beside, metadata=metadata)
        beside.replace(path)
    except (OSError, SafetensorError) as error:
        raise OutputError(f"{path}: the training state cannot be written ({error}).") from error
    finally:
        beside.unlink(missing_ok=True)


def _load_state(
    path: Path, config: TrainingConfig, network: MCDUNet, optimiser: SweepingAdam
) -> tuple[int, float]:
    """Next epoch and best Dice so far; network and optimiser are put where they were."""
    if not path.is_file():
        return 0, -1.0
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        same = json.loads(metadata["config"]) == dataclasses.asdict(config)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{path}: damaged ({error}); delete it to start anew.") from None
    if not same:
        raise OutputError(
            f"{path}: is of a training with other settings; delete it to start anew, or give the "
            "same settings."
        )
    network.load_state_dict(
        {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}
    )
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("adam."):
            _, index, key = name.split(".")
            state.setdefault(int(index), {})[key] = tensor
    optimiser.load_state(state)
    return int(metadata["epoch"]), float(metadata["best"])
