"""The main job: from a series on disk to masks, uncertainty, flow and a report."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..display.cohort_page import Failure
from ..errors import ASLMyoSegError, OutputError, describe_error
from ..io import (
    Hints,
    find_rv_insertion,
    find_series,
    input_digest,
    read_rv_insertion,
    read_series,
    series_name,
    series_sources,
)
from ..io.bids.derivatives import describe_dataset, describe_derivatives, refuse_other_dataset
from ..io.files import read_json
from ..io.privacy import identifiers_of
from ..io.reading import NO_HINTS
from ..motion.measuring import measure_motion
from ..motion.undoing import correct_motion as undo_motion
from ..network import LoadedModel, load_model
from ..processes.parallel import launched, launched_rank
from ..processes.pool import done_by_processes
from ..series import Segmentation
from ..uncertainty import DEFAULT_PRECISION
from ..uncertainty.sampler import segment
from ..uncertainty.scores import mcd_uncertainty
from ..uncertainty.ways import HEART, Way
from .choosing import Choice
from .cohort import write_cohort
from .failures import forget_failure, note_failure
from .finished import FinishedSeries
from .flow import DEFAULT_OPTIONS, FlowOptions, measure_flow
from .heart import Place, heart_notes
from .places import Task, tasks_of
from .publishing import go_on_publishing, publishing, refuse_occupied_places
from .results import SceneWriter, write_bibliography, write_results

EVERY_SERIES = Choice()
FIRST_LOOK = 8
"""Passes per image that tell where the heart is, before motion is corrected."""


@dataclass(frozen=True)
class Outcome:
    """What became of one series of a `run`.

    Attributes:
        source: the series.
        report: path of its report; None where it failed.
        error: why it failed, in one line; empty where it did not.
        resumed: whether an earlier start had finished it already.
        planned: whether it would be done, where only that was asked.
        m0_from: the file or series of its own that M0 was taken from; empty where it was none.
    """

    source: Path
    report: Path | None
    error: str = ""
    resumed: bool = False
    planned: bool = False
    m0_from: str = ""


@dataclass(frozen=True)
class _Settings:
    """What all series of a run have in common."""

    trials: int | None
    precision: float | None
    seed: int
    device: str
    write_scene: SceneWriter | None
    keep_identifiers: bool
    overwrite: bool
    correct_motion: bool
    hints: Hints
    flow: FlowOptions
    way: Way
    heart: Place | None


def run(
    path: str | Path,
    output: str | Path,
    *,
    model: LoadedModel | None = None,
    trials: int | None = None,
    precision: float | None = None,
    seed: int = 0,
    device: str = "auto",
    rv_insertion: str | Path | None = None,
    write_scene: SceneWriter | None = None,
    keep_identifiers: bool = False,
    overwrite: bool = False,
    hints: Hints = NO_HINTS,
    correct_motion: bool = False,
    flow: FlowOptions = DEFAULT_OPTIONS,
    way: Way = HEART,
    heart: Place | None = None,
    choice: Choice = EVERY_SERIES,
    jobs: int = 1,
    page: bool = True,
    dry_run: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Outcome]:
    """Segment and quantify a series, or every series beneath a folder.

    Series of BIDS become derivatives in the data set `output`. Of others, one is written into
    `output` itself, several into a folder each (see `places.layouts_of`). A series that fails does
    not stop the others; one that an earlier start finished, from the same files and settings, is
    left as it is. The results of a series appear whole or not at all.

    Started by ``torchrun``, each process takes a share of the series, and each returns all
    outcomes; the next start shares out what a killed process left. The first process alone takes
    a single series, and the others return nothing.

    Args:
        path: a series, as `io.read_series` takes it, or a folder.
        output: folder of the results.
        model: the network; None takes the default.
        trials: stochastic passes per image; None takes as many as the precision asks for.
        precision: relative standard error of every image's MCD Uncertainty; 0.02 where neither is
            given (see `uncertainty.sampler.segment`).
        seed: of the passes.
        device: `auto`, `cpu` or `cuda`.
        rv_insertion: file of RV insertion points, for a single series; None takes
            ``*_rvinsertion.json`` beside a series, where there is one.
        write_scene: writes a Slicer scene as well (`scene.write_scene`); None writes none.
        keep_identifiers: whether report, summary and scene tell who the patient is, as far as the
            files do.
        overwrite: whether to replace results of other images or settings; nothing but what an
            earlier `run` wrote is ever replaced.
        correct_motion: whether to move frames to where the heart usually is before segmenting.
        hints: what the files of all these series do not say.
        flow: how it is measured.
        way: how passes look at the images; `uncertainty.ways.PAPER` is the paper's.
        heart: where it is in a single series; None looks for it.
        choice: which of the series are taken.
        jobs: processes that do several series side by side.
        page: whether several series end with the page over all results in the folder.
        dry_run: whether to read each series and tell what would become of it, and do nothing.
        progress: called with the name of the series, passes done and passes in all; by several
            jobs with "series", those done and all.

    Raises:
        ASLMyoSegError: where a single series fails, or there is none.
    """
    sources = choice.of(find_series(path, hints), Path(path))
    output = Path(output)
    model = model or load_model()
    if trials is None and precision is None:
        precision = DEFAULT_PRECISION
    settings = _Settings(
        trials,
        precision,
        seed,
        device,
        write_scene,
        keep_identifiers,
        overwrite,
        correct_motion,
        hints,
        flow,
        way,
        heart,
    )
    if len(sources) == 1 and launched_rank() > 0:
        return []
    tasks = tasks_of(sources, Path(path), output)
    for data_set in {task.layout.root for task in tasks if task.layout.bids}:
        refuse_other_dataset(data_set)
    if dry_run:
        return [_look_at(task, model, rv_insertion, settings) for task in tasks]
    if len(tasks) == 1:
        return [_run_and_note(tasks[0], model, rv_insertion, progress, settings)]
    if rv_insertion is not None:
        raise OutputError(
            f"{rv_insertion}: one file of RV insertion points cannot serve the "
            f"{len(sources)} series beneath {path}; run them one by one."
        )
    if heart is not None:
        raise OutputError(
            f"{path}: one place of the heart ({heart}) cannot be that of its "
            f"{len(sources)} series; run them one by one."
        )

    def is_finished(task: Task) -> bool:
        return _is_finished(task, find_rv_insertion(task.source), model, settings)

    with launched() as group:
        # Open ones first, so that what a killed process left is shared out among all. The first
        # process decides, as the folder changes while others look.
        order = group.from_first(sorted(tasks, key=is_finished))
        share = order[group.rank :: group.size]
        if jobs > 1:
            do = partial(_outcome_of, model=model, progress=None, settings=settings)
            outcomes = []
            for outcome in done_by_processes(do, share, jobs, _died):
                outcomes.append(outcome)
                if progress:
                    progress("series", len(outcomes), len(share))
        else:
            outcomes = [_outcome_of(task, model, progress, settings) for task in share]
        gathered = [outcome for part in group.gather(outcomes) for outcome in part]
        if group.rank == 0 and page:
            if not any(task.layout.bids for task in tasks):
                describe_dataset(output, "Myocardial blood flow")
            write_cohort(output)
    return sorted(gathered, key=lambda outcome: sources.index(outcome.source))


def _outcome_of(
    task: Task,
    model: LoadedModel,
    progress: Callable[[str, int, int], None] | None,
    settings: _Settings,
) -> Outcome:
    """Do one of several series."""
    try:
        return _run_and_note(task, model, None, progress, settings)
    except Exception as error:  # whatever it is, the others are not to suffer
        return Outcome(task.source, None, error=describe_error(error, task.source))


def _died(task: Task) -> Outcome:
    """The outcome of a series whose process died."""
    reason = f"{task.source}: its process died, maybe for want of memory; try fewer --jobs."
    if task.note is not None:
        _describe(task)
        note_failure(task.note, Failure(str(task.source), reason))
    return Outcome(task.source, None, error=reason)


def _look_at(
    task: Task, model: LoadedModel, rv_insertion: str | Path | None, settings: _Settings
) -> Outcome:
    """What would become of a series: it is read, and nothing written."""
    source, layout = task.source, task.layout
    landmarks = Path(rv_insertion) if rv_insertion else find_rv_insertion(source)
    if _is_finished(task, landmarks, model, settings):
        return Outcome(source, layout.report, resumed=True)
    try:
        refuse_occupied_places(layout, settings.overwrite)
        series = read_series(source, settings.hints)
        if landmarks:
            read_rv_insertion(landmarks, series)
    except Exception as error:
        return Outcome(source, None, error=describe_error(error, source))
    return Outcome(source, layout.report, planned=True, m0_from=series.metadata.get("M0From", ""))


def _run_and_note(
    task: Task,
    model: LoadedModel,
    rv_insertion: str | Path | None,
    progress: Callable[[str, int, int], None] | None,
    settings: _Settings,
) -> Outcome:
    """Do one series; where it fails, that is noted for the page over the study."""
    try:
        outcome = _run_one(task, model, rv_insertion, progress, settings)
    except Exception as error:
        if task.note is not None:
            _describe(task)
            reason = describe_error(error, task.source)
            note_failure(task.note, Failure(str(task.source), reason))
        raise
    if task.note is not None:
        forget_failure(task.note)
    return outcome


def _describe(task: Task) -> None:
    if task.data_set is not None:
        describe_derivatives(task.layout.root, task.data_set)
        write_bibliography(task.layout)


def _run_one(
    task: Task,
    model: LoadedModel,
    rv_insertion: str | Path | None,
    progress: Callable[[str, int, int], None] | None,
    settings: _Settings,
) -> Outcome:
    source, layout = task.source, task.layout
    landmarks = Path(rv_insertion) if rv_insertion else find_rv_insertion(source)
    go_on_publishing(layout)
    if _is_finished(task, landmarks, model, settings):
        return Outcome(source, layout.report, resumed=True)
    refuse_occupied_places(layout, settings.overwrite)
    started = time.monotonic()
    digest = input_digest(source, landmarks, hints=settings.hints)
    series = read_series(source, settings.hints, keep_identifiers=settings.keep_identifiers)
    points = read_rv_insertion(landmarks, series) if landmarks else None
    motion = None
    given = {
        "seed": settings.seed,
        "device": settings.device,
        "way": settings.way,
        "heart": settings.heart and settings.heart.standing(series),
        "rv_insertion": points,
    }
    if settings.correct_motion:
        look = segment(series, model, trials=FIRST_LOOK, **given)
        series, motion = undo_motion(series, measure_motion(series, look.mean >= 0.5))
    posterior = segment(
        series,
        model,
        trials=settings.trials,
        precision=settings.precision,
        **given,
        progress=(lambda done, of: progress(series.name, done, of)) if progress else None,
    )
    masks = posterior.mean >= 0.5
    segmentation = Segmentation(
        masks, ("automatic",) * len(masks), mcd_uncertainty(posterior.mean, posterior.std)
    )
    arguments = settings.flow.arguments(series)
    flow, warnings = measure_flow(series, segmentation, points, posterior, arguments)
    finished = FinishedSeries(
        series=series,
        posterior=posterior,
        segmentation=segmentation,
        flow=flow,
        motion=motion or measure_motion(series, masks),
        points=points,
        warnings=(*heart_notes(posterior), *warnings),
        precision=settings.precision,
        seconds=time.monotonic() - started,
        digest=digest,
        stated=settings.hints.stated(),
        flow_options=settings.flow.stated(),
        heart=settings.heart,
        identifiers=identifiers_of(series.metadata) if settings.keep_identifiers else None,
        sources=series_sources(source, settings.hints, series),
    )
    _describe(task)
    with publishing(layout) as beside:
        write_results(beside, finished, settings.write_scene)
    return Outcome(source, layout.report, m0_from=series.metadata.get("M0From", ""))


def _is_finished(
    task: Task, landmarks: Path | None, model: LoadedModel, settings: _Settings
) -> bool:
    """Whether an earlier start wrote these very results: the summary is written last."""
    source, layout = task.source, task.layout
    try:
        summary = read_json(layout.summary)
        return (
            summary["series"] == series_name(source)
            and summary["model"]["sha256"] == model.sha256
            and summary["way"] == settings.way.name
            and summary["heart"]["stated"] == (settings.heart and str(settings.heart))
            and summary["precision"] == settings.precision
            and (settings.trials is None or summary["trials"] == settings.trials)
            and summary["seed"] == settings.seed
            and (summary["identifiers"] is not None) == settings.keep_identifiers
            and summary["motion"]["corrected"] == settings.correct_motion
            and summary["flow_options"] == settings.flow.stated()
            and (settings.write_scene is None or layout.scene.is_file())
            and summary["input_sha256"] == input_digest(source, landmarks, hints=settings.hints)
        )
    except (ASLMyoSegError, KeyError, TypeError):
        return False
