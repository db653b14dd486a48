"""The command `study`: the paper's experiments on simulated hearts."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from .progress import progress_bar

if TYPE_CHECKING:
    from ..studies.paper.workbench import Outcome


class StudyName(str, Enum):
    """The experiments, and all of them."""

    all = "all"
    accuracy = "accuracy"
    contrast = "contrast"
    finetuning = "finetuning"
    uncertainty = "uncertainty"
    noise = "noise"
    trials = "trials"
    batchsize = "batchsize"
    adaptability = "adaptability"
    partialvolume = "partialvolume"
    probunet = "probunet"


class ScaleName(str, Enum):
    """How large they are run."""

    small = "small"
    paper = "paper"


def study(
    name: Annotated[StudyName, typer.Argument(help="One experiment of the paper, or all.")],
    scale: Annotated[
        ScaleName, typer.Option(help="small: two cores, a night at most; paper: a GPU.")
    ] = ScaleName.small,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder of results, and of networks that are kept."),
    ] = Path("studies"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the queue that a killed command left.")
    ] = False,
) -> None:
    """Repeat an experiment of the paper on simulated hearts, and set its results beside ours."""
    from ..studies.paper.plan import STUDIES, run_studies
    from ..studies.paper.scale import SCALES

    names = list(STUDIES) if name is StudyName.all else [name.value]
    with progress_bar() as bar:
        whole = bar.add_task("studies", total=len(names))
        part = bar.add_task("", total=None)

        def told(what: str, done: int, total: int) -> None:
            bar.update(part, description=what, completed=done, total=total)

        def ended(made: str, outcome: Outcome) -> None:
            bar.advance(whole)
            bar.console.print(_table(made, outcome))

        run_studies(names, SCALES[scale.value], output, resume=resume, told=told, ended=ended)
    print(f"{len(names)} studies in {output}")


def _table(name: str, outcome: Outcome) -> Table:
    table = Table("", "paper", "ours", title=f"{name} ({outcome.setting})")
    for row in outcome.rows:
        table.add_row(row.what, row.paper, row.ours)
    return table
