"""The probabilistic U-Net (Kohl et al., NeurIPS 2018), as the paper sets it beside its own network.

A U-Net is joined by a conditional variational autoencoder: a few latent numbers, drawn for a whole
image, tell which of the plausible masks is meant. In training the posterior network, which sees the
mask, says where in the latent space it lies; when used, the prior network, which sees the image
only, says where plausible ones lie.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.distributions import Independent, Normal, kl_divergence

from .losses import binary_cross_entropy
from .mcd_unet import Architecture, MCDUNet

LOG_DEVIATION = 7.0
"""Most that the logarithm of a latent deviation may be, so that no step makes it overflow."""


@dataclass(frozen=True)
class ProbabilisticArchitecture:
    """What fixes the network's shape; defaults are Kohl's for medical images.

    Attributes:
        base_maps: feature maps of the U-Net at full resolution; doubled at each scale below.
        scales: resolution scales of U-Net, prior and posterior.
        kernel_size: of every convolution, odd.
        latent: dimensions of the latent space.
        latent_maps: feature maps of prior and posterior at full resolution.
        combinations: layers that join latent numbers and features.
    """

    base_maps: int = 32
    scales: int = 4
    kernel_size: int = 3
    latent: int = 6
    latent_maps: int = 32
    combinations: int = 3

    @property
    def stride(self) -> int:
        """Image sides must be a multiple of this."""
        return 2 ** (self.scales - 1)


class LatentGaussian(nn.Module):
    """An encoder to an axis-aligned Gaussian: the prior of images, the posterior of images and
    masks. As Kohl's it has no batch normalisation, which would tell an image about others."""

    def __init__(self, incoming: int, architecture: ProbabilisticArchitecture) -> None:
        super().__init__()
        k = architecture.kernel_size
        layers: list[nn.Module] = []
        for depth in range(architecture.scales):
            outgoing = architecture.latent_maps * 2**depth
            layers += [nn.AvgPool2d(2)] if depth else []
            for channels in (incoming, outgoing):
                convolution = nn.Conv2d(channels, outgoing, k, padding=k // 2)
                nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
                layers += [convolution, nn.ReLU(inplace=True)]
            incoming = outgoing
        self.encoder = nn.Sequential(*layers)
        self.head = nn.Linear(incoming, 2 * architecture.latent)

    def forward(self, inputs: torch.Tensor) -> Independent:
        """Distribution over (n, latent) of inputs (n, incoming, y, x)."""
        features = self.encoder(inputs).float().mean((-2, -1))
        mean, log_deviation = self.head(features).chunk(2, dim=1)
        log_deviation = log_deviation.clamp(-LOG_DEVIATION, LOG_DEVIATION)
        return Independent(Normal(mean, log_deviation.exp()), 1)


class Combination(nn.Sequential):
    """Features and latent numbers, the same for all pixels, to logits, by 1x1 convolutions."""

    def __init__(self, architecture: ProbabilisticArchitecture) -> None:
        maps = architecture.base_maps
        layers: list[nn.Module] = []
        incoming = maps + architecture.latent
        for _ in range(architecture.combinations - 1):
            layers += [nn.Conv2d(incoming, maps, 1), nn.ReLU(inplace=True)]
            incoming = maps
        super().__init__(*layers, nn.Conv2d(incoming, 1, 1))

    def forward(self, features: torch.Tensor, latent: torch.Tensor) -> torch.Tensor:
        """Logits (n, 1, y, x) of features (n or 1, maps, y, x) and latent numbers (n, latent)."""
        count, (rows, columns) = len(latent), features.shape[-2:]
        told = latent[:, :, None, None].expand(-1, -1, rows, columns).to(features.dtype)
        return super().forward(torch.cat([features.expand(count, -1, -1, -1), told], dim=1))


class ProbabilisticUNet(nn.Module):
    """Images (n, 1, y, x) of zero mean and unit variance to samples of masks."""

    def __init__(self, architecture: ProbabilisticArchitecture) -> None:
        super().__init__()
        self.architecture = architecture
        trunk = Architecture(
            architecture.base_maps, architecture.scales, architecture.kernel_size, dropout=0.0
        )
        self.unet = MCDUNet(trunk)
        self.unet.head = nn.Identity()
        self.prior = LatentGaussian(1, architecture)
        self.posterior = LatentGaussian(2, architecture)
        self.combination = Combination(architecture)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """What all samples of an image share, (n, base maps, y, x)."""
        return self.unet.features(images)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (n, 1, y, x) of one sample of each image."""
        return self.combination(self.features(images), self.prior(images).sample())

    def loss(
        self, images: torch.Tensor, masks: torch.Tensor, divergence: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What is minimised, and the divergence in it, nats; means over the images.

        Cross-entropy is summed over the pixels, as in Kohl's own, so that `divergence` means what
        it means there.

        Args:
            images: float32 (n, 1, y, x).
            masks: float32, same shape, 0 or 1.
            divergence: weight of the divergence of the posterior from the prior.
        """
        posterior = self.posterior(torch.cat([images, masks - 0.5], dim=1))
        logits = self.combination(self.features(images), posterior.rsample())
        apart = kl_divergence(posterior, self.prior(images)).mean()
        pixels = images.shape[-1] * images.shape[-2]
        return binary_cross_entropy(logits, masks) * pixels + divergence * apart, apart
