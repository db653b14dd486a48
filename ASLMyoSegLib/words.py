"""Numbers in sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence


def counted(number: int, thing: str) -> str:
    """``1 frame``, ``2 frames``."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def numbered(thing: str, numbers: Sequence[int]) -> str:
    """``frame 3``, ``frames 3, 4``."""
    return f"{thing}{'' if len(numbers) == 1 else 's'} {', '.join(map(str, numbers))}"


def shortened(value: object) -> str:
    """Of whatever length, for a message."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def brief(where: str) -> str:
    """A place in a file without the folders above it, which may tell who somebody is."""
    return re.split(r"[/\\]", where)[-1]
