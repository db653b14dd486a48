"""How far a command is, on standard error."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

console = Console(stderr=True)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Bars on a terminal.

    Of several processes that torchrun started, one shows how far it is; into a file, none does.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    hidden = os.environ.get("RANK", "0") != "0" or not console.is_terminal
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=hidden) as bar:
        yield bar


@contextmanager
def counting(name: str) -> Iterator[Callable[[int, int], None]]:
    """One bar; tell it what is done, and of how much."""
    with progress_bar() as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
