"""The mean of a network's weights over its last steps, which is better than any of them."""

from __future__ import annotations

import copy

import torch

from ..network import MCDUNet


class WeightAverage:
    """Exponential moving average of weights and of batch normalisation's statistics.

    Polyak, Juditsky 1992; as in Tarvainen, Valpola 2017 it begins with a plain mean.

    Attributes:
        network: the mean.
        steps: that went into it.
    """

    def __init__(self, network: MCDUNet, keep: float) -> None:
        self.network = copy.deepcopy(network)
        self.steps = 0
        self._keep = keep

    @torch.no_grad()
    def add(self, network: MCDUNet) -> None:
        """Take in the weights after a step."""
        self.steps += 1
        weight = max(1 - self._keep, 1 / self.steps)
        own, new = self.network.state_dict(), network.state_dict()
        for name, value in own.items():
            if value.is_floating_point():
                value.lerp_(new[name], weight)
            else:
                value.copy_(new[name])
