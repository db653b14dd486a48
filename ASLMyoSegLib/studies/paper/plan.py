"""The studies by name, and the queue of those that are still to be made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ...errors import OutputError, SeriesError
from ...io.files import read_json, refuse_foreign, replacing, write_json
from . import (
    accuracy,
    adaptability,
    batchsize,
    contrast,
    finetuning,
    noise,
    partialvolume,
    probunet,
    trials,
    uncertainty,
)
from .scale import SCALES, Scale
from .workbench import Outcome, Told, Workbench

STUDIES: dict[str, Callable[[Workbench], Outcome]] = {
    "partialvolume": partialvolume.run,
    "accuracy": accuracy.run,
    "contrast": contrast.run,
    "uncertainty": uncertainty.run,
    "noise": noise.run,
    "finetuning": finetuning.run,
    "adaptability": adaptability.run,
    "trials": trials.run,
    "probunet": probunet.run,
    "batchsize": batchsize.run,
}
"""In the order in which `all` makes them: what costs least and is shared most comes first."""


@dataclass(frozen=True)
class Queue:
    """What is to be made at one scale; lies as `queue.json` among the results.

    Attributes:
        scale: name of the scale.
        waiting: names of studies, the next one first.
        done: names of those that are made.
    """

    scale: str
    waiting: list[str]
    done: list[str]


def run_studies(
    names: list[str],
    scale: Scale,
    out: Path,
    *,
    resume: bool = False,
    told: Told = lambda what, done, total: None,
    ended: Callable[[str, Outcome], None] = lambda name, outcome: None,
) -> None:
    """Make studies, one after the other: ``NAME.json`` and figures in `out`.

    Cohort, networks and passes are kept in a folder of `out` named as the scale, and used by all
    studies. A queue file tells which studies are waiting; after a kill, `resume` goes on with it,
    and trainings go on from their last epoch.

    Args:
        names: of `STUDIES`.
        scale: of all of them.
        out: folder of the results.
        resume: go on with the queue that is there; `names` are made where there is none.
        told: of progress.
        ended: called with each study that is made.

    Raises:
        OutputError: where a queue is there that is not to be gone on with, or is of another scale,
            or files cannot be written.
    """
    path = out / "queue.json"
    queue = _queue(path, names, scale, resume)
    bench = Workbench(out / scale.name, scale, told)
    while queue.waiting:
        name = queue.waiting[0]
        outcome = STUDIES[name](bench)
        write_outcome(outcome, name, scale, out)
        queue = Queue(queue.scale, queue.waiting[1:], [*queue.done, name])
        write_json(path, asdict(queue))
        ended(name, outcome)


def write_outcome(outcome: Outcome, name: str, scale: Scale, out: Path) -> None:
    """The numbers of a study as ``NAME.json``, its figures as PNG beside it."""
    path = out / f"{name}.json"
    refuse_foreign(path, "study")
    for figure, drawn in outcome.figures.items():
        with replacing(out / f"{figure}.png") as beside:
            drawn.savefig(beside)
    content = {
        "study": name,
        "scale": scale.name,
        "setting": outcome.setting,
        "rows": [asdict(row) for row in outcome.rows],
        "figures": [f"{figure}.png" for figure in outcome.figures],
        "numbers": outcome.numbers,
    }
    write_json(path, content)


def _queue(path: Path, names: list[str], scale: Scale, resume: bool) -> Queue:
    there = _read(path) if path.exists() else None
    if resume and there is not None:
        if there.scale != scale.name:
            raise OutputError(
                f"{path}: is a queue of scale {there.scale}; give --scale {there.scale}, or "
                "another folder."
            )
        return there
    if there is not None and there.waiting:
        raise OutputError(
            f"{path}: {', '.join(there.waiting)} are waiting; give --resume to go on, or delete it."
        )
    queue = Queue(scale.name, list(names), [])
    write_json(path, asdict(queue))
    return queue


def _read(path: Path) -> Queue:
    content = read_json(path)
    scale, waiting, done = (content.get(name) for name in ("scale", "waiting", "done"))
    whole = isinstance(waiting, list) and isinstance(done, list) and scale in SCALES
    if not whole or not set(waiting) <= STUDIES.keys():
        raise SeriesError(f"{path}: is no queue of studies; delete it to start anew.")
    return Queue(scale, waiting, done)
