"""A trained network, brought nearer to the images at hand without training."""

from __future__ import annotations

import functools

import torch
from torch import nn

from .dropout import BitDropout
from .mcd_unet import MCDUNet
from .precision import autocast

SEED = 0
"""Of dropout in the pass over the images: these alone decide what becomes of a network, so that a
score's spread over repeated runs is that of its passes."""


@torch.no_grad()
def adapted(network: MCDUNet, images: torch.Tensor, share: float, device: torch.device) -> MCDUNet:
    """A copy whose batch normalisation follows the images, as far as `share` says.

    Feature statistics of other scanners and sequences differ from those of the training; part of
    both holds better than either (Nado et al. 2020, arXiv:2006.10963; Schneider et al. 2020,
    arXiv:2006.16971). Layer by layer, from one pass with dropout over the images.

    Args:
        network: trained, in evaluation mode.
        images: (n, 1, y, x), normalised.
        share: of the images' statistics, 0 to 1.
        device: that computes.
    """
    copied = MCDUNet(network.architecture)
    copied.load_state_dict(network.state_dict())
    copied.eval().requires_grad_(False)
    for layer in copied.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.register_forward_pre_hook(functools.partial(_mix, share))
        layer.training = isinstance(layer, BitDropout)
    copied.to(device)
    gpus = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(gpus), autocast(device):
        torch.manual_seed(SEED)
        copied(images.to(device, memory_format=torch.channels_last))
    found = MCDUNet(network.architecture)
    found.load_state_dict(copied.state_dict())
    return found.eval()


def _mix(share: float, layer: nn.BatchNorm2d, inputs: tuple[torch.Tensor]) -> None:
    features = inputs[0].float()
    layer.running_mean.lerp_(features.mean((0, 2, 3)), share)
    layer.running_var.lerp_(features.var((0, 2, 3), unbiased=False), share)
