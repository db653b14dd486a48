"""Views of one image: the same, turned by quarters, so that no direction decides what is marked."""

from __future__ import annotations

import torch


def turned(image: torch.Tensor, turns: int) -> torch.Tensor:
    """An image (1, 1, y, x) in `turns` views (turn, 1, y, x), each a quarter further."""
    return torch.cat([image.rot90(number, (-2, -1)) for number in range(turns)])


def turned_back(maps: torch.Tensor, first: int, turns: int) -> torch.Tensor:
    """Maps (n, 1, y, x) of views that took turns, as the image lies.

    Args:
        maps: of one pass each.
        first: number of the first pass; pass k saw view k modulo `turns`.
        turns: number of views.
    """
    if turns == 1:
        return maps
    found = torch.empty_like(maps)
    for number in range(turns):
        own = slice((number - first) % turns, None, turns)
        found[own] = maps[own].rot90(-number, (-2, -1))
    return found
