"""The random bits of one image's passes."""

from __future__ import annotations

import numpy as np
import torch

from ..network.bernoulli import binary_digits, kept


class RandomWords:
    """Independent draws, 64 to a word; a bit is set with probability `keep`.

    On CPUs the bits come from SFC64 (NumPy), on GPUs from PyTorch's Philox.

    Attributes:
        passes: that had their words.
    """

    def __init__(
        self, keep: float, words: int, seed: int, stream: int, device: torch.device
    ) -> None:
        """Draws of `words` words a pass; each `stream` of a seed is independent of the others."""
        self.passes = 0
        self._digits = binary_digits(keep)
        self._words = words
        self._device = device
        sequence = np.random.SeedSequence([seed, stream])
        if device.type == "cpu":
            self._source = np.random.SFC64(sequence)
        else:
            self._source = torch.Generator(device)
            self._source.manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> 1))

    def draw(self, passes: int) -> torch.Tensor:
        """Words for the next passes, int64 (passes, words).

        On CPUs what a pass gets does not depend on how passes are grouped.
        """
        self.passes += passes
        if not self._digits:
            full = torch.full((1, self._words), -1, dtype=torch.int64, device=self._device)
            return full.expand(passes, -1)
        return kept(self._random(passes, len(self._digits)), self._digits)

    def _random(self, passes: int, digits: int) -> torch.Tensor:
        if isinstance(self._source, torch.Generator):
            random = torch.empty(
                passes, digits, self._words, dtype=torch.int64, device=self._device
            )
            return random.random_(-(2**63), None, generator=self._source)
        raw = self._source.random_raw(passes * digits * self._words)
        return torch.from_numpy(raw.view(np.int64)).view(passes, digits, self._words)
