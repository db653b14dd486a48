"""Series that could not be done, noted one by one, so that the page over a study tells of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..display.cohort_page import Failure
from ..errors import ASLMyoSegError
from ..io.files import read_json, write_json
from ..io.results import LOGS

ENDING = "_failed.json"


def note_of(folder: Path, name: str) -> Path:
    """The file in which it stands that the series `name` of the study in `folder` failed."""
    return folder / LOGS / f"{name}{ENDING}"


def note_failure(note: Path, failure: Failure) -> None:
    """Keep that a series failed, in place of what an earlier start said of it.

    Raises:
        OutputError: where it cannot be written.
    """
    write_json(note, {"source": failure.source, "reason": failure.reason})


def forget_failure(note: Path) -> None:
    """The series is done now."""
    note.unlink(missing_ok=True)


def find_failures(output: Path) -> Iterator[Failure]:
    """What failed in a study, in order of names; damaged notes are none."""
    for note in sorted(output.rglob(f"{LOGS}/*{ENDING}")):
        try:
            told = read_json(note)
            yield Failure(str(told["source"]), str(told["reason"]))
        except (ASLMyoSegError, KeyError):
            continue
