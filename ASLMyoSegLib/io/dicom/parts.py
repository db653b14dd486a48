"""ASL whose control and label images are DICOM series of their own: which belong together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from ...errors import SeriesError
from ..guess import without_types
from .elements import WORDS
from .record import Record, frames_of
from .stack import Stack
from .types import kind_of_all

PAIR = ("control", "label")
DIGITS = 1
"""Of positions in mm, and of direction cosines, by which places are told apart."""


def together(groups: Sequence[list[Record]]) -> list[list[Record]]:
    """Series, those joined that are control and label of one another.

    These are of the same patient and study, lie in one folder or in folders beside each other, show
    the same places in as many pixels, and are described alike but for the words that tell them
    apart. Of these, all series belong together: each pair may have been a breath-hold of its own.

    Args:
        groups: the files of each series, in natural order; the order of what is returned.
    """
    alike: dict[Any, dict[str, list[int]]] = {}
    for index, records in enumerate(groups):
        kind = kind_of_all(frames_of(records))
        if kind in PAIR and records[0].study:
            alike.setdefault(_likeness(records), {}).setdefault(kind, []).append(index)
    pairs = [kinds for kinds in alike.values() if len(kinds) == len(PAIR)]
    joined = {min(chain(*kinds.values())): kinds for kinds in pairs}
    others = {index for kinds in pairs for index in chain(*kinds.values())} - set(joined)
    return [
        [record for kind in PAIR for k in joined[index][kind] for record in groups[k]]
        if index in joined
        else records
        for index, records in enumerate(groups)
        if index not in others
    ]


def series_in(records: Iterable[Record]) -> list[list[Record]]:
    """Files by series, in their order."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.series, []).append(record)
    return list(found.values())


def join(path: Path, stacks: Sequence[Stack]) -> Stack:
    """One stack of control and label in turn, each in the order of their series' numbers.

    Raises:
        SeriesError: where they lie on several grids.
    """
    first = stacks[0]
    for stack in stacks[1:]:
        if stack.shape != first.shape or (lack := first.geometry.difference(stack.geometry)):
            raise SeriesError(
                f"{path.parent}: series of control and of label images that belong together lie "
                f"on other grids (their {lack if stack.shape == first.shape else 'size'}); "
                "separate them."
            )
    ordered = sorted(stacks, key=lambda stack: stack.records[0].number or 0)
    controls, labels = (
        [v for stack in ordered if kind_of_all(stack.frames) == kind for v in stack.volumes]
        for kind in PAIR
    )
    turns = chain(*zip_longest(controls, labels))
    return Stack(
        records=tuple(record for stack in stacks for record in stack.records),
        volumes=tuple(volume for volume in turns if volume is not None),
        geometry=first.geometry,
        notes=tuple(note for stack in stacks for note in stack.notes),
    )


def _likeness(records: Sequence[Record]) -> tuple[Any, ...]:
    """What series have in common that belong together."""
    first = records[0]
    described = first.frames[0].words[WORDS.index("SeriesDescription")]
    places = {
        tuple(round(v, DIGITS) for v in (*(frame.position or ()), *(frame.orientation or ())))
        for frame in frames_of(records)
    }
    return (
        first.study,
        first.patient,
        first.space,
        first.size,
        first.path.absolute().parent.parent,
        frozenset(places),
        re.sub(r"[\W_]+", " ", without_types(described)).strip(),
    )
