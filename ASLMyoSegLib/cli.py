"""The command `aslmyoseg`: the whole way from files to report, without Slicer."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from . import __version__
from .cli_options import (
    Axes,
    Condition,
    Device,
    InversionTime,
    LossName,
    Model,
    OnDevice,
    PixelSize,
    Precision,
    Schedule,
    Seed,
    Trials,
    Variable,
    VolumeTypes,
    hints_of,
    refuse_both,
)
from .errors import describe_error

app = typer.Typer(
    help="Myocardial arterial spin labelling: masks, their uncertainty, and blood flow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(stderr=True)


@app.command()
def run(
    series: Annotated[
        Path,
        typer.Argument(help="*_asl.nii.gz or other images, DICOM, .mat, or a folder of them."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the results.")],
    model: Model = None,
    trials: Trials = None,
    precision: Precision = None,
    seed: Seed = 0,
    device: OnDevice = Device.auto,
    rv_insertion: Annotated[
        Path | None, typer.Option(help="JSON with the RV insertion points; fixes the AHA sectors.")
    ] = None,
    scene: Annotated[bool, typer.Option(help="Write a 3D Slicer scene as well.")] = False,
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
        bool, typer.Option(help="Move frames to where the heart usually is before segmenting.")
    ] = False,
    volume_types: VolumeTypes = None,
    inversion_time: InversionTime = None,
    variable: Variable = None,
    axes: Axes = None,
    pixel_size: PixelSize = None,
) -> None:
    """Segment, measure flow, and write the report. Finished series are not done again."""
    from .io import left_out
    from .network import load_model
    from .parallel import launched_rank
    from .pipeline import run as run_all

    refuse_both(trials, precision)
    hints = hints_of(volume_types, inversion_time, variable, axes, pixel_size)

    with _progress() as bar:
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
            scene=scene,
            keep_identifiers=keep_identifiers,
            overwrite=overwrite,
            correct_motion=correct_motion,
            hints=hints,
            progress=show,
        )
    failed = [outcome for outcome in outcomes if outcome.report is None]
    first = launched_rank() == 0
    for outcome in outcomes if first else ():
        if outcome.report is not None:
            note = " (finished before)" if outcome.resumed else ""
            print(f"{outcome.report}{note}")
        if outcome.m0_from:
            print(f"{outcome.source}: M0 is {outcome.m0_from}", file=sys.stderr)
    for reason in left_out(series, hints) if first else ():
        print(f"left out: {reason}", file=sys.stderr)
    for outcome in failed if first else ():
        print(f"failed: {outcome.error}", file=sys.stderr)
    if failed:
        raise typer.Exit(2)


@app.command()
def quantify(
    source: Annotated[Path, typer.Argument(help="A series, or a scene (.mrb) with its masks.")],
    masks: Annotated[
        Path | None,
        typer.Option(
            help="Masks of a series: label map, .seg.nrrd, DICOM SEG or RT structure set, or a "
            "folder of SEG; a scene brings its own."
        ),
    ] = None,
    segment: Annotated[
        str | None, typer.Option(help="Which of several segments or labels is the muscle.")
    ] = None,
    rv_insertion: Annotated[Path | None, typer.Option(help="RV insertion points (JSON).")] = None,
    correct_motion: Annotated[
        bool, typer.Option(help="Move frames to where the heart usually is; for one mask of all.")
    ] = False,
    volume_types: VolumeTypes = None,
    inversion_time: InversionTime = None,
    variable: Variable = None,
    axes: Axes = None,
    pixel_size: PixelSize = None,
) -> None:
    """Blood flow with masks at hand, after correction, as JSON.

    A scene with several series gives a list of them.
    """
    from .errors import SeriesError
    from .io import read_masks, read_rv_insertion, read_series, series_sources
    from .motion import align_with_one_mask
    from .perfusion import quantify as quantify_series
    from .results import describe_flow

    hints = hints_of(volume_types, inversion_time, variable, axes, pixel_size)
    if source.suffix == ".mrb":
        if masks is not None or segment is not None:
            raise SeriesError(
                f"{masks or segment}: not used, as {source} brings its own masks; leave it out."
            )
        if stated := hints.stated():
            raise SeriesError(
                f"{source}: says itself what {', '.join(stated)} are; leave that out."
            )
        from .apart import read_apart
        from .scene import read_scenes

        found = [
            (c.series, c.flow_masks, c.rv_insertion, c.constants)
            for c in read_apart(read_scenes, source)
        ]
    elif masks is None:
        raise SeriesError(f"{source}: has no masks; give them with --masks.")
    else:
        images = read_series(source, hints)
        drawn = read_masks(masks, images, segment, series_sources(source, hints))
        found = [(images, drawn, None, {})]
    answers = []
    for images, drawn, points, constants in found:
        if rv_insertion is not None:
            points = read_rv_insertion(rv_insertion, images)
        if correct_motion:
            images = align_with_one_mask(images, drawn)
        result = quantify_series(images, drawn, points, **constants)
        warnings = [*images.notes, *result.warnings]
        answers.append({"mbf": describe_flow(result), "warnings": warnings})
        if len(found) > 1:
            answers[-1] = {"series": images.name, **answers[-1]}
    print(json.dumps(answers if len(found) > 1 else answers[0], indent=2))


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to be written; new or empty.")],
    subjects: Annotated[int, typer.Option(min=1, help="How many hearts.")] = 6,
    condition: Annotated[
        list[Condition] | None, typer.Option(help="rest, stress; may be given twice.")
    ] = None,
    slices: Annotated[int, typer.Option(help="1 (mid) or 3 (basal, mid, apical).")] = 1,
    seed: Seed = 1,
    heartbeats: Annotated[
        int | None,
        typer.Option(min=1, max=3, help="From inversion to image; default: past the null."),
    ] = None,
    unusual: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of subjects with unusual hearts and protocols, for training."
        ),
    ] = 0.0,
) -> None:
    """Simulate a data set with known truth (BIDS)."""
    from .phantom import simulate_cohort

    if slices not in (1, 3):
        raise typer.BadParameter("1 or 3 slices can be simulated.", param_hint="--slices")
    conditions = [c.value for c in condition or [Condition.rest]]
    with _progress() as bar:
        task = bar.add_task("simulate", total=None)
        paths = simulate_cohort(
            out,
            subjects=subjects,
            conditions=conditions,
            slices=slices,
            seed=seed,
            heartbeats=heartbeats,
            unusual=unusual,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    print(f"{len(paths)} series in {out}")


@app.command()
def train(
    dataset: Annotated[Path, typer.Argument(help="BIDS with masks in derivatives/observer.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model (.safetensors).")],
    base_maps: Annotated[int, typer.Option(min=1, help="Feature maps at full resolution.")] = 64,
    scales: Annotated[int, typer.Option(min=2, max=7, help="Resolution scales.")] = 5,
    kernel_size: Annotated[int, typer.Option(help="Of the convolutions; odd.")] = 5,
    dropout: Annotated[float, typer.Option(min=0, max=0.95, help="Rate.")] = 0.5,
    loss: Annotated[LossName, typer.Option(help="What is minimised.")] = LossName.dice,
    beta: Annotated[
        float, typer.Option(min=0, max=1, help="Tversky: weight of false positives.")
    ] = 0.5,
    epochs: Annotated[int, typer.Option(min=1)] = 150,
    batch_size: Annotated[int, typer.Option(min=1)] = 12,
    learning_rate: Annotated[float, typer.Option(min=0, help="Of Adam.")] = 1e-4,
    schedule: Annotated[Schedule, typer.Option(help="Of the rate.")] = Schedule.constant,
    augment: Annotated[bool, typer.Option(help="Move and recolour images.")] = True,
    crop: Annotated[
        int | None,
        typer.Option(min=32, help="Pixels a side that most epochs see; default: whole images."),
    ] = None,
    initial_model: Annotated[
        Path | None,
        typer.Option("--from", help="Weights to go on from, of the same architecture."),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Train a network. Killed and started again, it goes on from the last epoch."""
    from .network import Architecture
    from .parallel import launched_rank
    from .training.fit import TrainingConfig
    from .training.fit import train as fit

    if kernel_size % 2 == 0:
        raise typer.BadParameter("must be odd.", param_hint="--kernel-size")
    if crop is not None and not augment:
        raise typer.BadParameter("goes with --augment only.", param_hint="--crop")
    config = TrainingConfig(
        architecture=Architecture(base_maps, scales, kernel_size, dropout),
        loss=loss.value,
        beta=beta,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        schedule=schedule.value,
        augmentation=augment,
        crop=crop,
        seed=seed,
        initial_model=str(initial_model) if initial_model else None,
    )
    with _progress() as bar:
        task = bar.add_task("train", total=epochs)

        def show(epoch: int, _of: int, training_loss: float, dice: float, _left: float) -> None:
            words = f"loss {training_loss:.3f}, validation Dice {dice:.3f}"
            bar.update(task, completed=epoch, description=words)

        best = fit(dataset, output, config, progress=show)
    if launched_rank() == 0:
        print(f"{output}: validation Dice {best:.4f}")


