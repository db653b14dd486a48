"""Dropout whose masks cost little: PyTorch's own takes a quarter of a training step on CPUs."""

from __future__ import annotations

import torch
from torch import nn

from .bernoulli import MASK_VALUE, TWO, binary_digits, kept, spread, words_for


class BitDropout(nn.Dropout):
    """Dropout that decides each unit by one random bit at a rate of one half, and by more bits at
    other rates; independent draws. A GPU, and other types, take PyTorch's own."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        idle = not self.training or not self.p
        if idle or features.is_cuda or features.dtype not in TWO:
            return super().forward(features)
        # The mask lies in memory as the features do, so that both are read in one go.
        dense = features.is_contiguous(memory_format=torch.channels_last)
        features = features if dense else features.contiguous()
        digits = binary_digits(1.0 - self.p)
        random = torch.empty(1, len(digits), words_for(features.numel()), dtype=torch.int64)
        words = kept(random.random_(-(2**63), None), digits)
        mask = spread(words, features.dtype).as_strided(features.size(), features.stride())
        if self.p != 0.5:
            mask.mul_(1.0 / (MASK_VALUE * (1.0 - self.p)))
        return features * mask
