"""Where examples come from: what the fit asks for, and a data set that answers it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from ..errors import SeriesError
from ..network import Architecture, ProbabilisticArchitecture
from ..network.preparation import normalise
from ..processes.parallel import Group
from .augmentation import augment
from .dataset import Examples, read_examples
from .latent_recipe import LatentConfig
from .recipe import TrainingConfig

WHOLE_IMAGES = 0.8
"""Share of the epochs from which images are whole, where earlier epochs see crops."""


@dataclass(frozen=True)
class Batch:
    """Images and targets of one step, float32 (n, 1, y, x).

    Attributes:
        images: as the network takes them.
        targets: 0 to 1.
        weight: how much the loss counts beside that of other processes; 1 is alike.
    """

    images: torch.Tensor
    targets: torch.Tensor
    weight: float = 1.0


class Source(Protocol):
    """Examples for every epoch.

    Attributes:
        images: number of images that an epoch shows, over all processes.
        validation: images, as the network takes them, and masks that are never shown.
    """

    images: int
    validation: Examples

    def batches(self, epoch: int, group: Group) -> Iterator[Batch]:
        """This process's batches; every process has as many. The same ones at every call."""


def epoch_seed(config: TrainingConfig, epoch: int, rank: int = 0) -> int:
    """A seed per epoch, so that a resumed training sees what an unbroken one would have seen."""
    return config.seed * 100_003 + epoch + rank * 1_000_003


class DatasetSource:
    """Images in memory, in another order and with another augmentation every epoch."""

    def __init__(self, dataset: str | Path, config: TrainingConfig) -> None:
        """Read.

        Raises:
            SeriesError: where the data set cannot be used, or does not suit the recipe.
        """
        self._examples, validation = read_examples(dataset)
        _check_sizes(dataset, config, self._examples)
        self._config = config
        self.images = len(self._examples)
        self.validation = Examples(normalise(validation.images), validation.masks)

    def batches(self, epoch: int, group: Group) -> Iterator[Batch]:
        config, examples = self._config, self._examples
        side = config.crop if epoch < WHOLE_IMAGES * config.epochs else None
        generator = torch.Generator().manual_seed(epoch_seed(config, epoch))
        order = torch.randperm(len(examples), generator=generator)
        batches = order.split(config.batch_size * group.size)
        if len(batches[-1]) < group.size:  # too few for each process to have one
            batches = batches[:-1]
        if group.rank > 0:  # the order is common, what is drawn for images is not
            generator.manual_seed(epoch_seed(config, epoch, group.rank))
        for batch in batches:
            own = batch[group.rank :: group.size]
            images, masks = examples.images[own], examples.masks[own]
            if config.augmentation:
                images, masks = augment(images, masks, generator, side)
            else:
                images = normalise(images)
            # Gradients are means over processes, so a process counts as it has images.
            yield Batch(images, masks, len(own) * group.size / len(batch))


def latent_examples(dataset: str | Path, config: LatentConfig) -> tuple[Examples, Examples]:
    """Training and validation images of a data set, normalised, for a probabilistic U-Net.

    Raises:
        SeriesError: where the data set cannot be used, or does not suit the recipe.
    """
    parts = read_examples(dataset)
    _check_stride(dataset, config.architecture, parts[0])
    examples, validation = (Examples(normalise(part.images), part.masks) for part in parts)
    return examples, validation


def _check_stride(
    dataset: str | Path, architecture: Architecture | ProbabilisticArchitecture, examples: Examples
) -> None:
    stride, (rows, columns) = architecture.stride, examples.images.shape[-2:]
    if rows % stride or columns % stride:
        raise SeriesError(
            f"{dataset}: images of {columns}x{rows} pixels, where {architecture.scales} scales "
            f"need multiples of {stride}; choose fewer scales."
        )


def _check_sizes(dataset: str | Path, config: TrainingConfig, examples: Examples) -> None:
    _check_stride(dataset, config.architecture, examples)
    stride, size = config.architecture.stride, min(examples.images.shape[-2:])
    if config.crop is not None and (config.crop > size or config.crop % stride):
        raise SeriesError(
            f"{dataset}: a crop of {config.crop} pixels from images of {size}; give a multiple of "
            f"{stride} up to {size}."
        )
