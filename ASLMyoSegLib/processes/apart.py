"""A call in a process of its own, for libraries that end the process on damaged files."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from ..errors import SeriesError

T = TypeVar("T")


def read_apart(read: Callable[[Path], T], path: Path) -> T:
    """What `read` makes of a file. What libraries print meanwhile is not shown.

    Args:
        read: a public function of a module, as the other process has to find it.
        path: of the file.

    Raises:
        SeriesError: where the process ended over it; also whatever `read` raises.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_be_silent) as pool:
        try:
            return pool.submit(read, path).result()
        except BrokenProcessPool:
            raise SeriesError(
                f"{path}: damaged, as the library that reads it broke down; save it again."
            ) from None


def _be_silent() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
