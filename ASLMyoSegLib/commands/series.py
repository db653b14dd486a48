"""The commands for a person's own series: `run` and `quantify`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import (
    Device,
    DryRun,
    Filters,
    Haematocrit,
    Heart,
    InWay,
    Jobs,
    Model,
    OfKinetics,
    OfWeights,
    OnDevice,
    Participants,
    Precision,
    Seed,
    Sessions,
    T1Myocardium,
    Trials,
    Ways,
    choice_of,
    flow_options,
    refuse_both,
    stating,
)
from .progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..io import Hints
    from ..run.pipeline import Outcome


@stating
def run(
    series: Annotated[
        Path,
        typer.Argument(help="*_asl.nii.gz or other images, DICOM, .mat, or a folder of them."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Of the results.")
    ],
    model: Model = None,
    trials: Trials = None,
    precision: Precision = None,
    seed: Seed = 0,
    device: OnDevice = Device.auto,
    rv_insertion: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="RV insertion points (JSON), which turn the AHA sectors into place; default: "
            "*_rvinsertion.json beside the series.",
        ),
    ] = None,
    scene: Annotated[
        bool, typer.Option("--scene", help="Write a 3D Slicer scene as well.")
    ] = False,
    keep_identifiers: Annotated[
        bool,
        typer.Option("--keep-identifiers", help="Let report, summary and scene name the patient."),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace earlier results in the output folder; nothing else is ever replaced.",
        ),
    ] = False,
    correct_motion: Annotated[
        bool,
        typer.Option(
            "--correct-motion",
            help="Move frames to where the heart usually is before segmenting.",
        ),
    ] = False,
    heart: Heart = None,
    way: InWay = Ways.heart,
    kinetics: OfKinetics = None,
    weights: OfWeights = None,
    haematocrit: Haematocrit = None,
    t1_myocardium: T1Myocardium = None,
    participants: Participants = None,
    sessions: Sessions = None,
    filters: Filters = None,
    jobs: Jobs = 1,
    dry_run: DryRun = False,
    *,
    hints: Hints,
) -> None:
    """Segment, measure flow, and write the report. Finished series are not done again."""
    from ..io import left_out
    from ..network import load_model
    from ..processes.parallel import launched_rank
    from ..run.heart import Place
    from ..run.pipeline import run as run_all
    from ..uncertainty.ways import WAYS

    refuse_both(trials, precision)
    write_scene = None
    if scene:
        from ..scene import write_scene
    with progress_bar() as bar:
        tasks: dict[str, int] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done, total=total)

        outcomes = run_all(
            series,
            output,
            model=load_model(model),
            trials=trials,
            precision=precision,
            seed=seed,
            device=device.value,
            rv_insertion=rv_insertion,
            write_scene=write_scene,
            keep_identifiers=keep_identifiers,
            overwrite=overwrite,
            correct_motion=correct_motion,
            hints=hints,
            flow=flow_options(kinetics, weights, haematocrit, t1_myocardium),
            choice=choice_of(participants, sessions, filters),
            jobs=jobs,
            dry_run=dry_run,
            way=WAYS[way.value],
            heart=Place.parse(heart) if heart else None,
            progress=show,
        )
    if launched_rank() == 0:
        tell(outcomes, left_out(series, hints))
    if any(outcome.report is None for outcome in outcomes):
        raise typer.Exit(2)


def tell(outcomes: Sequence[Outcome], left_out: Sequence[str] = ()) -> None:
    """Print what became of each series."""
    for outcome in outcomes:
        if outcome.report is not None:
            note = " (finished before)" if outcome.resumed else ""
            note = " (to do)" if outcome.planned else note
            print(f"{outcome.report}{note}")
        if outcome.m0_from:
            print(f"{outcome.source}: M0 is {outcome.m0_from}", file=sys.stderr)
    for reason in left_out:
        print(f"left out: {reason}", file=sys.stderr)
    for outcome in outcomes:
        if outcome.report is None:
            print(f"failed: {outcome.error}", file=sys.stderr)


@stating
def quantify(
    source: Annotated[Path, typer.Argument(help="A series, or a scene (.mrb) with its masks.")],
    masks: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Masks of a series: label map, .seg.nrrd, DICOM SEG or RT structure set, or a "
            "folder of DICOM; a scene brings its own.",
        ),
    ] = None,
    segment: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which of several segments or labels is the muscle."),
    ] = None,
    masks_anyway: Annotated[
        bool, typer.Option("--masks-anyway", help="Take masks that name another patient or study.")
    ] = False,
    rv_insertion: Annotated[
        Path | None, typer.Option(metavar="FILE", help="RV insertion points (JSON).")
    ] = None,
    correct_motion: Annotated[
        bool,
        typer.Option(
            "--correct-motion",
            help="Move frames to where the heart usually is; for one mask of all.",
        ),
    ] = False,
    kinetics: OfKinetics = None,
    weights: OfWeights = None,
    haematocrit: Haematocrit = None,
    t1_myocardium: T1Myocardium = None,
    *,
    hints: Hints,
) -> None:
    """Blood flow with masks at hand, after correction, as JSON.

    A scene with several series gives a list of them.
    """
    from ..errors import SeriesError
    from ..io import read_masks, read_rv_insertion, read_series, series_sources
    from ..motion.undoing import align_with_one_mask
    from ..perfusion import quantify as quantify_series
    from ..run.flow import size_doubts
    from ..run.summary import describe_flow

    told: list[str] = []
    if source.suffix == ".mrb":
        if masks is not None or segment is not None:
            raise SeriesError(
                f"{masks or segment}: not used, as {source} brings its own masks; leave it out."
            )
        if stated := hints.stated():
            raise SeriesError(
                f"{source}: says itself what {', '.join(stated)} are; leave that out."
            )
        from ..processes.apart import read_apart
        from ..scene import read_scenes

        found = [
            (c.series, c.flow_masks, c.rv_insertion, c.constants, c.posterior)
            for c in read_apart(read_scenes, source)
        ]
    elif masks is None:
        raise SeriesError(f"{source}: has no masks; give them with --masks.")
    else:
        images = read_series(source, hints)
        sources = series_sources(source, hints, images)
        drawn = read_masks(
            masks, images, segment, sources, anyway=masks_anyway, hints=hints, notes=told
        )
        found = [(images, drawn, None, {}, None)]
    answers = []
    options = flow_options(kinetics, weights, haematocrit, t1_myocardium)
    for images, drawn, points, constants, posterior in found:
        if rv_insertion is not None:
            points = read_rv_insertion(rv_insertion, images)
        if correct_motion:
            images = align_with_one_mask(images, drawn)
        arguments = {**constants, **options.arguments(images)}
        if haematocrit is not None:  # rather than T1 of blood that a scene was measured with
            arguments.pop("t1_blood", None)
        result = quantify_series(images, drawn, points, posterior=posterior, **arguments)
        warnings = [*images.notes, *told, *size_doubts(images), *result.warnings]
        answers.append({"mbf": describe_flow(result), "warnings": warnings})
        if len(found) > 1:
            answers[-1] = {"series": images.name, **answers[-1]}
    print(json.dumps(answers if len(found) > 1 else answers[0], indent=2))
