"""What an image goes through before a network sees it."""

from __future__ import annotations

import torch

PIXEL_RANGE = (2.4, 4.0)
"""In-plane pixel sizes (mm) that the networks were trained for."""

PIXEL_TARGET = 3.0
"""Pixel size (mm) that other images are resampled to."""


def normalise(images: torch.Tensor) -> torch.Tensor:
    """Zero mean and unit variance per image (n, 1, y, x), as in the paper (Methods, Dataset)."""
    mean = images.mean((-2, -1), keepdim=True)
    deviation = images.std((-2, -1), keepdim=True, unbiased=False)
    return (images - mean) / deviation.clamp_min(1e-12)
