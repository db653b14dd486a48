"""Augmentation: other positions, sizes, contrasts and noise than those of the training images.

The paper used none; we do, as networks trained on one phantom must hold on images of other
scanners. Everything is drawn anew for each image.
"""

from __future__ import annotations

import torch
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample, interpolate

from ..network.preparation import normalise


def augment(
    images: torch.Tensor, masks: torch.Tensor, generator: torch.Generator, side: int | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and masks (n, 1, y, x) moved and recoloured; images come back normalised.

    Args:
        images: float32, of any scale.
        masks: float32, 0 or 1.
        generator: of everything random.
        side: rows and columns to cut out, somewhere about the muscle; None keeps the whole image.
    """
    # Normalised before anything is cut, as images are when the network is used.
    images = normalise(images)
    grid = _warp(images, generator)
    warped = grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    outlines = grid_sample(masks, grid, padding_mode="zeros", align_corners=False)
    # Interpolation softens borders, so half of the images are only turned and mirrored, exactly.
    exact = torch.rand(len(images), generator=generator) < 0.5
    quarter = 1 if images.shape[-1] == images.shape[-2] else 2
    turns = quarter * int(torch.randint(4, (), generator=generator))
    mirror = [-1] if torch.rand((), generator=generator) < 0.5 else []
    for moved, still in ((warped, images), (outlines, masks)):
        moved[exact] = still[exact].rot90(turns, (-2, -1)).flip(mirror)
    coloured, drawn = normalise(_recolour(warped, generator)), (outlines >= 0.5).float()
    if side is None:
        return coloured, drawn
    spans = [_around_muscle(mask[0], side, generator) for mask in drawn]
    coloured, drawn = (
        torch.stack(
            [image[:, rows, columns] for image, (rows, columns) in zip(x, spans, strict=True)]
        )
        for x in (coloured, drawn)
    )
    return coloured, drawn


def _around_muscle(
    mask: torch.Tensor, side: int, generator: torch.Generator
) -> tuple[slice, slice]:
    """Rows and columns of a square that holds the middle of the muscle, anywhere in it."""
    spans = []
    for along, size in zip((1, 0), mask.shape, strict=True):
        drawn = mask.any(along).nonzero()
        middle = drawn.float().mean() if len(drawn) else torch.tensor(size / 2)
        shift = 0.35 * side * (2 * torch.rand((), generator=generator) - 1)
        first = int((middle + shift - side / 2).clamp(0, size - side))
        spans.append(slice(first, first + side))
    return spans[0], spans[1]


def _warp(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Sampling grid: turned by any angle, mirrored, scaled by 0.75 to 1.35, shifted, bent."""
    count, _, rows, columns = images.shape

    def uniform(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    angle = uniform(-torch.pi, torch.pi)
    zoom = 1 / torch.exp(uniform(-0.29, 0.30))
    stretch = torch.exp(uniform(-0.10, 0.10))
    mirror = 1 - 2 * (torch.rand(count, generator=generator) < 0.5).float()
    cosine, sine = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    matrix = torch.stack(
        [
            torch.stack([cosine * mirror * stretch, -sine / stretch, uniform(-0.25, 0.25)], dim=1),
            torch.stack([sine * mirror * stretch, cosine / stretch, uniform(-0.25, 0.25)], dim=1),
        ],
        dim=1,
    )
    grid = affine_grid(matrix, list(images.shape), align_corners=False)
    coarse = torch.randn(count, 2, 7, 7, generator=generator)
    bend = interpolate(coarse, (rows, columns), mode="bicubic", align_corners=True)
    return grid + 0.02 * uniform(0, 1).view(-1, 1, 1, 1) * bend.permute(0, 2, 3, 1)


def _recolour(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Another gamma, coil shading, texture, resolution and noise.

    Now and then the contrast is inverted, or a coil so near that it outshines the heart.
    """
    count = len(images)

    def per_image(low: float, high: float) -> torch.Tensor:
        return (low + (high - low) * torch.rand(count, generator=generator)).view(-1, 1, 1, 1)

    low = images.amin((-2, -1), keepdim=True)
    span = (images.amax((-2, -1), keepdim=True) - low).clamp_min(1e-6)
    tone = ((images - low) / span).clamp_min(1e-6) ** torch.exp(per_image(-0.6, 0.6))
    tone = torch.where(per_image(0, 1) < 0.05, 1 - tone, tone)

    def smooth(knots: int, mode: str) -> torch.Tensor:
        coarse = torch.randn(count, 1, knots, knots, generator=generator)
        return interpolate(coarse, images.shape[-2:], mode=mode, align_corners=True)

    strength = torch.where(per_image(0, 1) < 0.2, per_image(0.35, 0.9), per_image(0, 0.35))
    tone = tone * torch.exp(strength * smooth(4, "bicubic"))
    tone = tone * torch.exp(per_image(-0.2, 0.25).clamp_min(0) * smooth(24, "bilinear"))
    blurred = avg_pool2d(tone, 3, stride=1, padding=1, count_include_pad=False)
    tone = torch.lerp(tone, blurred, per_image(-0.7, 0.8).clamp_min(0))
    tone = normalise(tone)
    noise = per_image(-0.15, 0.35).clamp_min(0)
    return tone + noise * torch.randn(tone.shape, generator=generator)
