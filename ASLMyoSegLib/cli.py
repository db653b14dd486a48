"""The command `aslmyoseg`: the whole way from files to report, without Slicer."""

from __future__ import annotations

from typing import Annotated

import typer

from . import __version__
from .commands.cohort import correct, group, review
from .commands.launching import launch
from .commands.models import bench, evaluate, simulate, train
from .commands.sample import sample
from .commands.series import quantify, run
from .commands.studies import study

app = typer.Typer(
    help="Myocardial arterial spin labelling: masks, their uncertainty, and blood flow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    run,
    quantify,
    group,
    review,
    correct,
    sample,
    simulate,
    train,
    evaluate,
    bench,
    study,
):
    app.command()(command)


@app.callback(invoke_without_command=True)
def about(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command; an error is one line and exit status 2."""
    launch("aslmyoseg", app)


if __name__ == "__main__":
    main()