@app.command()
def evaluate(
    dataset: Annotated[Path, typer.Argument(help="BIDS with masks in derivatives/observer.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the metrics as JSON.")
    ] = None,
    model: Model = None,
    trials: Trials = None,
    precision: Precision = None,
    seed: Seed = 0,
    device: OnDevice = Device.auto,
) -> None:
    """Compare with reference masks: Dice, pixels, uncertainty, flow."""
    from .display.tables import metrics_table
    from .io.files import refuse_foreign, write_json
    from .network import load_model
    from .studies.evaluate import evaluate as compare

    refuse_both(trials, precision)
    if output is not None:
        refuse_foreign(output, "dice")
    with _progress() as bar:
        task = bar.add_task("evaluate", total=None)
        metrics = compare(
            dataset,
            model=load_model(model),
            trials=trials,
            precision=precision,
            seed=seed,
            device=device.value,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    if output is not None:
        write_json(output, metrics)
    Console().print(metrics_table(metrics))


@app.command()
def bench(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="JSON of the results; a figure goes beside it.")
    ] = Path("bench.json"),
    base_maps: Annotated[int, typer.Option(min=1, help="Feature maps at full resolution.")] = 64,
    scales: Annotated[int, typer.Option(min=2, max=6, help="Resolution scales.")] = 5,
    kernel_size: Annotated[int, typer.Option(help="Of the convolutions; odd.")] = 5,
    device: OnDevice = Device.auto,
    repetitions: Annotated[int, typer.Option(min=3, help="Of every measurement.")] = 7,
) -> None:
    """Measure the engine beside plain PyTorch and beside its ceilings. Keep the machine idle."""
    from .display.bench_figure import draw_bench
    from .display.tables import bench_table
    from .io.files import refuse_foreign, replacing, write_json
    from .network import Architecture
    from .studies.bench import bench as measure

    if kernel_size % 2 == 0:
        raise typer.BadParameter("must be odd.", param_hint="--kernel-size")
    if output.suffix != ".json":
        output = output / "bench.json"
    refuse_foreign(output, "ms_per_pass")
    with _progress() as bar:
        task = bar.add_task("bench", total=None)
        result = measure(
            Architecture(base_maps, scales, kernel_size),
            device=device.value,
            repetitions=repetitions,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    write_json(output, result)
    with replacing(output.with_suffix(".svg")) as beside:
        draw_bench(result, beside)
    Console().print(bench_table(result))


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


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    # Of several processes that torchrun started, one shows how far it is; into a file, none does.
    hidden = os.environ.get("RANK", "0") != "0" or not console.is_terminal
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=hidden) as bar:
        yield bar


if __name__ == "__main__":
    main()
