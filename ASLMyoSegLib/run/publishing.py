"""How results take their places: whole or not at all, and nothing of anybody else's replaced.

A folder of its own is renamed into place. Among BIDS derivatives, the files of a series are written
into a hidden folder of the data set first and then moved one by one, the summary last; what a
process leaves that is killed while it moves them, the next start moves on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ASLMyoSegError, OutputError
from ..io.files import read_json, replacing
from ..io.leftovers import hidden_folder, leftovers, remove_leftovers, replaced_by
from ..io.results import Layout

REPLACED = "replaced.json"
"""The summary of results that are being replaced, among those that replace them."""


def refuse_occupied_places(layout: Layout, overwrite: bool, *, reviewed: bool = False) -> None:
    """See to it that results replace nothing but results, and those only where asked to.

    Args:
        layout: their places.
        overwrite: whether results that are there may be replaced.
        reviewed: whether even those may whose masks a person reviewed.

    Raises:
        OutputError: where they would.
    """
    if layout.bids:
        occupied = ours = layout.summary.exists()
        where, fresh = layout.summary, "choose a new folder"
    else:
        root = layout.root
        occupied = root.exists() and (not root.is_dir() or any(root.iterdir()))
        ours = occupied and _holds_results_only(layout)
        where, fresh = root, "choose an empty or a new folder"
    if occupied and not (ours and overwrite):
        remedy = fresh + (", or replace these by --overwrite" if ours else "")
        what = "" if layout.bids else "something else already, or "
        raise OutputError(f"{where}: holds {what}results of other images or settings; {remedy}.")
    if ours and not reviewed and _was_reviewed(layout.summary):
        raise OutputError(
            f"{where}: holds masks that a person corrected or accepted, which are never "
            f"overwritten; {fresh}."
        )


@contextmanager
def publishing(layout: Layout) -> Iterator[Layout]:
    """Yield places in a hidden folder to write to; what is written there takes the places of
    `layout` if all went well, instead of the results that are there.

    Raises:
        OutputError: where a file cannot be written, or would replace one that is none of the
            results there.
    """
    if not layout.bids:
        with replacing(layout.root) as beside:
            beside.mkdir(parents=True)
            yield layout.within(beside)
            if layout.root.exists() and any(layout.root.iterdir()):
                # It goes with the hidden folder in which the new results lie.
                layout.root.replace(replaced_by(beside))
        return
    root, folder = layout.root, None
    try:
        root.mkdir(parents=True, exist_ok=True)
        folder = hidden_folder(root / layout.name)
        beside = layout.within(folder / layout.name)
        beside.folder.mkdir(parents=True)
        yield beside
        _take_places(beside, layout)
    except OutputError as error:
        raise OutputError(str(error).replace(str(folder), str(root))) from error
    except OSError as error:
        raise OutputError(f"{root}: cannot be written ({error.strerror or error}).") from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def go_on_publishing(layout: Layout) -> None:
    """Put into place what processes wrote whole and did not move to the end, as they were killed;
    remove what they had not written whole.

    Raises:
        OutputError: where a file cannot be moved.
    """
    if layout.bids:
        for folder in leftovers(layout.root / layout.name):
            beside = layout.within(folder / layout.name)
            if beside.summary.is_file():
                _take_places(beside, layout)
        remove_leftovers(layout.root / layout.name)
    else:
        remove_leftovers(layout.root)


def _take_places(beside: Layout, layout: Layout) -> None:
    replaced = beside.root / REPLACED
    old = _files(replaced) | _files(layout.summary)
    files = [layout.summary.relative_to(layout.root).as_posix()]
    files = sorted(_files(beside.summary) - set(files)) + files
    for file in files:
        if file not in old and (layout.root / file).exists() and (beside.root / file).exists():
            raise OutputError(
                f"{layout.root / file}: is there already, and no summary names it; move it away."
            )
    if layout.summary.exists():
        layout.summary.replace(replaced)
    for file in old - set(files):
        (layout.root / file).unlink(missing_ok=True)
    for file in files:
        if (beside.root / file).exists():
            (layout.root / file).parent.mkdir(parents=True, exist_ok=True)
            (beside.root / file).replace(layout.root / file)


def _was_reviewed(summary: Path) -> bool:
    try:
        frames = read_json(summary)["frames"]
        return any(frame.get("status", "automatic") != "automatic" for frame in frames)
    except (ASLMyoSegError, KeyError, TypeError, AttributeError):
        return False


def _files(summary: Path) -> set[str]:
    """What a summary names, beneath the folder of the results."""
    try:
        named = read_json(summary)["files"]
        return {f for f in named if not Path(f).is_absolute() and ".." not in Path(f).parts}
    except (ASLMyoSegError, KeyError, TypeError):
        return set()


def _holds_results_only(layout: Layout) -> bool:
    """Whether a folder holds results of `run` and nothing else: all files are in its summary."""
    root = layout.root
    found = {p.relative_to(root).as_posix() for p in root.rglob("*") if not p.is_dir()}
    return bool(found) and found <= _files(layout.summary)
