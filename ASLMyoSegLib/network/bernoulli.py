"""Random masks from as few random bits as their rate needs, in as few sweeps over memory.

A word of 64 random bits decides 64 units at a rate of one half. Other rates compare a random number
to the rate bit by bit, 64 units at once, at a further word for each further binary digit.
"""

from __future__ import annotations

import torch

RESOLUTION = 32
"""Bits after the point to which a rate is followed: 2**-33 is the largest error."""

MASK_VALUE = 2.0
"""What a mask holds for a unit that is kept: what dropout at one half multiplies it by."""

TWO = {torch.bfloat16: 14, torch.float16: 14, torch.float32: 30}
"""Position of the one bit that is set in a 2.0."""


def binary_digits(keep: float) -> tuple[int, ...]:
    """Digits after the binary point of a rate below 1, the last one first; none for a rate of 1."""
    scaled = round(keep * 2**RESOLUTION)
    if scaled >= 2**RESOLUTION:
        return ()
    digits = [scaled >> place & 1 for place in range(RESOLUTION)]
    return tuple(digits[digits.index(1) :])


def words_for(units: int) -> int:
    """Words that hold one bit for each unit."""
    return -(-units // 64)


def kept(random: torch.Tensor, digits: tuple[int, ...]) -> torch.Tensor:
    """Words whose bits are set with the probability of the digits.

    Args:
        random: words of random bits, int64 (n, digits, words).
        digits: of `binary_digits`, at least one.
    """
    # From the last digit: the random number is below the rate where its own digit is smaller, or
    # equal with the rest below. Random bits are as good inverted, so no inversion is needed.
    below = random[:, 0]
    for place, digit in enumerate(digits[1:], start=1):
        below = random[:, place] | below if digit else random[:, place] & below
    return below


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
