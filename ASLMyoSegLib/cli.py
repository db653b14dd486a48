"""The command `aslmyoseg`: the whole way from files to report, without Slicer."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from . import __version__
from .commands.cohort import group
from .commands.models import bench, evaluate, simulate, train
from .commands.sample import sample
from .commands.series import quantify, run
from .commands.studies import study
from .errors import describe_error

app = typer.Typer(
    help="Myocardial arterial spin labelling: masks, their uncertainty, and blood flow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (run, quantify, group, sample, simulate, train, evaluate, bench, study):
    app.command()(command)


@app.callback(invoke_without_command=True)
def about(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command; an error is one line and exit status 2.

    Where the program itself is at fault, ``ASLMYOSEG_TRACEBACK=1`` shows where.
    """
    _wait_gently()
    try:
        app()
    except Exception as error:
        if os.environ.get("ASLMYOSEG_TRACEBACK"):
            raise
        print(f"aslmyoseg: {describe_error(error)}", file=sys.stderr)
        sys.exit(2)


def _wait_gently() -> None:
    """Let threads that wait for others look for 10,000 turns, and sleep then; before torch is
    loaded. OpenMP's 300,000 turns starve those that are waited for where cores are shared."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")


if __name__ == "__main__":
    main()
