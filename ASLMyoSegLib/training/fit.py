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

from ..errors import ModelError, OutputError
from ..network import Architecture, MCDUNet, load_model, save_model
from ..network.losses import Loss, loss_by_name
from ..network.precision import autocast, choose_device
from ..network.preparation import normalise
from ..uncertainty.engine import Engine
from .augmentation import augment
from .dataset import Examples, read_examples

VALIDATION_PASSES = 4

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
        batch_size: images a step.
        learning_rate: of Adam.
        schedule: `constant`, or `cosine` down to zero at the last epoch.
        augmentation: whether images are moved and recoloured.
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
    started again after a kill goes on from there, to the same weights. It goes when done.

    Raises:
        SeriesError: where the data set cannot be used.
        ModelError: where the initial model cannot be used.
        OutputError: where files cannot be written, or a resume file is of another recipe.
    """
    training, validation = read_examples(dataset)
    torch.manual_seed(config.seed)
    device = choose_device("auto")
    network = MCDUNet(config.architecture).to(device, memory_format=torch.channels_last)
    recipe = dataclasses.asdict(config)
    if config.initial_model is not None:
        recipe["initial_model"] = _start_from(config.initial_model, network)
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True)
    resume = Path(f"{output}.resume")
    first, best = _load_state(resume, config, network, optimiser)
    loss_of = loss_by_name(config.loss, config.beta)
    started = time.monotonic()
    for epoch in range(first, config.epochs):
        share = epoch / config.epochs if config.schedule == "cosine" else 0.0
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
        loss = _train_epoch(network, optimiser, loss_of, training, config, epoch, device)
        dice = validation_dice(network, validation, device)
        if dice > best:
            best = dice
            save_model(output, network, _header(recipe, epoch, dice, training, validation))
        _save_state(resume, config, network, optimiser, epoch + 1, best)
        if progress:
            done = epoch + 1 - first
            left = (time.monotonic() - started) / done * (config.epochs - epoch - 1)
            progress(epoch + 1, config.epochs, loss, dice, left)
    resume.unlink(missing_ok=True)
    return best


def validation_dice(network: MCDUNet, examples: Examples, device: torch.device) -> float:
    """Mean Dice coefficient over images, of the mean of a few stochastic passes.

    The network is judged as it is used: without dropout, batch normalisation would meet
    activations of another spread than those that it learned from, and masks would be worse.
    """
    rows, columns = examples.images.shape[-2:]
    engine = Engine(network, rows, columns, device, batch=VALIDATION_PASSES)
    scores = []
    for index, (image, mask) in enumerate(zip(examples.images, examples.masks, strict=True)):
        prepared = engine.prepare(normalise(image[None]), seed=0, stream=index)
        predicted = engine.passes(prepared, VALIDATION_PASSES).mean((0, 1)).cpu() >= 0.5
        target = mask[0] > 0
        hit, total = (predicted & target).sum(), predicted.sum() + target.sum()
        scores.append(float(2 * hit / total.clamp_min(1)))
    return sum(scores) / len(scores)


def _train_epoch(
    network: MCDUNet,
    optimiser: torch.optim.Optimizer,
    loss_of: Loss,
    examples: Examples,
    config: TrainingConfig,
    epoch: int,
    device: torch.device,
) -> float:
    network.train()
    # A seed per epoch, so that a resumed training sees what an unbroken one would have seen.
    generator = torch.Generator().manual_seed(config.seed * 100_003 + epoch)
    torch.manual_seed(config.seed * 100_003 + epoch)
    order = torch.randperm(len(examples), generator=generator)
    batches = order.split(config.batch_size)
    total = 0.0
    for batch in batches:
        images, masks = examples.images[batch], examples.masks[batch]
        if config.augmentation:
            images, masks = augment(images, masks, generator)
        else:
            images = normalise(images)
        images = images.to(device, memory_format=torch.channels_last)
        with autocast(device):
            logits = network(images)
        loss = loss_of(logits, masks.to(device))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        total += loss.item()
    return total / len(batches)


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
    optimiser: torch.optim.Optimizer,
    epoch: int,
    best: float,
) -> None:
    tensors = {f"network.{k}": v.contiguous() for k, v in network.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{k}": v.contiguous() for k, v in state.items()}
    metadata = {
        "config": json.dumps(dataclasses.asdict(config)),
        "epoch": str(epoch),
        "best": repr(best),
    }
    beside = path.with_name(f".{path.name}.part")
    try:
        save_file(tensors, beside, metadata=metadata)
        beside.replace(path)
    except (OSError, SafetensorError) as error:
        raise OutputError(f"{path}: the training state cannot be written ({error}).") from error
    finally:
        beside.unlink(missing_ok=True)


def _load_state(
    path: Path, config: TrainingConfig, network: MCDUNet, optimiser: torch.optim.Optimizer
) -> tuple[int, float]:
    """Next epoch and best Dice so far; network and optimiser are put where they were."""
    if not path.is_file():
        return 0, -1.0
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise OutputError(f"{path}: damaged ({error}); delete it to start anew.") from None
    if json.loads(metadata["config"]) != dataclasses.asdict(config):
        raise OutputError(
            f"{path}: is of a training with other settings; delete it to start anew, or give the "
            "same settings."
        )
    network.load_state_dict(
        {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}
    )
    parameters = list(network.parameters())
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("adam."):
            _, index, key = name.split(".")
            state.setdefault(int(index), {})[key] = _laid_out_as(parameters[int(index)], tensor)
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
    return int(metadata["epoch"]), float(metadata["best"])


def _laid_out_as(parameter: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    """The same numbers in the parameter's order in memory, which fused Adam relies on."""
    return torch.empty_like(parameter).copy_(tensor) if tensor.ndim else tensor
