"""Trained networks, kept by the hash of their recipe: studies that share one train it once."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from ...network import LoadedModel, load_model
from ...processes.parallel import Group
from ...training.dataset import Examples
from ...training.fit import learn
from ...training.latent_fit import train_latent
from ...training.latent_recipe import LatentConfig
from ...training.recipe import TrainingConfig
from ...training.sources import Batch, epoch_seed
from .cohort import KINDS, SEED, Cohort
from .scale import Scale


@dataclass(frozen=True)
class Recipe:
    """All that fixes a network of the studies.

    Attributes:
        config: of the fit.
        window: pixels a side of what it sees; None sees the field.
        kinds: of the images that it learns from.
        start: whose weights it begins with.
    """

    config: TrainingConfig
    window: int | None
    kinds: tuple[str, ...] = KINDS
    start: Recipe | None = None

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits."""
        return _hash(self)


@dataclass(frozen=True)
class LatentRecipe:
    """All that fixes a probabilistic U-Net of the studies: the fit, and what it sees."""

    config: LatentConfig
    window: int | None

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits."""
        return _hash(self)


def _hash(recipe: Recipe | LatentRecipe) -> str:
    content = json.dumps([dataclasses.asdict(recipe), SEED], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Epoch:
    """What the fit told after an epoch.

    Attributes:
        epoch: from 1.
        loss: mean over the training images.
        dice: of the validation images.
    """

    epoch: int
    loss: float
    dice: float


@dataclass(frozen=True)
class LatentEpoch:
    """What the fit of a probabilistic U-Net told.

    Attributes:
        step: by then.
        loss: mean over the training images.
        validation_loss: mean over the validation images.
        divergence: of the posterior from the prior, nats, on those.
    """

    step: int
    loss: float
    validation_loss: float
    divergence: float


Told = Callable[[int, int], None]
"""Called after every epoch with what is done, and of how much."""


def paper_recipe(scale: Scale) -> Recipe:
    """The paper's training: Dice's loss, both kinds of images at once, no augmentation."""
    config = TrainingConfig(
        architecture=scale.architecture,
        loss="dice",
        epochs=scale.epochs,
        learning_rate=scale.learning_rate,
        augmentation=False,
    )
    return Recipe(config, scale.window)


def with_loss(scale: Scale, loss: str, beta: float = 0.5) -> Recipe:
    """As `paper_recipe`, with another loss; trained anew, or from that network on."""
    first = paper_recipe(scale)
    config = dataclasses.replace(first.config, loss=loss, beta=beta)
    if scale.adapting_epochs is None:
        return dataclasses.replace(first, config=config)
    config = dataclasses.replace(config, epochs=scale.adapting_epochs)
    return dataclasses.replace(first, config=config, start=first)


def on_control(scale: Scale) -> Recipe:
    """As `paper_recipe`, of control images only."""
    return dataclasses.replace(paper_recipe(scale), kinds=("control",))


def fine_tuned(scale: Scale) -> Recipe:
    """Goes on from `on_control` with labelled images only."""
    first = on_control(scale)
    config = dataclasses.replace(first.config, epochs=scale.finetuning_epochs)
    return Recipe(config, scale.window, kinds=("label",), start=first)


def latent_recipe(scale: Scale, divergence: float) -> LatentRecipe:
    """The probabilistic U-Net as the paper trains it, with a weight of the divergence."""
    config = LatentConfig(
        architecture=scale.latent_architecture,
        iterations=scale.iterations,
        learning_rate=scale.latent_rate,
        divergence=divergence,
    )
    return LatentRecipe(config, scale.window)


AnyRecipe = Recipe | LatentRecipe


class Networks:
    """The trained networks of a folder."""

    def __init__(self, folder: Path, cohort: Callable[[], Cohort]) -> None:
        """Of a folder; the cohort that they learn from is asked for where one is to be trained."""
        self._folder, self._cohort = folder, cohort

    def trained(self, recipe: AnyRecipe, told: Told | None = None) -> Path:
        """The file of a network; it is trained where it is not there, or not to its end.

        Args:
            recipe: of it.
            told: called after every epoch with those done and those in all.
        """
        path = self._folder / f"{recipe.key}.safetensors"
        if self.is_trained(recipe):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(recipe, LatentRecipe):
            self._learn_latent(recipe, path, told)
        else:
            self._learn(recipe, path, told)
        return path

    def _learn(self, recipe: Recipe, path: Path, told: Told | None) -> None:
        config = recipe.config
        if recipe.start is not None:
            start = self.trained(recipe.start, told)
            config = dataclasses.replace(config, initial_model=str(start))
        examples, validation = self._cohort().examples(recipe.kinds, recipe.window)

        def keep(epoch: int, epochs: int, loss: float, dice: float, _left: float) -> None:
            self._keep(recipe, Epoch(epoch, loss, dice))
            if told:
                told(epoch, epochs)

        learn(_Shuffled(examples, validation, config), path, config, keep)

    def _learn_latent(self, recipe: LatentRecipe, path: Path, told: Told | None) -> None:
        examples, validation = self._cohort().examples(KINDS, recipe.window)

        def keep(step: int, steps: int, loss: float, judged: float, apart: float) -> None:
            self._keep(recipe, LatentEpoch(step, loss, judged, apart))
            if told:
                told(step, steps)

        train_latent(examples, validation, path, recipe.config, keep)

    def _keep(self, recipe: AnyRecipe, epoch: Epoch | LatentEpoch) -> None:
        with self._history(recipe).open("a", encoding="utf-8") as file:
            print(json.dumps(dataclasses.asdict(epoch)), file=file)

    def is_trained(self, recipe: AnyRecipe) -> bool:
        """Whether its training has come to its end."""
        path = self._folder / f"{recipe.key}.safetensors"
        return path.is_file() and not path.with_name(f"{path.name}.resume").is_file()

    def model(self, recipe: AnyRecipe, told: Told | None = None) -> LoadedModel:
        """A network, ready."""
        return load_model(self.trained(recipe, told))

    def history(self, recipe: Recipe) -> list[Epoch]:
        """Of a trained network: every epoch once."""
        return [Epoch(**line) for line in self._lines(recipe, "epoch")]

    def latent_history(self, recipe: LatentRecipe) -> list[LatentEpoch]:
        """Of a trained probabilistic network: every epoch once."""
        return [LatentEpoch(**line) for line in self._lines(recipe, "step")]

    def _lines(self, recipe: AnyRecipe, by: str) -> list[dict]:
        """What was kept of a training; where it went on after a kill, the later line counts."""
        text = self._history(recipe).read_text(encoding="utf-8")
        found = {line[by]: line for line in map(json.loads, text.splitlines())}
        return [found[number] for number in sorted(found)]

    def _history(self, recipe: AnyRecipe) -> Path:
        return self._folder / f"{recipe.key}.history.jsonl"


class _Shuffled:
    """Examples as they are, in another order every epoch."""

    def __init__(self, examples: Examples, validation: Examples, config: TrainingConfig) -> None:
        self._examples, self._config = examples, config
        self.images, self.validation = len(examples), validation

    def batches(self, epoch: int, group: Group) -> Iterator[Batch]:
        generator = torch.Generator().manual_seed(epoch_seed(self._config, epoch))
        order = torch.randperm(self.images, generator=generator)
        for batch in order.split(self._config.batch_size * group.size):
            own = batch[group.rank :: group.size]
            yield Batch(self._examples.images[own], self._examples.masks[own])
