"""What an image goes through before a network sees it."""

from __future__ import annotations

import torch


def normalise(images: torch.Tensor) -> torch.Tensor:
    """Zero mean and unit variance per image (n, 1, y, x), as in the paper (Methods, Dataset)."""
    mean = images.mean((-2, -1), keepdim=True)
    deviation = images.std((-2, -1), keepdim=True, unbiased=False)
    return (images - mean) / deviation.clamp_min(1e-12)
