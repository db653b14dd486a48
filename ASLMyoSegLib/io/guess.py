"""What words say of frames: names, comments and descriptions that people and scanners write."""

from __future__ import annotations

import re
from collections.abc import Sequence

M0_ITSELF = r"(?<![a-z])(asl)?m0(?!\d)|m_zero"
WORDS = {
    "m0scan": M0_ITSELF + r"|proton.?density|(?<![a-z])pd(?![a-z])|calib",
    "control": r"control|ctrl|(?<![a-z])con(?![a-z])|non.?sel|(?<![a-z])ns(?![a-z])",
    "label": r"label|tagg?(?![a-z])|tagged|(?<![a-z])sel|slice.?sel|(?<![a-z])ss(?![a-z])",
}
"""How words tell volume types, looked for in this order; FAIR labels by selective inversion."""


def type_from_words(text: str) -> str:
    """Volume type that a text tells; empty where it tells none."""
    return next((kind for kind, words in WORDS.items() if re.search(words, text.lower())), "")


def without_types(text: str) -> str:
    """A text in lower case, without the words that tell control from label."""
    return re.sub(f"{WORDS['control']}|{WORDS['label']}", "", text.lower())


def types_from_words(words: Sequence[str]) -> tuple[str, ...] | None:
    """Volume types of frames; None where words do not tell all of them, control and label apart.

    Args:
        words: one text per frame, whatever says something of it.
    """
    types = tuple(map(type_from_words, words))
    return types if all(types) and {"control", "label"} <= set(types) else None
