"""Numbers that the side-car of a series says, read with care."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any


def number(values: Mapping[str, Any], key: str, frames: Sequence[int] = ()) -> float | None:
    """A number that is said; of one for each frame, the first of some frames. None where there is
    none."""
    value = values.get(key)
    if isinstance(value, list):
        at = frames[0] if frames else 0
        value = value[at] if at < len(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
