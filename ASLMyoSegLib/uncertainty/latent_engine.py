"""Samples of a probabilistic U-Net, asked for as an `Engine` is asked for passes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..network import MCDUNet, ProbabilisticUNet
from .engine import LARGEST_BATCH, Engine, PreparedImage


@dataclass
class PreparedLatent:
    """An image whose samples can begin: its features, where latent numbers lie, the draws, and how
    many there were."""

    features: torch.Tensor
    mean: torch.Tensor
    deviation: torch.Tensor
    generator: torch.Generator
    drawn: int = 0


class LatentEngine:
    """Samples of one network over images.

    All but the latent numbers and three small layers is computed once an image, so a sample costs
    a hundredth of a pass.

    Attributes:
        batch: samples computed at once; it changes no draw.
        device: where.
        dtype: in which type.
    """

    def __init__(self, network: ProbabilisticUNet, device: torch.device) -> None:
        self.device, self.dtype = device, torch.float32
        self.batch = LARGEST_BATCH[device.type]
        self._network = network.to(device).eval()

    @torch.inference_mode()
    def prepare(self, image: torch.Tensor, seed: int, stream: int) -> PreparedLatent:
        """Begin with an image, or with several views of it, of zero mean and unit variance.

        Args:
            image: (view, 1, y, x), on any device.
            seed: of the series.
            stream: number of the image in it; streams are independent.
        """
        image = image.to(self.device, self.dtype)
        prior = self._network.prior(image).base_dist
        generator = torch.Generator().manual_seed((seed * 1_000_003 + stream) % 2**63)
        features = self._network.features(image)
        return PreparedLatent(features, prior.loc, prior.scale, generator)

    @torch.inference_mode()
    def passes(self, image: PreparedLatent, count: int) -> torch.Tensor:
        """Probabilities of the next samples, float32 (count, 1, y, x).

        Sample number k of an image sees view k modulo their number.
        """
        views = (image.drawn + torch.arange(count)) % len(image.mean)
        image.drawn += count
        normal = torch.randn(count, image.mean.shape[1], generator=image.generator)
        latent = image.mean[views] + image.deviation[views] * normal.to(self.device)
        features = image.features if len(image.mean) == 1 else image.features[views]
        return self._network.combination(features, latent).sigmoid()


AnyEngine = Engine | LatentEngine
AnyPrepared = PreparedImage | PreparedLatent


def engine_for(
    network: MCDUNet | ProbabilisticUNet,
    rows: int,
    columns: int,
    device: torch.device,
    views: int = 1,
    batch: int | None = None,
) -> AnyEngine:
    """What makes the passes of a network over images of one size (see `Engine`)."""
    if isinstance(network, ProbabilisticUNet):
        return LatentEngine(network, device)
    return Engine(network, rows, columns, device, views=views, batch=batch)
