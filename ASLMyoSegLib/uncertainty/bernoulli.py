"""Random masks from as few random bits as their rate needs, in as few sweeps over memory."""

from __future__ import annotations

import numpy as np
import torch

RESOLUTION = 32
"""Bits after the point to which a rate is followed: 2**-33 is the largest error."""

TWO = {torch.bfloat16: 14, torch.float16: 14, torch.float32: 30}
"""Position of the one bit that is set in a 2.0."""


class BernoulliBits:
    """Independent draws, one bit each, 64 to a word: the bit is set with probability `keep`.

    A word of random bits decides 64 units at one half. Other rates compare a random number to the
    rate bit by bit, all 64 at once: each further binary digit of the rate takes a further word.

    On CPUs the words come from SFC64 (in NumPy), on GPUs from PyTorch's Philox.
    """

    def __init__(self, keep: float, words: int, seed: int, stream: int, device: torch.device):
        """Draws of `words` words a pass; each `stream` of a seed is independent of the others."""
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
        if not self._digits:
            full = torch.full((1, self._words), -1, dtype=torch.int64, device=self._device)
            return full.expand(passes, -1)
        random = self._random(passes, len(self._digits) * self._words)
        planes = random.view(passes, len(self._digits), self._words)
        # From the last digit: the random number is below the rate where its digit is smaller, or
        # equal with the rest below. Random bits are as good inverted, so no inversion is needed.
        below = planes[:, 0]
        for place, digit in enumerate(self._digits[1:], start=1):
            below = planes[:, place] | below if digit else planes[:, place] & below
        return below

    def _random(self, passes: int, words: int) -> torch.Tensor:
        if isinstance(self._source, torch.Generator):
            random = torch.empty(passes, words, dtype=torch.int64, device=self._device)
            return random.random_(-(2**63), None, generator=self._source)
        return torch.from_numpy(self._source.random_raw(passes * words).view(np.int64))


def binary_digits(keep: float) -> tuple[int, ...]:
    """Digits of a rate after the binary point, the last one first; none for a rate of 1."""
    scaled = round(keep * 2**RESOLUTION)
    if scaled >= 2**RESOLUTION:
        return ()
    digits = [scaled >> place & 1 for place in range(RESOLUTION)]
    return tuple(digits[digits.index(1) :])


def words_for(units: int) -> int:
    """Words that hold one bit for each unit."""
    return -(-units // 64)


def spread(words: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """One number per bit, 2.0 where it is set and 0.0 where not, (n, 64 words).

    A 2.0 has one bit set in each of the floating-point types, so each bit is moved to that place
    of a lane as wide as the type, four lanes of a word at once (two in float32).
    """
    two, lane = TWO[dtype], 8 * dtype.itemsize
    count, width = words.shape
    words = words[:, None]
    moved = torch.empty(count, lane, width, dtype=torch.int64, device=words.device)
    distance = torch.arange(two + 1, device=words.device)[:, None]
    torch.bitwise_left_shift(words, distance, out=moved[:, :-1])
    torch.bitwise_right_shift(words, 1, out=moved[:, -1:])
    moved.bitwise_and_(sum(1 << two + start for start in range(0, 64, lane)))
    return moved.view(count, -1).view(dtype)
