"""The command that copies the sample: `sample`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer


def sample(
    out: Annotated[Path, typer.Argument(help="Folder to be written; new or empty.")],
) -> None:
    """Copy the sample that comes along: a simulated subject at rest and under stress (BIDS)."""
    from ..io.files import refuse_occupied, replacing
    from ..resources import SAMPLE

    refuse_occupied(out)
    with replacing(out) as beside:
        shutil.copytree(SAMPLE, beside)
    print(out)
