"""What a volume sequence that is loaded already says of its frames."""

from __future__ import annotations

import re
from typing import Any

from ..errors import SceneError
from .series_nodes import INVERSION_TIME, KIND

TIME = re.compile(r"inversion|delay|^\s*(ti|pld)\b", re.IGNORECASE)
"""Names of an index that is the inversion time."""
OURS = "ASLMyoSeg."
"""Begins the names of this module's attributes."""


def describe_frames(sequence: Any) -> tuple[list[str], list[float]]:
    """All words per frame, and inversion times (s or ms) where the index of the sequence is one.

    Both are as `guess_frames` takes them.

    Raises:
        SceneError: where there is no such sequence any more.
    """
    if sequence is None or sequence.GetScene() is None:
        raise SceneError("The volume sequence was deleted from the scene; load it again.")
    frames = range(sequence.GetNumberOfDataNodes())
    names = [_words(sequence.GetNthDataNode(frame)) for frame in frames]
    times = []
    if TIME.search(sequence.GetIndexName() or ""):
        try:
            times = [float(sequence.GetNthIndexValue(frame)) for frame in frames]
        except ValueError:  # an index of text
            times = []
    return names, times


def _words(node: Any) -> str:
    others = [name for name in sorted(node.GetAttributeNames()) if not name.startswith(OURS)]
    kind, time = node.GetAttribute(KIND), node.GetAttribute(INVERSION_TIME)
    told = (kind, time and f"TI {time} s")  # of a series whose frames are to be stated anew
    parts = (node.GetName(), node.GetDescription(), *told, *map(node.GetAttribute, others))
    return " ".join(dict.fromkeys(part for part in parts if part))
