"""The U-Net as it is sampled: nothing is computed that could have been computed before.

Batch normalisation is folded into the convolutions; what lies before the first dropout is computed
once for all passes; masks come from outside; on CPUs activation, mask and scale happen as each
convolution writes its result (oneDNN's post-operations), from weights that lie in oneDNN's order
already.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn.functional import conv2d, conv_transpose2d
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .bernoulli import MASK_VALUE
from .mcd_unet import MCDUNet
from .precision import is_x86

PACKING_BATCH = 16
"""Batch for which oneDNN chooses the order of the weights; others work as well."""


class FoldedUNet:
    """A trained network, ready for many passes over images of one size.

    Attributes:
        dtype: in which it computes.
        device: where.
        fuse_masks: whether convolutions apply masks as they write, where they can.
        mask_shapes: (y, x, channel) of the masks that a pass needs, in order of use; empty for a
            network without dropout.
    """

    def __init__(
        self, network: MCDUNet, rows: int, columns: int, device: torch.device, dtype: torch.dtype
    ) -> None:
        self.device, self.dtype, self.fuse_masks = device, dtype, True
        scales = len(network.encoder)
        depths = [*range(scales), *range(scales - 2, -1, -1)]
        sizes = [(rows >> depth, columns >> depth) for depth in depths]
        rate = network.architecture.dropout
        # Masks double what they keep; what else keeps the mean is in the weights that follow.
        rest = 1 / ((1 - rate) * MASK_VALUE) if rate else 1.0
        network = _copy(network)
        rooms = [*network.encoder, *network.decoder]
        maps = [scale[0].out_channels for scale in rooms]
        self.mask_shapes = [(*size, m) for size, m in zip(sizes, maps, strict=True)] if rate else []

        def folded(place: int) -> list[_Convolution]:
            scale = rooms[place]
            first, second = (fuse_conv_bn_eval(scale[i], scale[i + 1]) for i in (0, 3))
            # What was masked before: not the image; all that is pooled; the half of a decoder's
            # input that skips, while the half from below comes through `up`, masked before it.
            masked = slice(0 if place == 0 else None if place < scales else maps[place])
            first.weight.data[:, masked] *= rest
            return [_Convolution(layer, sizes[place], device, dtype) for layer in (first, second)]

        self._encoder = [folded(place) for place in range(scales)]
        self._decoder = [folded(place) for place in range(scales, len(rooms))]
        for layer in (*network.up, network.head):
            layer.weight.data *= rest
        self._up = [
            _Transposed(layer, size, device, dtype)
            for layer, size in zip(network.up, sizes[scales - 1 :], strict=False)
        ]
        self._head = network.head.weight.data.flatten().to(device, dtype)
        self._bias = float(network.head.bias)

    @torch.inference_mode()
    def before_dropout(self, images: torch.Tensor) -> torch.Tensor:
        """Features of images (n, 1, y, x) up to the first dropout: the same for all passes."""
        images = images.to(self.device, self.dtype, memory_format=torch.channels_last)
        first, second = self._encoder[0]
        return second(first(images))

    @torch.inference_mode()
    def after_dropout(
        self, features: torch.Tensor, masks: Iterable[torch.Tensor], first: int = 0
    ) -> torch.Tensor:
        """Logits of passes, float32 (n, 1, y, x).

        Args:
            features: of one or several views of an image, from `before_dropout`; passes take
                turns with them.
            masks: each (n, channel, y, x), channels last, 0.0 or 2.0; they are overwritten. A
                generator is welcome: a mask is asked for when its layer is reached, and is fresh
                in the cache then. A network without dropout takes none, and each view has one
                pass.
            first: number of the view that the first pass takes.
        """
        masks = iter(masks)
        mask = next(masks, None)
        features = features if mask is None else _taking_turns(mask, features, first)
        skips = [features]
        for first, second in self._encoder[1:]:
            features = self._masked(second, first(_pooled(features)), next(masks, None))
            skips.append(features)
        skips.pop()
        for up, (first, second) in zip(self._up, self._decoder, strict=True):
            features = first(torch.cat([skips.pop(), up(features)], dim=1))
            features = self._masked(second, features, next(masks, None))
        flat = features.permute(0, 2, 3, 1)
        return (flat @ self._head[:, None]).permute(0, 3, 1, 2).float() + self._bias

    def _masked(
        self, convolution: _Convolution, features: torch.Tensor, mask: torch.Tensor | None
    ) -> torch.Tensor:
        if mask is None or self.fuse_masks:
            return convolution(features, mask)
        return convolution(features).mul_(mask)


class _Convolution:
    """Convolution, ReLU, and a mask where there is one."""

    def __init__(
        self, layer: nn.Conv2d, size: tuple[int, int], device: torch.device, dtype: torch.dtype
    ) -> None:
        self._padding = list(layer.padding)
        self._bias = layer.bias.data.to(device, dtype)
        weight = layer.weight.data.to(device, dtype, memory_format=torch.channels_last)
        self._fused = has_fused_convolutions(device)
        if self._fused:
            shape = [PACKING_BATCH, layer.in_channels, *size]
            weight = torch.ops.mkldnn._reorder_convolution_weight(
                weight, self._padding, [1, 1], [1, 1], 1, shape
            )
        self._weight = weight

    def __call__(self, features: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        if not self._fused:
            features = conv2d(features, self._weight, self._bias, padding=self._padding).relu_()
            return features if mask is None else features.mul_(mask)
        fused = torch.ops.mkldnn._convolution_pointwise
        shape = (self._padding, [1, 1], [1, 1], 1)
        if mask is None:
            return fused(features, self._weight, self._bias, *shape, "relu", [], "")
        # A mask is never negative, so it may come before the ReLU.
        return fused.binary(
            features, mask, self._weight, self._bias, *shape, "mul", None, "relu", [], ""
        )


class _Transposed:
    """The 2x2 transposed convolution that doubles the resolution."""

    def __init__(
        self,
        layer: nn.ConvTranspose2d,
        size: tuple[int, int],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self._bias = layer.bias.data.to(device, dtype)
        self._weight = layer.weight.data.to(device, dtype)
        self._fused = has_fused_convolutions(device)
        if self._fused:
            shape = [PACKING_BATCH, layer.in_channels, *size]
            self._weight = torch.ops.mkldnn._reorder_convolution_transpose_weight(
                self._weight, [0, 0], [0, 0], [2, 2], [1, 1], 1, shape
            )

    def __call__(self, features: torch.Tensor) -> torch.Tensor:
        if not self._fused:
            return conv_transpose2d(features, self._weight, self._bias, stride=2)
        return torch.ops.mkldnn._convolution_transpose_pointwise(
            features, self._weight, self._bias, [0, 0], [0, 0], [2, 2], [1, 1], 1, "none", [], ""
        )


def has_fused_convolutions(device: torch.device) -> bool:
    """Whether this build of PyTorch carries oneDNN's fused convolutions for this processor.

    On ARM, oneDNN hands convolutions on to another library, which does not fuse masks.
    """
    return (
        device.type == "cpu"
        and is_x86()
        and all(
            hasattr(torch.ops.mkldnn, name)
            for name in ("_convolution_pointwise", "_convolution_transpose_pointwise")
        )
    )


def _taking_turns(mask: torch.Tensor, views: torch.Tensor, first: int) -> torch.Tensor:
    """Masks (n, ...) times the views (v, ...) of the passes, in place."""
    for number, view in enumerate(views):
        mask[(number - first) % len(views) :: len(views)].mul_(view)
    return mask


def _pooled(features: torch.Tensor) -> torch.Tensor:
    """2x2 maximum of channels-last features that are not negative.

    Such numbers are ordered as the integers of the same bits, which take one instruction.
    """
    whole = features.permute(0, 2, 3, 1)
    if features.dtype.itemsize == 2:
        whole = whole.view(torch.int16)
    whole = torch.maximum(whole[:, :, 0::2], whole[:, :, 1::2])
    whole = torch.maximum(whole[:, 0::2], whole[:, 1::2])
    return whole.view(features.dtype).permute(0, 3, 1, 2)


def _copy(network: MCDUNet) -> MCDUNet:
    copied = MCDUNet(network.architecture)
    copied.load_state_dict(network.state_dict())
    return copied.eval().requires_grad_(False)
