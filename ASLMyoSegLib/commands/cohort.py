"""The command over many finished series: `group`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def group(
    results: Annotated[Path, typer.Argument(help="Folder that `run` over many series wrote.")],
    participants: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="BIDS participants.tsv, whose groups are drawn side by side."
        ),
    ] = None,
    by: Annotated[str, typer.Option(metavar="COLUMN", help="Which of its columns.")] = "group",
) -> None:
    """Write page and table over all series of a study anew, as after corrections."""
    from ..run.cohort import write_cohort

    print(write_cohort(results, participants, by))
