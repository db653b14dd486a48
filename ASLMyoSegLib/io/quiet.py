"""Silence for what C libraries print of odd files: it would break the one clear line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

STREAMS = (1, 2)
"""Standard output and standard error."""


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing that is written by this process meanwhile is seen."""
    with ExitStack() as undo:
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            undo.callback(os.close, nowhere)
            for stream in STREAMS:
                kept = os.dup(stream)
                undo.callback(os.close, kept)
                os.dup2(nowhere, stream)
                undo.callback(os.dup2, kept, stream)
        except OSError:  # a window of Slicer may have no such streams
            pass
        yield
