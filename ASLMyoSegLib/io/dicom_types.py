"""What DICOM frames say that they are: control, label or M0."""

from __future__ import annotations

from collections.abc import Sequence

from .dicom_elements import WORDS
from .dicom_frames import Frame
from .guess import type_from_words, types_from_words

CONTEXTS = {"CONTROL": "control", "LABEL": "label", "M_ZERO_SCAN": "m0scan"}
"""Of ASL Context (0018,9257)."""


def told_types(frames: Sequence[Frame]) -> tuple[tuple[str, ...], str] | None:
    """Volume types of the frames of a series, unchecked, and which element says them; None where
    they do not tell control and label apart."""
    contexts = [frame.context for frame in frames]
    if any(contexts):
        types = tuple(CONTEXTS.get(context or "", context or "") for context in contexts)
        return None if set(types) == {"m0scan"} else (types, "ASL Context (0018,9257)")
    for k, keyword in enumerate(WORDS):
        if types := types_from_words([frame.words[k] for frame in frames]):
            return types, keyword
    return None


def is_m0(frames: Sequence[Frame]) -> bool:
    """Whether all frames of a series are said to be M0."""
    if told_types(frames):
        return False
    if any(frame.context for frame in frames):
        return True
    kinds = ({type_from_words(frame.words[k]) for frame in frames} for k in range(len(WORDS)))
    return {"m0scan"} in kinds
