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
    """Series, those joined that are control and label of one another, or single volumes of which
    nothing says what they are.

    These are of the same patient and study, lie in one folder or in folders beside each other, show
    the same places in as many pixels, and are described alike but for the words that tell them
    apart. Of these, all series belong together: each pair may have been a breath-hold of its own,
    and each volume may have been exported as a series.

    Args:
        groups: the files of each series, in natural order; the order of what is returned.
    """
    alike: dict[Any, dict[str, list[int]]] = {}
    for index, records in enumerate(groups):
        kind = kind_of_all(frames_of(records))
        if records[0].study and (kind in PAIR or (not kind and is_volume(records))):
            alike.setdefault(_likeness(records, kind), {}).setdefault(kind, []).append(index)
    joined = [
        [index for kind in sorted(kinds) for index in kinds[kind]]
        for kinds in alike.values()
        if len(kinds) == len(PAIR) or len(kinds.get("", ())) > 1
    ]
    firsts = {min(indices): indices for indices in joined}
    others = set(chain(*joined)) - set(firsts)
    return [
        [record for k in firsts.get(index, [index]) for record in groups[k]]
        for index in range(len(groups))
        if index not in others
    ]


def is_volume(records: Iterable[Record]) -> bool:
    """Whether files hold one image of each place."""
    places = [frame.position for frame in frames_of(records) if not frame.instead]
    return len(set(places)) == len(places) > 0 and None not in places


def series_in(records: Iterable[Record]) -> list[list[Record]]:
    """Files by series, in their order."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.series, []).append(record)
    return list(found.values())


def join(path: Path, stacks: Sequence[Stack]) -> Stack:
    """One stack of control and label in turn, or of single volumes, in the order of their series'
    numbers.

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
    ordered = sorted(stacks, key=lambda s: (s.records[0].number or 0, s.frames[0].order.time or 0))
    by_kind: dict[str, list[Any]] = {}
    for stack in ordered:
        by_kind.setdefault(kind_of_all(stack.frames), []).extend(stack.volumes)
    turns = chain(*zip_longest(*(by_kind[kind] for kind in sorted(by_kind))))
    return Stack(
        records=tuple(record for stack in stacks for record in stack.records),
        volumes=tuple(volume for volume in turns if volume is not None),
        geometry=first.geometry,
        notes=tuple(dict.fromkeys(note for stack in stacks for note in stack.notes)),
    )


def _likeness(records: Sequence[Record], kind: str) -> tuple[Any, ...]:
    """What series have in common that belong together; volumes may be counted in their names."""
    first = records[0]
    described = without_types(first.frames[0].words[WORDS.index("SeriesDescription")])
    described = described if kind else re.sub(r"\d+$", "", described)
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
        re.sub(r"[\W_]+", " ", described).strip(),
        not kind,
    )
