"""What a killed training goes on from."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from ..errors import OutputError
from .average import WeightAverage
from .latent_recipe import LatentConfig
from .optimiser import SweepingAdam
from .recipe import TrainingConfig


@dataclasses.dataclass
class TrainingState:
    """Everything that a training changes.

    Attributes:
        network: that learns.
        optimiser: of it.
        average: of its weights; None where the recipe has none.
        epoch: the next one.
        best: Dice so far; -1 before the first epoch.
    """

    network: nn.Module
    optimiser: SweepingAdam
    average: WeightAverage | None
    epoch: int = 0
    best: float = -1.0

    @property
    def model(self) -> nn.Module:
        """The network that is to be used."""
        return self.average.network if self.average else self.network

    def save(self, path: Path, config: TrainingConfig | LatentConfig) -> None:
        """Into a file, whole or not at all.

        Raises:
            OutputError: where it cannot be written.
        """
        tensors = _prefixed("network", self.network.state_dict())
        for index, state in self.optimiser.state().items():
            tensors |= _prefixed(f"adam.{index}", state)
        if self.average:
            tensors |= _prefixed("average", self.average.network.state_dict())
        metadata = {
            "config": json.dumps(dataclasses.asdict(config)),
            "epoch": str(self.epoch),
            "best": repr(self.best),
            "averaged": str(self.average.steps if self.average else 0),
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

    def load(self, path: Path, config: TrainingConfig | LatentConfig) -> None:
        """Be as a file says; without one, stay.

        Raises:
            OutputError: where it is damaged, or of another recipe.
        """
        if not path.is_file():
            return
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            same = json.loads(metadata["config"]) == json.loads(
                json.dumps(dataclasses.asdict(config))
            )
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            raise OutputError(f"{path}: damaged ({error}); delete it to start anew.") from None
        if not same:
            raise OutputError(
                f"{path}: is of a training with other settings; delete it to start anew, or give "
                "the same settings."
            )
        self.network.load_state_dict(_under("network", tensors))
        if self.average:
            self.average.network.load_state_dict(_under("average", tensors))
            self.average.steps = int(metadata["averaged"])
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in _under("adam", tensors).items():
            index, key = name.split(".")
            moments.setdefault(int(index), {})[key] = tensor
        self.optimiser.load_state(moments)
        self.epoch, self.best = int(metadata["epoch"]), float(metadata["best"])


def _prefixed(room: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"{room}.{name}": tensor.contiguous() for name, tensor in tensors.items()}


def _under(room: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(f"{room}."): tensor
        for name, tensor in tensors.items()
        if name.startswith(f"{room}.")
    }
