"""The Monte Carlo engine: many stochastic passes, streamed into mean and standard deviation."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..network import LoadedModel, MCDUNet
from ..network.precision import autocast, choose_device
from ..series import ASLSeries, Posterior
from . import DEFAULT_TRIALS
from .grid import NetworkGrid

BATCH = 16
"""Passes computed at once."""


def segment(
    series: ASLSeries,
    model: LoadedModel,
    trials: int = DEFAULT_TRIALS,
    seed: int = 0,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> Posterior:
    """N passes with dropout on over every image: Monte Carlo dropout as in the paper.

    Memory grows with N by one bit per pixel and pass only. Images whose pixels are not of the size
    that the network was trained for are resampled, and what comes out is brought back.

    Args:
        series: the images.
        model: the network.
        trials: N, 1 or more.
        seed: the same one gives the same result on the same machine.
        device: `auto`, `cpu` or `cuda`.
        progress: called with passes done and passes in all.

    Raises:
        ASLMyoSegError: where the device is not there.
    """
    target = choose_device(device)
    network = stochastic(model.network).to(target, memory_format=torch.channels_last)
    frames, slices, rows, columns = series.images.shape
    grid = NetworkGrid.of(series, model.network.architecture.stride)
    mean = np.empty(series.images.shape, np.float32)
    std = np.empty(series.images.shape, np.float32)
    packed = np.empty((trials, frames, slices, -(-rows * columns // 8)), np.uint8)
    total = frames * slices * trials
    with torch.inference_mode(), autocast(target), torch.random.fork_rng():
        for index in range(frames * slices):
            frame, k = divmod(index, slices)
            # A seed per image: what an image gets does not depend on the others.
            torch.manual_seed(int(np.random.SeedSequence([seed, index]).generate_state(1)[0]))
            image = torch.from_numpy(np.ascontiguousarray(series.images[frame, k], np.float32))
            prepared = grid.apply(image[None, None]).to(target)
            moments = np.zeros((2, rows, columns))
            for first in range(0, trials, BATCH):
                count = min(BATCH, trials - first)
                batch = prepared.expand(count, -1, -1, -1)
                batch = batch.contiguous(memory_format=torch.channels_last)
                probability = grid.undo(network(batch).float().sigmoid())[:, 0].cpu().numpy()
                moments[0] += probability.sum(0, dtype=np.float64)
                moments[1] += np.square(probability, dtype=np.float64).sum(0)
                masks = (probability >= 0.5).reshape(count, -1)
                packed[first : first + count, frame, k] = np.packbits(masks, axis=-1)
                if progress:
                    progress(index * trials + first + count, total)
            average = moments[0] / trials
            mean[frame, k] = average
            std[frame, k] = np.sqrt(np.maximum(moments[1] / trials - average**2, 0.0))
    return Posterior(
        mean=mean,
        std=std,
        trials=trials,
        trial_masks=packed,
        seed=seed,
        device=str(target),
        model={"name": model.name, "sha256": model.sha256},
    )


def stochastic(network: MCDUNet) -> MCDUNet:
    """A copy for sampling: batch normalisation folded into the convolutions, dropout on."""
    network = copy.deepcopy(network).eval()
    for scale in (*network.encoder, *network.decoder):
        layers = list(scale)
        for position, layer in enumerate(layers):
            if isinstance(layer, nn.BatchNorm2d):
                scale[position - 1] = fuse_conv_bn_eval(layers[position - 1], layer)
                scale[position] = nn.Identity()
            elif isinstance(layer, nn.Dropout):
                layer.train()
    return network
