"""How a command starts and ends, whatever it does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from ..errors import describe_error


def launch(name: str, command: Callable[[], None]) -> None:
    """Run a command; an error is one line and exit status 2.

    Where the program itself is at fault, ``ASLMYOSEG_TRACEBACK=1`` shows where.
    """
    _wait_gently()
    try:
        command()
    except Exception as error:
        if os.environ.get("ASLMYOSEG_TRACEBACK"):
            raise
        print(f"{name}: {describe_error(error)}", file=sys.stderr)
        sys.exit(2)


def _wait_gently() -> None:
    """Let threads that wait for others look for 10,000 turns, and sleep then; before torch is
    loaded. OpenMP's 300,000 turns starve those that are waited for where cores are shared."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
