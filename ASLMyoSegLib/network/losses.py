"""Losses on logits (n, 1, y, x) against masks of the same shape; each returns a scalar."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def dice_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """One minus the soft Dice coefficient, mean over images; Tversky's loss at β = 0.5."""
    return tversky_loss(logits, target, beta=0.5)


def tversky_loss(
    logits: torch.Tensor, target: torch.Tensor, beta: float, pixels: float = 1.0
) -> torch.Tensor:
    """``1 - TP / (TP + β FP + (1 - β) FN)``, mean over images; range 0 to 1.

    The paper prints β at FN, but its results (more β, fewer false positives) need it at FP, as
    here. `pixels` are added above and below the line: they keep an image without muscle finite,
    and where there are more of them, small hearts and empty images decide less.
    """
    probability = logits.float().sigmoid().flatten(1)
    target = target.float().flatten(1)
    hit = (probability * target).sum(1)
    false_positive = (probability * (1 - target)).sum(1)
    false_negative = ((1 - probability) * target).sum(1)
    wrong = beta * false_positive + (1 - beta) * false_negative
    return 1 - ((hit + pixels) / (hit + wrong + pixels)).mean()


def binary_cross_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean binary cross-entropy over pixels, nats."""
    return binary_cross_entropy_with_logits(logits.float(), target.float())


def mixed_loss(logits: torch.Tensor, target: torch.Tensor, beta: float) -> torch.Tensor:
    """Tversky's loss, softened for small hearts and none, and cross-entropy, which asks for true
    shares at borders."""
    soft = tversky_loss(logits, target, beta, pixels=10.0)
    return soft + binary_cross_entropy(logits, target)


LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]] = {
    "dice": lambda logits, target, _: dice_loss(logits, target),
    "bce": lambda logits, target, _: binary_cross_entropy(logits, target),
    "tversky": tversky_loss,
    "mixed": mixed_loss,
}
"""By name; β is Tversky's, in those that have it."""


def loss_by_name(name: str, beta: float) -> Loss:
    """One of `LOSSES`, with its β."""
    return lambda logits, target: LOSSES[name](logits, target, beta)
