"""`aslmyoseg-bids`: the same job as BIDS Apps are called, for the scripts of clusters.

``aslmyoseg-bids ROOT OUT participant --participant-label 01 02`` does series, and
``aslmyoseg-bids ROOT OUT group`` the page and the table over all that are done.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from .. import __version__
from ..uncertainty import DEFAULT_PRECISION
from .launching import launch
from .options import Device, choice_of
from .series import tell


def main() -> None:
    """Run; an error is one line and exit status 2."""
    launch("aslmyoseg-bids", lambda: sys.exit(_run(_parser().parse_args())))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="aslmyoseg-bids",
        description="Myocardial blood flow of a BIDS data set, with its uncertainty.",
    )
    parser.add_argument("bids_dir", type=Path, help="the data set")
    parser.add_argument("output_dir", type=Path, help="data set of derivatives to be written")
    parser.add_argument("analysis_level", choices=("participant", "group"))
    parser.add_argument(
        "--participant-label", "--participant_label", nargs="+", default=[], metavar="LABEL"
    )
    parser.add_argument(
        "--session-label", "--session_label", nargs="+", default=[], metavar="LABEL"
    )
    parser.add_argument("--filter", nargs="+", default=[], metavar="ENTITY=LABEL")
    parser.add_argument("--jobs", type=int, default=1, help="series done side by side")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done")
    parser.add_argument("--model", type=Path, help="weights; default: those shipped")
    parser.add_argument("--device", choices=[d.value for d in Device], default="auto")
    parser.add_argument("--seed", type=int, default=0)
    passes = parser.add_mutually_exclusive_group()
    passes.add_argument("--trials", type=int, help="Monte Carlo passes per image")
    passes.add_argument(
        "--precision",
        type=float,
        help=f"of every image's MCD Uncertainty; default: {DEFAULT_PRECISION}",
    )
    parser.add_argument("-v", "--version", action="version", version=__version__)
    return parser


def _run(options: argparse.Namespace) -> int:
    if options.analysis_level == "group":
        from ..run.cohort import write_cohort

        print(write_cohort(options.output_dir, _participants(options.bids_dir)))
        return 0
    from ..io import left_out
    from ..network import load_model
    from ..run.pipeline import run

    outcomes = run(
        options.bids_dir,
        options.output_dir,
        model=load_model(options.model),
        trials=options.trials,
        precision=options.precision,
        seed=options.seed,
        device=options.device,
        choice=choice_of(options.participant_label, options.session_label, options.filter),
        jobs=options.jobs,
        page=False,
        dry_run=options.dry_run,
    )
    tell(outcomes, left_out(options.bids_dir))
    return 2 if any(outcome.report is None for outcome in outcomes) else 0


def _participants(data_set: Path) -> Path | None:
    """The table of participants, where it has the column that groups stand in."""
    table = data_set / "participants.tsv"
    try:
        with table.open(encoding="utf-8", errors="replace") as file:
            columns: Sequence[str] = next(csv.reader(file, delimiter="\t"), [])
    except OSError:
        return None
    return table if "group" in columns else None


if __name__ == "__main__":
    main()
