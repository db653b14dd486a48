"""Losses on logits (n, 1, y, x) against masks of the same shape; each returns a scalar."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def dice_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """One minus the soft Dice coefficient, mean over images; Tversky's loss at β = 0.5."""
    return tversky_loss(logits, target, beta=0.5)


def tversky_loss(logits: torch.Tensor, target: torch.Tensor, beta: float) -> torch.Tensor:
    """``1 - TP / (TP + β FP + (1 - β) FN)``, mean over images; range 0 to 1.

    The paper prints β at FN, but its results (more β, fewer false positives) need it at FP, as
    here.
    """
    probability = logits.float().sigmoid().flatten(1)
    target = target.float().flatten(1)
    hit = (probability * target).sum(1)
    false_positive = (probability * (1 - target)).sum(1)
    false_negative = ((1 - probability) * target).sum(1)
    # One pixel's worth keeps an image without muscle finite.
    tversky = (hit + 1) / (hit + beta * false_positive + (1 - beta) * false_negative + 1)
    return 1 - tversky.mean()


def binary_cross_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean binary cross-entropy over pixels, nats."""
    return binary_cross_entropy_with_logits(logits.float(), target.float())


def loss_by_name(name: str, beta: float) -> Loss:
    """`dice`, `bce` or `tversky`; only the last one uses β."""
    losses: dict[str, Loss] = {
        "dice": dice_loss,
        "bce": binary_cross_entropy,
        "tversky": lambda logits, target: tversky_loss(logits, target, beta),
    }
    return losses[name]
