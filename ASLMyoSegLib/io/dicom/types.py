"""What DICOM frames say that they are: control, label or M0."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..guess import M0_ITSELF
from .elements import WORDS
from .record import Frame

CONTEXTS = {"CONTROL": "control", "LABEL": "label", "M_ZERO_SCAN": "m0scan"}
"""Of ASL Context (0018,9257)."""
ASL_NAMES = re.compile(
    r"(?<![a-z])(p|pc|v|va|vs)?asl(?![a-z])|arterial.?spin|(?<![a-z])fair(?![a-z])|epistar|picore"
)


def told_types(frames: Sequence[Frame]) -> tuple[tuple[str, ...], str] | None:
    """Volume types of the frames of a series, unchecked, and which element says them; None where
    none does, or words do not tell control and label apart."""
    return next(tellings(frames), None)


def tellings(frames: Sequence[Frame]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The same by each element that says it, the one that is believed first."""
    contexts = [frame.context for frame in frames]
    if any(contexts):
        types = tuple(CONTEXTS.get(context or "", context or "") for context in contexts)
        yield types, "ASL Context (0018,9257)"
    for k, keyword in enumerate(WORDS):
        types = tuple(frame.kinds[k] for frame in frames)
        if all(types) and {"control", "label"} <= set(types):
            yield types, keyword


def kind_of_all(frames: Sequence[Frame]) -> str:
    """The volume type that all frames of a series are said to have; empty where they are not."""
    if any(frame.context for frame in frames):
        kinds = {CONTEXTS.get(frame.context or "", "") for frame in frames}
        return kinds.pop() if len(kinds) == 1 else ""
    columns = map(set, zip(*(frame.kinds for frame in frames), strict=True))
    return next((kinds.pop() for kinds in columns if len(kinds) == 1 and kinds != {""}), "")


def is_m0(frames: Sequence[Frame]) -> bool:
    """Whether all frames of a series are said to be M0."""
    if told := told_types(frames):
        return set(told[0]) == {"m0scan"}
    columns = zip(*(zip(f.words, f.kinds, strict=True) for f in frames), strict=True)
    return any(all(_says_m0(text, kind) for text, kind in column) for column in columns)


def _says_m0(text: str, kind: str) -> bool:
    """By its name; or by words, such as proton density, that are those of M0 in ASL alone."""
    lowered = text.lower()
    return bool((kind == "m0scan" and ASL_NAMES.search(lowered)) or re.search(M0_ITSELF, lowered))
