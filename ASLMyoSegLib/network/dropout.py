"""Dropout whose masks cost little: PyTorch's own takes a quarter of a training step on CPUs."""

from __future__ import annotations

import torch
from torch import nn

LEVELS = 256


class ByteDropout(nn.Dropout):
    """Dropout that decides each unit by one random byte; independent draws, exact rates.

    A rate that is no multiple of 1/256, or a GPU, takes PyTorch's own.
    """

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        limit = self.p * LEVELS
        if not self.training or features.is_cuda or limit != int(limit):
            return super().forward(features)
        # The mask lies in memory as the features do, so that both are read in one go.
        dense = features.is_contiguous(memory_format=torch.channels_last)
        features = features if dense else features.contiguous()
        words = torch.empty(-(-features.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
        drawn = words.view(torch.uint8)[: features.numel()]
        keep = drawn.as_strided(features.size(), features.stride()) >= int(limit)
        return features * keep * (1.0 / (1.0 - self.p))
