"""The hidden folders in which files are written before they take their place, and their removal
where a process was killed meanwhile."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

PART = ".part-"
"""What the names of hidden folders begin with; machine and process follow."""
REPLACED = ".replaced"
LEFT_AFTER = 86400.0
"""Seconds without a change after which no process is believed to write."""


def hidden_folder(path: Path) -> Path:
    """A new one beside `path`, whose name tells who writes in it.

    Raises:
        OSError: where there can be none.
    """
    prefix = f"{PART}{_machine()}-{os.getpid()}-"
    return Path(tempfile.mkdtemp(prefix=prefix, dir=path.parent))


def replaced_by(beside: Path) -> Path:
    """Where a folder goes that `replacing` is to replace; it is deleted with the hidden folder."""
    return beside.with_name(f"{beside.name}{REPLACED}")


def remove_leftovers(path: Path) -> None:
    """Remove the hidden folders that processes left as they were killed while they wrote `path`.

    Only those that hold nothing else, and that nobody writes to: on this machine the process is no
    more; of other machines, nothing has changed for a day.
    """
    for folder in leftovers(path):
        shutil.rmtree(folder, ignore_errors=True)


def leftovers(path: Path) -> Iterator[Path]:
    """The hidden folders that `remove_leftovers` would remove."""
    for folder in path.parent.glob(f"{PART}*"):
        try:
            names = {entry.name for entry in folder.iterdir()}
            if names <= {path.name, f"{path.name}{REPLACED}"} and _is_left(folder):
                yield folder
        except OSError:  # another process removed it meanwhile
            continue


def _is_left(folder: Path) -> bool:
    machine, _, rest = folder.name.removeprefix(PART).partition("-")
    process = rest.partition("-")[0]
    if machine == _machine() and process.isdecimal() and os.name == "posix":
        try:
            os.kill(int(process), 0)  # which only asks
        except ProcessLookupError:
            return True
        except (PermissionError, OverflowError):
            pass
        return False
    changed = max(file.lstat().st_mtime for file in (folder, *folder.rglob("*")))
    return time.time() - changed > LEFT_AFTER


def _machine() -> str:
    """Of the processes that have numbers in common: those of a machine, or of a container."""
    try:
        space = os.readlink("/proc/self/ns/pid")  # of Linux
    except OSError:
        space = ""
    return f"{zlib.crc32(f'{platform.node()} {space}'.encode()):08x}"
