"""Adam in one sweep over memory."""

from __future__ import annotations

import torch
from torch import nn


class SweepingAdam:
    """Adam (Kingma, Ba 2015), PyTorch's fused one, over parameters in their order in memory.

    Given channels-last weights as they are, it would copy weights, gradients and moments into
    another order and back at every step, which costs more than the step.
    """

    def __init__(self, network: nn.Module, learning_rate: float, weight_decay: float = 0.0) -> None:
        self._parameters = list(network.parameters())
        views = [_in_memory_order(p.detach()) for p in self._parameters]
        self._adam = torch.optim.Adam(
            views, lr=learning_rate, weight_decay=weight_decay, fused=True
        )

    def set_learning_rate(self, rate: float) -> None:
        for group in self._adam.param_groups:
            group["lr"] = rate

    def step(self) -> None:
        """Use the gradients up."""
        (group,) = self._adam.param_groups
        for view, parameter in zip(group["params"], self._parameters, strict=True):
            view.grad = _in_memory_order(parameter.grad)
            parameter.grad = None
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)

    def state(self) -> dict[int, dict[str, torch.Tensor]]:
        """Moments and steps by number of the parameter, in the parameters' shape."""
        return {
            index: {name: _in_shape(value) for name, value in state.items()}
            for index, state in self._adam.state_dict()["state"].items()
        }

    def load_state(self, state: dict[int, dict[str, torch.Tensor]]) -> None:
        """Take over what `state` gave."""
        ordered = {
            index: {name: _in_memory_order(value) for name, value in values.items()}
            for index, values in state.items()
        }
        self._adam.load_state_dict({**self._adam.state_dict(), "state": ordered})


def _in_memory_order(tensor: torch.Tensor) -> torch.Tensor:
    """Dimensions of a channels-last tensor in the order in which it lies in memory."""
    if tensor.ndim != 4:
        return tensor
    return tensor.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1)


def _in_shape(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor
