"""The fit of a probabilistic U-Net: steps counted, not epochs, as in the paper."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch.nn.functional import affine_grid, grid_sample, interpolate

from ..errors import ModelError
from ..network import ProbabilisticUNet, save_model
from ..network.precision import autocast, choose_device
from .dataset import Examples
from .fit import refuse_finished, resume_file
from .latent_recipe import LatentConfig
from .optimiser import SweepingAdam
from .state import TrainingState

BEND = 0.04
"""Standard deviation of the elastic deformation, of half the image's side."""
KNOTS = 6
"""Points a side between which it is smooth."""

Told = Callable[[int, int, float, float, float], None]
"""Called after every epoch with steps done and in all, the training loss, and of the validation
images loss and divergence."""


def train_latent(
    examples: Examples,
    validation: Examples,
    output: str | Path,
    config: LatentConfig,
    told: Told | None = None,
) -> float:
    """Train, keep the model of least validation loss in `output`, and return that loss.

    A file ``<output>.resume`` beside it keeps the state after every epoch, as in `fit.train`.

    Args:
        examples: to learn from, images normalised.
        validation: to judge by, images normalised.
        output: file of weights.
        config: the recipe.
        told: of progress.

    Raises:
        ModelError: where the loss is no number any more.
        OutputError: where files cannot be written or are there already, or a resume file is of
            another recipe.
    """
    output = Path(output)
    refuse_finished(output)
    torch.manual_seed(config.seed)
    device = choose_device("auto")
    network = ProbabilisticUNet(config.architecture).to(device, memory_format=torch.channels_last)
    optimiser = SweepingAdam(network, config.learning_rate, config.weight_decay)
    state = TrainingState(network, optimiser, None, best=-math.inf)
    resume = resume_file(output)
    state.load(resume, config)
    if state.epoch == 0:
        state.save(resume, config)
    an_epoch = math.ceil(len(examples) / config.batch_size)
    for epoch in range(state.epoch, math.ceil(config.iterations / an_epoch)):
        generator = torch.Generator().manual_seed(config.seed * 100_003 + epoch)
        torch.manual_seed(config.seed * 100_003 + epoch)
        losses = []
        network.train()
        for step, (images, masks) in enumerate(
            _batches(examples, config, generator), start=epoch * an_epoch
        ):
            if step == config.iterations:
                break
            optimiser.set_learning_rate(config.rate(step))
            with autocast(device):
                loss, _ = network.loss(images.to(device), masks.to(device), config.divergence)
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        loss = sum(losses) / len(losses)
        judged, apart = validation_loss(network, validation, config, device)
        if not (math.isfinite(loss) and math.isfinite(judged)):
            raise ModelError(
                f"{output}: the loss is {loss} in epoch {epoch + 1}; choose a learning rate below "
                f"{config.learning_rate:g}."
            )
        improved, state.epoch, state.best = (
            -judged > state.best,
            epoch + 1,
            max(state.best, -judged),
        )
        if improved:
            save_model(output, network, _header(config, epoch + 1, judged, apart, len(examples)))
        state.save(resume, config)
        if told:
            told(
                min((epoch + 1) * an_epoch, config.iterations),
                config.iterations,
                loss,
                judged,
                apart,
            )
    resume.unlink(missing_ok=True)
    return -state.best


@torch.no_grad()
def validation_loss(
    network: ProbabilisticUNet, examples: Examples, config: LatentConfig, device: torch.device
) -> tuple[float, float]:
    """Loss and divergence, means over the images, with latent numbers that are always the same."""
    network.eval()
    torch.manual_seed(config.seed)
    sums = [0.0, 0.0]
    for images, masks in zip(
        examples.images.split(config.batch_size),
        examples.masks.split(config.batch_size),
        strict=True,
    ):
        parts = network.loss(images.to(device), masks.to(device), config.divergence)
        sums = [s + float(p) * len(images) for s, p in zip(sums, parts, strict=True)]
    loss, apart = (s / len(examples) for s in sums)
    return loss, apart


def turned_and_bent(
    images: torch.Tensor, masks: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and masks (n, 1, y, x), each turned by any angle and elastically deformed."""
    count, _, rows, columns = images.shape
    angle = 2 * torch.pi * torch.rand(count, generator=generator)
    sine, cosine, zero = angle.sin(), angle.cos(), torch.zeros(count)
    turn = torch.stack([cosine, -sine, zero, sine, cosine, zero], dim=1).view(-1, 2, 3)
    grid = affine_grid(turn, [count, 1, rows, columns], align_corners=False)
    coarse = BEND * torch.randn(count, 2, KNOTS, KNOTS, generator=generator)
    bend = interpolate(coarse, (rows, columns), mode="bicubic", align_corners=True)
    grid = grid + bend.permute(0, 2, 3, 1)
    moved = grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    drawn = grid_sample(masks, grid, padding_mode="zeros", align_corners=False)
    return moved, (drawn >= 0.5).float()


def _batches(
    examples: Examples, config: LatentConfig, generator: torch.Generator
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    order = torch.randperm(len(examples), generator=generator)
    for own in order.split(config.batch_size):
        images, masks = examples.images[own], examples.masks[own]
        yield turned_and_bent(images, masks, generator) if config.augmentation else (images, masks)


def _header(config: LatentConfig, epoch: int, loss: float, apart: float, images: int) -> dict:
    settings = {k: v for k, v in dataclasses.asdict(config).items() if k != "architecture"}
    return {
        "normalisation": "zero mean and unit variance per image",
        "recipe": {**settings, "optimiser": "Adam", "training_images": images},
        "metrics": {
            "validation_loss": round(loss, 4),
            "validation_divergence": round(apart, 4),
            "epoch": epoch,
        },
    }
