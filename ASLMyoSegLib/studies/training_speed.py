"""How fast a training step is, beside the same step in plain PyTorch."""

from __future__ import annotations

import copy
import time
from typing import Any

import numpy as np
import torch
from torch import nn

from ..network import MCDUNet
from ..network.losses import dice_loss
from ..network.preparation import normalise
from ..processes.parallel import Group
from ..training.fit import Step
from ..training.optimiser import SweepingAdam
from ..training.recipe import TrainingConfig
from ..training.sources import Batch
from ..training.state import TrainingState

REPETITIONS = 3


def training_speed(network: MCDUNet, side: int, device: torch.device) -> dict[str, Any]:
    """Milliseconds per image of a step with the paper's batch, medians of alternating repetitions.

    `plain_float32` is what everyone writes: float32, `nn.Dropout`, Adam as it comes. `ours` is the
    step of `training.fit`. Both include normalisation, loss, gradients and the optimiser.
    """
    config = TrainingConfig(architecture=network.architecture, augmentation=False)
    images = torch.randn(config.batch_size, 1, side, side)
    masks = (torch.rand(images.shape) > 0.9).float()
    plain = copy.deepcopy(network).to(device).train()
    for scale in (*plain.encoder, *plain.decoder):
        scale[-1] = nn.Dropout(network.architecture.dropout)
    own = copy.deepcopy(network).to(device, memory_format=torch.channels_last).train()
    plain_adam = torch.optim.Adam(plain.parameters(), lr=config.learning_rate)
    own_adam = SweepingAdam(own, config.learning_rate)
    step = Step(TrainingState(own, own_adam, None), dice_loss, config, device, Group())

    def plain_step() -> None:
        loss = dice_loss(plain(images.to(device)), masks.to(device))
        plain_adam.zero_grad(set_to_none=True)
        loss.backward()
        plain_adam.step()
        loss.item()

    ways = {
        "plain_float32": plain_step,
        "ours": lambda: step.step(Batch(normalise(images), masks)),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for repetition in range(-1, REPETITIONS):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            if repetition >= 0:  # the first one warms up
                times[name].append((time.perf_counter() - started) * 1e3 / len(images))
    ratios = np.divide(times["plain_float32"], times["ours"])
    return {
        "batch": len(images),
        "ms_per_image": {n: round(float(np.median(t)), 2) for n, t in times.items()},
        "speedup": round(float(np.median(ratios)), 2),
    }
