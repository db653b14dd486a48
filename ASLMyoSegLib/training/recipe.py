"""Recipes: all that fixes a training, as a file or as options say it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomllib

from ..errors import SeriesError
from ..network import Architecture
from ..network.losses import LOSSES

SCHEDULES = ("constant", "cosine")


@dataclass(frozen=True)
class Pictures:
    """Pictures that are drawn as they are learned from (see `stream`).

    Attributes:
        an_epoch: how many make an epoch.
        side: pixels a side, of 3 mm.
        near: share of the batches that show three quarters of that, at less cost.
        whole: share of the batches that show one and a half times that, as far as a field goes.
    """

    an_epoch: int = 4800
    side: int = 64
    near: float = 0.0
    whole: float = 0.1


@dataclass(frozen=True)
class TrainingConfig:
    """The recipe. Defaults are the paper's, but for augmentation (see `augmentation`).

    Attributes:
        architecture: of the network.
        loss: one of `network.losses.LOSSES`.
        beta: weight of false positives in Tversky's loss, 0 to 1.
        epochs: passes over the training images.
        batch_size: images a step and process.
        learning_rate: of Adam.
        schedule: `constant`, or `cosine` down to zero at the last epoch.
        average: share that the model keeps of its mean over earlier steps at each step, 0 to 1; 0
            takes the weights as they are.
        augmentation: whether images of a data set are moved and recoloured.
        crop: side (pixels) of the squares about the heart that all but the last fifth of the
            epochs see, which costs less; needs augmentation. None takes whole images throughout.
        pictures: drawn in place of a data set; None where there is one.
        seed: of weights, order, augmentation and pictures.
        initial_model: file of weights to start from, of the same architecture; None starts anew.
    """

    architecture: Architecture = field(default_factory=Architecture)
    loss: str = "dice"
    beta: float = 0.5
    epochs: int = 150
    batch_size: int = 12
    learning_rate: float = 1e-4
    schedule: str = "constant"
    average: float = 0.0
    augmentation: bool = True
    crop: int | None = None
    pictures: Pictures | None = None
    seed: int = 0
    initial_model: str | None = None


def read_recipe(path: str | Path) -> TrainingConfig:
    """A recipe for drawn pictures from a TOML file, whose names are those of `TrainingConfig`.

    A relative `initial_model` is looked for beside the recipe.

    Raises:
        SeriesError: where the file is no recipe, or a value is not possible.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SeriesError(f"{path}: is no recipe that can be read ({error}).") from None
    parts = {
        "architecture": _made(path, Architecture, content.pop("architecture", {})),
        "pictures": _made(path, Pictures, content.pop("pictures", {})),
    }
    config = dataclasses.replace(_made(path, TrainingConfig, content), **parts)
    _check(path, config)
    if config.initial_model is not None:
        config = dataclasses.replace(config, initial_model=str(path.parent / config.initial_model))
    return config


def _made(path: Path, kind: type, values: Any) -> Any:
    known = {f.name: f for f in dataclasses.fields(kind)}
    if not isinstance(values, dict):
        raise SeriesError(f"{path}: {values!r} stands where a table is needed.")
    for name, value in values.items():
        if name not in known:
            raise SeriesError(f"{path}: {name!r} is unknown; known are {', '.join(known)}.")
        wanted = type(known[name].default) if name not in ("crop", "initial_model") else None
        wanted = {"crop": int, "initial_model": str}.get(name, wanted)
        right = isinstance(value, (int, float) if wanted is float else wanted)
        if not right or (isinstance(value, bool) and wanted is not bool):
            raise SeriesError(f"{path}: {name} = {value!r}, where {wanted.__name__} is needed.")
    return kind(**values)


def _check(path: Path, config: TrainingConfig) -> None:
    stride = config.architecture.stride
    for name, value, right, needed in (
        ("loss", config.loss, config.loss in LOSSES, " or ".join(LOSSES)),
        ("schedule", config.schedule, config.schedule in SCHEDULES, " or ".join(SCHEDULES)),
        ("beta", config.beta, 0 <= config.beta <= 1, "0 to 1"),
        ("average", config.average, 0 <= config.average < 1, "0 to below 1"),
        ("epochs", config.epochs, config.epochs >= 1, "1 or more"),
        ("batch_size", config.batch_size, config.batch_size >= 1, "1 or more"),
        ("learning_rate", config.learning_rate, config.learning_rate >= 0, "0 or more"),
        ("an_epoch", config.pictures.an_epoch, config.pictures.an_epoch >= 1, "1 or more"),
        (
            "side",
            config.pictures.side,
            config.pictures.side >= 32 and config.pictures.side % (4 * stride) == 0,
            f"a multiple of {4 * stride} from 32 on",
        ),
        ("near", config.pictures.near, 0 <= config.pictures.near <= 1, "0 to 1"),
        ("whole", config.pictures.whole, 0 <= config.pictures.whole <= 1, "0 to 1"),
    ):
        if not right:
            raise SeriesError(f"{path}: {name} = {value!r}, where {needed} is needed.")
