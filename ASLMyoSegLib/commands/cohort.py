"""The commands over many finished series: `group`, `review` and `correct`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
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


def review(
    results: Annotated[Path, typer.Argument(help="Folder that `run` wrote.")],
) -> None:
    """List the series that want a person, the most doubtful first."""
    from ..run.cohort import wanting_a_person

    for one in wanting_a_person(results):
        score = "n/a" if np.isnan(one.score) else f"{one.score:.2f}"
        images = len(one.summary["frames"])
        print(f"{one.name}\t{one.doubtful} of {images}\t{score}\t{one.layout.report}")


def correct(
    results: Annotated[Path, typer.Argument(help="Folder that `run` wrote.")],
    series: Annotated[str, typer.Argument(help="Name of one of its series, as review lists it.")],
    masks: Annotated[
        Path, typer.Argument(help="Its corrected masks: label map, .seg.nrrd, DICOM SEG, RT.")
    ],
    images: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The series; default: that of the BIDS data set."),
    ] = None,
) -> None:
    """Put corrected masks into results, and measure flow anew; `group` renews the page."""
    from ..run.correcting import put_back, results_of

    print(put_back(results_of(results, series), masks, images))
