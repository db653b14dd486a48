"""Writing files whole or not at all, and reading JSON."""

from __future__ import annotations

import codecs
import io
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import OutputError, SeriesError
from .leftovers import hidden_folder, remove_leftovers

ASIDE = ("derivatives", "sourcedata")
"""Folders of a BIDS data set that hold no series of it."""
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""What text begins with that Windows calls Unicode."""


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a path to write to, of the same name; it takes `path`'s place if all went well.

    It lies in a hidden folder beside `path`, so that the last step is a rename on one disk. What
    earlier processes left there of `path`, as they were killed, goes once the new one is in place.

    Raises:
        OutputError: where the file cannot be written.
    """
    path = Path(path)
    folder: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = hidden_folder(path)
        beside = folder / path.name
        yield beside
        beside.replace(path)
        remove_leftovers(path)
    except OutputError as error:  # of a file in a folder that was to take its place
        raise OutputError(str(error).replace(str(folder), str(path.parent))) from error
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error}).") from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def refuse_foreign(path: Path, key: str) -> None:
    """See to it that a file of results replaces nothing but results of its kind.

    Args:
        path: to be written; it need not be there.
        key: of the JSON object that such a file holds.

    Raises:
        OutputError: where something else is there.
    """
    if not path.exists():
        return
    try:
        foreign = key not in read_json(path)
    except SeriesError:
        foreign = True
    if foreign:
        raise OutputError(f"{path}: is something else than such results; choose another name.")


def refuse_occupied(folder: Path) -> None:
    """See to it that a folder to be written is new or empty.

    Raises:
        OutputError: where something is there.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder}: holds something already; choose an empty or a new folder.")


def is_aside(path: Path) -> bool:
    """Whether a file or folder, relative to a data set, is no part of its images: hidden, as those
    that systems and programs leave, a derivative, or a source that was converted."""
    return any(part.startswith(".") or part in ASIDE for part in path.parts)


def files_beneath(folder: Path) -> Iterator[Path]:
    """Folders and files beneath a folder that is no link itself or is one, through links to
    folders too, each folder once; nothing beneath what is hidden."""
    seen = set()
    for current, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(current)
        if real in seen:
            folders[:] = []
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(current, name) for name in (*folders, *sorted(files)))


def read_text(path: Path, notes: list[str] | None = None) -> str:
    """A text file as UTF-8, with or without a byte order mark; one that is none as Windows writes
    Western Europe's letters (Latin-1), which is added to the notes.

    Raises:
        SeriesError: where it is missing, or cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise SeriesError(no_such_file(path)) from None
    except OSError as error:
        raise SeriesError(f"{path}: cannot be read ({error.strerror or error}).") from None
    if content.startswith(UTF_16):
        return content.decode("utf-16", "replace")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
        if notes is not None:
            notes.append(f"{path.name} is no UTF-8; its letters are read as Latin-1.")
    return io.StringIO(text, newline=None).read()


def read_json(path: Path, notes: list[str] | None = None) -> dict[str, Any]:
    """The object that a JSON file holds.

    Raises:
        SeriesError: where it is missing or holds something else.
    """
    try:
        content = json.loads(read_text(path, notes), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        raise SeriesError(f"{path}: not valid JSON ({error}).") from None
    if not isinstance(content, dict):
        raise SeriesError(f"{path}: holds a {type(content).__name__}, where an object is needed.")
    return content


def no_such_file(path: Path) -> str:
    """The message of it; data sets of git-annex have links to what was not fetched."""
    if path.is_symlink():
        return f"{path}: is a link to a file that is missing; fetch it (git annex get), or copy it."
    return f"{path}: no such file."


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    for key, value in pairs:
        if content[key] != value and value == value:
            raise ValueError(f"{key!r} has two values, {value!r:.40} and {content[key]!r:.40}")
    return content


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write an object for people to read; its numbers must be finite.

    Raises:
        OutputError: where it cannot be written.
    """
    with replacing(path) as beside:
        text = json.dumps(content, indent=2, allow_nan=False)
        beside.write_text(text + "\n", encoding="utf-8")
