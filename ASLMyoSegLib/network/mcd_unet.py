"""The Monte Carlo dropout U-Net of the paper (Do, Guo, Yoon, Nayak 2020, Figure 1)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from .dropout import BitDropout


@dataclass(frozen=True)
class Architecture:
    """What fixes the network's shape.

    Attributes:
        base_maps: feature maps at full resolution; doubled at each scale below.
        scales: resolution scales; images must be divisible by ``2 ** (scales - 1)``.
        kernel_size: of every convolution, odd.
        dropout: rate at the end of each scale, 0 to 1.
    """

    base_maps: int = 64
    scales: int = 5
    kernel_size: int = 5
    dropout: float = 0.5

    @property
    def stride(self) -> int:
        """Image sides must be a multiple of this."""
        return 2 ** (self.scales - 1)


class Scale(nn.Sequential):
    """Two convolutions, each with batch normalisation and ReLU, and dropout at the end."""

    def __init__(self, incoming: int, outgoing: int, architecture: Architecture) -> None:
        k = architecture.kernel_size
        layers: list[nn.Module] = []
        for channels in (incoming, outgoing):
            layers += [
                nn.Conv2d(channels, outgoing, k, padding=k // 2, bias=False),
                nn.BatchNorm2d(outgoing),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers, BitDropout(architecture.dropout))


class MCDUNet(nn.Module):
    """Images (n, 1, y, x) of zero mean and unit variance to logits (n, 1, y, x)."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        maps = [architecture.base_maps * 2**k for k in range(architecture.scales)]
        self.encoder = nn.ModuleList(
            Scale(before, after, architecture)
            for before, after in zip([1, *maps], maps, strict=False)
        )
        self.pool = nn.MaxPool2d(2)
        upwards = list(zip(maps[:0:-1], maps[-2::-1], strict=True))
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(below, above, 2, stride=2) for below, above in upwards
        )
        self.decoder = nn.ModuleList(Scale(2 * above, above, architecture) for _, above in upwards)
        self.head = nn.Conv2d(maps[0], 1, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(images))

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """What the head sees: (n, base maps, y, x)."""
        skips = []
        features = images
        for scale in self.encoder:
            features = scale(self.pool(features) if skips else features)
            skips.append(features)
        skips.pop()
        for up, scale in zip(self.up, self.decoder, strict=True):
            features = scale(torch.cat([skips.pop(), up(features)], dim=1))
        return features
