"""Ways of making stochastic passes that `bench` sets side by side, and the ceilings above them."""

from __future__ import annotations

import copy
import dataclasses
import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import conv2d, conv_transpose2d, linear

from ..network import MCDUNet
from ..network.folded import FoldedUNet, has_fused_convolutions
from ..network.mcd_unet import Scale
from ..uncertainty.engine import Engine
from ..uncertainty.statistics import ImageStatistics

FLOAT32_BATCH = 8
BATCH = 16
"""Of plain PyTorch in the engine's precision."""
SIZES = (512, 1024, 2048, 4096)
"""Of the square matrices whose fastest product is the ceiling of all arithmetic."""


@dataclass(frozen=True)
class Contender:
    """One way.

    Attributes:
        run: does `passes` passes, or the part of them that one convolution is.
        passes: in one run.
        flops: of one pass; zero where nobody asks.
    """

    run: Callable[[], object]
    passes: float
    flops: float = 0.0


def contenders(network: MCDUNet, side: int, engine: Engine) -> dict[str, Contender]:
    """Every way, by its name in the results; images are `side` pixels square."""
    device, dtype = engine.device, engine.dtype
    image = torch.randn(1, 1, side, side)
    plain = _with_plain_dropout(network).to(device)
    cast = copy.deepcopy(plain).to(dtype=dtype, memory_format=torch.channels_last)
    folded = _without_dropout(network).to(device, dtype, memory_format=torch.channels_last)
    single = image.to(device)
    batch = _batch(image, FLOAT32_BATCH, device, torch.float32)
    cast_batch = _batch(image, BATCH, device, dtype)
    bare = FoldedUNet(_dropout_free(network), side, side, device, dtype)
    own_batch = _batch(image, engine.batch, device, dtype)
    found = {
        "naive": Contender(lambda: plain(single).sigmoid(), 1),
        "batched_float32": Contender(lambda: plain(batch).sigmoid(), FLOAT32_BATCH),
        f"batched_{str(dtype).removeprefix('torch.')}": Contender(
            lambda: cast(cast_batch).sigmoid(), BATCH
        ),
        "no_dropout_pytorch": Contender(lambda: folded(cast_batch).sigmoid(), BATCH),
        "no_dropout_fused": Contender(
            lambda: bare.after_dropout(bare.before_dropout(own_batch), ()).sigmoid(), engine.batch
        ),
        "ours": _ours(engine, image, engine.batch),
    }
    for size in (1, 2, 4, 8, 16, 32) if device.type == "cpu" else (1, 4, 16, 64, 256):
        found[f"ours_batch_{size}"] = _ours(engine, image, size)
    wrapped = _torch_uncertainty(plain)
    if wrapped is not None:
        found["torch_uncertainty"] = Contender(lambda: wrapped(single).sigmoid(), FLOAT32_BATCH)
    return found


def bare_convolutions(network: MCDUNet, side: int, engine: Engine) -> list[Contender]:
    """Each convolution of the network alone, on features that lie ready, at the engine's batch."""
    parts = []
    for depth, scale in enumerate(network.encoder):
        parts += [_bare(scale[i], side >> depth, engine) for i in (0, 3)]
    for index, (up, scale) in enumerate(zip(network.up, network.decoder, strict=True)):
        depth = len(network.up) - 1 - index
        parts.append(_bare(up, side >> depth + 1, engine))
        parts += [_bare(scale[i], side >> depth, engine) for i in (0, 3)]
    return [*parts, _bare(network.head, side, engine)]


def matrix_products(network_flops: float, engine: Engine) -> list[Contender]:
    """As much arithmetic as in one pass, in products of large matrices."""
    products = []
    for size in SIZES:
        left, right = torch.randn(2, size, size).to(engine.device, engine.dtype)
        multiply = functools.partial(linear, left, right)
        products.append(Contender(multiply, 2 * size**3 / network_flops))
    return products


def _ours(engine: Engine, image: torch.Tensor, batch: int) -> Contender:
    prepared = engine.prepare(image, seed=0, stream=batch)
    statistics = ImageStatistics(*image.shape[-2:], engine.device)
    return Contender(lambda: statistics.add(engine.passes(prepared, batch)[:, 0]), batch)


def _bare(layer: nn.Conv2d | nn.ConvTranspose2d, side: int, engine: Engine) -> Contender:
    channels = layer.in_channels
    features = torch.randn(engine.batch, channels, side, side).to(
        engine.device, engine.dtype, memory_format=torch.channels_last
    )
    weight = layer.weight.data.to(engine.device, engine.dtype, memory_format=torch.channels_last)
    bias = torch.zeros(layer.out_channels, device=engine.device, dtype=engine.dtype)
    flops = 2.0 * weight.numel() * side**2
    padding, stride = list(layer.padding), list(layer.stride)
    transposed = isinstance(layer, nn.ConvTranspose2d)
    if not has_fused_convolutions(engine.device):
        convolve = conv_transpose2d if transposed else conv2d
        return Contender(
            lambda: convolve(features, weight, bias, stride=stride, padding=padding),
            engine.batch,
            flops,
        )
    ops = torch.ops.mkldnn
    if transposed:
        packed = ops._reorder_convolution_transpose_weight(
            weight, padding, [0, 0], stride, input_size=list(features.shape)
        )
        rest = (padding, [0, 0], stride, [1, 1], 1, "none", [], "")
        return Contender(
            lambda: ops._convolution_transpose_pointwise(features, packed, bias, *rest),
            engine.batch,
            flops,
        )
    packed = ops._reorder_convolution_weight(
        weight, padding, stride, input_size=list(features.shape)
    )
    rest = (padding, stride, [1, 1], 1, "none", [], "")
    return Contender(
        lambda: ops._convolution_pointwise(features, packed, bias, *rest), engine.batch, flops
    )


def _batch(
    image: torch.Tensor, count: int, device: torch.device, dtype: torch.dtype
) -> torch.Tensor:
    return image.repeat(count, 1, 1, 1).to(device, dtype, memory_format=torch.channels_last)


def _with_plain_dropout(network: MCDUNet) -> MCDUNet:
    """As everyone writes it: evaluation mode, but for PyTorch's own dropout."""
    network = copy.deepcopy(network).eval()
    for scale in (*network.encoder, *network.decoder):
        scale[-1] = nn.Dropout(network.architecture.dropout).train()
    return network


def _without_dropout(network: MCDUNet) -> MCDUNet:
    """Batch normalisation folded, dropout gone."""
    network = copy.deepcopy(network).eval()
    for scale in (*network.encoder, *network.decoder):
        _fold(scale)
    return network


def _fold(scale: Scale) -> None:
    for convolution, normalisation in ((0, 1), (3, 4)):
        scale[convolution] = nn.utils.fusion.fuse_conv_bn_eval(
            scale[convolution], scale[normalisation]
        )
        scale[normalisation] = nn.Identity()
    scale[-1] = nn.Identity()


def _dropout_free(network: MCDUNet) -> MCDUNet:
    free = MCDUNet(dataclasses.replace(network.architecture, dropout=0.0)).eval()
    free.load_state_dict(network.state_dict())
    return free


def _torch_uncertainty(network: MCDUNet) -> nn.Module | None:
    """The wrapper of that library around the naive network, where it is installed."""
    try:
        methods = importlib.import_module("torch_uncertainty.methods")
    except ImportError:
        return None
    return methods.mc_dropout(network, num_estimators=FLOAT32_BATCH).eval()
