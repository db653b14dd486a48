"""The commands that make a model and judge it: `simulate`, `train`, `evaluate`, `bench`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .options import Device, Model, OnDevice, Precision, Seed, Trials, refuse_both
from .progress import counting, progress_bar


class Condition(str, Enum):
    """Of the simulated heart."""

    rest = "rest"
    stress = "stress"


class LossName(str, Enum):
    """Losses that `train` knows."""

    dice = "dice"
    bce = "bce"
    tversky = "tversky"


class NetworkName(str, Enum):
    """What `train` trains."""

    mcd = "mcd"
    probabilistic = "probabilistic"


class Schedule(str, Enum):
    """Of the learning rate."""

    constant = "constant"
    cosine = "cosine"


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to be written; new or empty.")],
    subjects: Annotated[int, typer.Option(min=1, help="How many hearts.")] = 6,
    condition: Annotated[
        list[Condition] | None, typer.Option(help="rest, stress; may be given twice.")
    ] = None,
    slices: Annotated[
        int, typer.Option(min=1, metavar="N", help="1 is mid; more go from base to apex.")
    ] = 1,
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
    from ..run.simulation import simulate_cohort

    conditions = [c.value for c in condition or [Condition.rest]]
    with counting("simulate") as show:
        paths = simulate_cohort(
            out,
            subjects=subjects,
            conditions=conditions,
            slices=slices,
            seed=seed,
            heartbeats=heartbeats,
            unusual=unusual,
            progress=show,
        )
    print(f"{len(paths)} series in {out}")


def train(
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(
            metavar="DATASET|RECIPE",
            help="BIDS with masks in derivatives/observer; or a recipe (.toml), which says all "
            "that the options say, for pictures that are drawn as they are learned from.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model (.safetensors).")],
    watch: Annotated[
        Path | None,
        typer.Option(
            help="Folder with INDEX.csv (file, mask, set, spacing_x, spacing_y): Dice by set every "
            "half hour, as lines of JSON beside the model."
        ),
    ] = None,
    drawers: Annotated[
        int, typer.Option(min=0, help="Processes that draw pictures beside the one that learns.")
    ] = 1,
    network: Annotated[
        NetworkName,
        typer.Option(
            help="mcd; or probabilistic, for which --base-maps, --scales, --kernel-size, "
            "--batch-size, --learning-rate, --iterations, --divergence and --seed count, 32, 4 and "
            "3 in place of 64, 5 and 5 where not given."
        ),
    ] = NetworkName.mcd,
    iterations: Annotated[
        int, typer.Option(min=1, help="Steps of a probabilistic network.")
    ] = 5400,
    divergence: Annotated[
        float, typer.Option(min=0, help="Its weight of the divergence, the paper's λ.")
    ] = 10.0,
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
    from ..network import Architecture
    from ..processes.parallel import launched_rank
    from ..training.fit import train as fit
    from ..training.recipe import TrainingConfig, read_recipe

    if kernel_size % 2 == 0:
        raise typer.BadParameter("must be odd.", param_hint="--kernel-size")
    if crop is not None and not augment:
        raise typer.BadParameter("goes with --augment only.", param_hint="--crop")
    if network is NetworkName.probabilistic:
        _train_probabilistic(context, source, output)
        return
    dataset = None if source.suffix == ".toml" else source
    if dataset is None:
        _refuse_beside_recipe(context)
    config = (
        read_recipe(source)
        if dataset is None
        else TrainingConfig(
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
    )
    with progress_bar() as bar:
        task = bar.add_task("train", total=config.epochs)

        def show(epoch: int, _of: int, training_loss: float, dice: float, _left: float) -> None:
            words = f"loss {training_loss:.3f}, validation Dice {dice:.3f}"
            bar.update(task, completed=epoch, description=words)

        best = fit(dataset, output, config, progress=show, watch=watch, drawers=drawers)
    if launched_rank() == 0:
        print(f"{output}: validation Dice {best:.4f}")


LATENT_OPTIONS = ("batch_size", "learning_rate", "iterations", "divergence", "seed")
LATENT_SHAPE = ("base_maps", "scales", "kernel_size")


def _train_probabilistic(context: typer.Context, source: Path, output: Path) -> None:
    """Train a probabilistic U-Net on a data set, by the options that say something of it."""
    from ..network import ProbabilisticArchitecture
    from ..training.latent_fit import train_latent
    from ..training.latent_recipe import LatentConfig
    from ..training.sources import latent_examples

    meant = {*LATENT_OPTIONS, *LATENT_SHAPE, "network", "source", "output"}
    given = {name: value for name, value in context.params.items() if _is_given(context, name)}
    for name in given.keys() - meant:
        raise typer.BadParameter(
            "says nothing of a probabilistic network.", param_hint="--" + name.replace("_", "-")
        )
    shape = {name: given[name] for name in LATENT_SHAPE if name in given}
    options = {name: given[name] for name in LATENT_OPTIONS if name in given}
    config = LatentConfig(ProbabilisticArchitecture(**shape), **options)
    examples, validation = latent_examples(source, config)
    with progress_bar() as bar:
        task = bar.add_task("train", total=config.iterations)

        def show(step: int, _of: int, loss: float, judged: float, _apart: float) -> None:
            words = f"loss {loss:.1f}, validation loss {judged:.1f}"
            bar.update(task, completed=step, description=words)

        best = train_latent(examples, validation, output, config, told=show)
    print(f"{output}: validation loss {best:.2f}")


def _is_given(context: typer.Context, name: str) -> bool:
    """Whether an option stood on the command line; by name, as typer may bring its own click."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _refuse_beside_recipe(context: typer.Context) -> None:
    """Refuse options whose values a recipe states."""
    for name in context.params.keys() - {"source", "output", "watch", "drawers"}:
        if _is_given(context, name):
            option = "--" + name.replace("_", "-")
            raise typer.BadParameter(
                "a recipe says this itself; write it there.", param_hint=option
            )


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
    from ..display.tables import metrics_table
    from ..io.files import refuse_foreign, write_json
    from ..network import load_model
    from ..studies.evaluate import evaluate as compare

    refuse_both(trials, precision)
    if output is not None:
        refuse_foreign(output, "dice")
    with counting("evaluate") as show:
        metrics = compare(
            dataset,
            model=load_model(model),
            trials=trials,
            precision=precision,
            seed=seed,
            device=device.value,
            progress=show,
        )
    if output is not None:
        write_json(output, metrics)
    Console().print(metrics_table(metrics))


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
    from ..display.bench_figure import draw_bench
    from ..display.tables import bench_table
    from ..io.files import refuse_foreign, replacing, write_json
    from ..network import Architecture
    from ..studies.bench import bench as measure

    if kernel_size % 2 == 0:
        raise typer.BadParameter("must be odd.", param_hint="--kernel-size")
    if output.suffix != ".json":
        output = output / "bench.json"
    refuse_foreign(output, "ms_per_pass")
    with counting("bench") as show:
        result = measure(
            Architecture(base_maps, scales, kernel_size),
            device=device.value,
            repetitions=repetitions,
            progress=show,
        )
    write_json(output, result)
    with replacing(output.with_suffix(".svg")) as beside:
        draw_bench(result, beside)
    Console().print(bench_table(result))
