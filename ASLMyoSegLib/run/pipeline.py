"""The main job: from a series on disk to masks, uncertainty, flow and a report."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
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
from ..io.bids.derivatives import describe_dataset
from ..io.files import read_json, replacing
from ..io.leftovers import remove_leftovers, replaced_by
from ..io.privacy import identifiers_of
from ..io.reading import NO_HINTS
from ..motion.measuring import measure_motion
from ..motion.undoing import correct_motion as undo_motion
from ..network import LoadedModel, load_model
from ..processes.parallel import launched, launched_rank
from ..series import Segmentation
from ..uncertainty import DEFAULT_PRECISION
from ..uncertainty.sampler import segment
from ..uncertainty.scores import mcd_uncertainty
from ..uncertainty.ways import HEART
from .cohort import note_failures, write_cohort
from .finished import FinishedSeries
from .flow import DEFAULT_OPTIONS, FlowOptions, measure_flow
from .results import SUMMARY, SceneWriter, write_results

FIRST_LOOK = 8
"""Passes per image that tell where the heart is, before motion is corrected."""


@dataclass(frozen=True)
class Outcome:
    """What became of one series of a `run`.

    Attributes:
        source: the series.
        report: path of its ``report.html``; None where it failed.
        error: why it failed, in one line; empty where it did not.
        resumed: whether an earlier start had finished it already.
        m0_from: the file or series of its own that M0 was taken from; empty where it was none.
    """

    source: Path
    report: Path | None
    error: str = ""
    resumed: bool = False
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
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Outcome]:
    """Segment and quantify a series, or every series beneath a folder, each into a folder.

    One series is written into `output` itself, several into a folder each, called after the series,
    or after its path beneath `path` where others have the same name. A series that fails does not
    stop the others; one that an earlier start finished, from the same files and settings, is left
    as it is. A folder of results appears whole or not at all.

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
        overwrite: whether to replace results of other images or settings, if the folder holds
            nothing but what an earlier `run` wrote there.
        correct_motion: whether to move frames to where the heart usually is before segmenting.
        hints: what the files of all these series do not say.
        flow: how it is measured.
        progress: called with the name of the series, passes done and passes in all.

    Raises:
        ASLMyoSegError: where a single series fails, or there is none.
    """
    sources = find_series(path, hints)
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
    )
    if len(sources) == 1 and launched_rank() > 0:
        return []
    if len(sources) == 1:
        return [_run_one(sources[0], output, model, rv_insertion, progress, settings)]
    if rv_insertion is not None:
        raise OutputError(
            f"{rv_insertion}: one file of RV insertion points cannot serve the "
            f"{len(sources)} series beneath {path}; run them one by one."
        )
    targets = _targets(sources, Path(path), output)

    def is_finished(source: Path) -> bool:
        return _is_finished(targets[source], source, find_rv_insertion(source), model, settings)

    with launched() as group:
        # Open ones first, so that what a killed process left is shared out among all. The first
        # process decides, as the folder changes while others look.
        order = group.from_first(sorted(sources, key=is_finished))
        outcomes = []
        for source in order[group.rank :: group.size]:
            try:
                done = _run_one(source, targets[source], model, None, progress, settings)
            except Exception as error:  # whatever it is, the others are not to suffer
                done = Outcome(source, None, error=describe_error(error, source))
            outcomes.append(done)
        gathered = [outcome for part in group.gather(outcomes) for outcome in part]
        if group.rank == 0 and any(outcome.report for outcome in gathered):
            describe_dataset(output, "Myocardial blood flow")
            failed = [outcome for outcome in gathered if outcome.report is None]
            note_failures(output, [Failure(str(o.source), o.error) for o in failed])
            write_cohort(output)
    return sorted(gathered, key=lambda outcome: sources.index(outcome.source))


def _targets(sources: list[Path], root: Path, output: Path) -> dict[Path, Path]:
    """A folder of results for each series, none for two."""
    names = Counter(map(series_name, sources))
    targets = {}
    for source in sources:
        name = series_name(source)
        deep = names[name] > 1 and root in source.parents
        folder = output / source.parent.relative_to(root) if deep else output
        targets[source] = folder / name
    for source, target in targets.items():
        twins = [other.name for other, its in targets.items() if its == target]
        if len(twins) > 1:
            raise OutputError(
                f"{source.parent}: {' and '.join(twins)} would give the same results; keep one."
            )
    return targets


def _run_one(
    source: Path,
    output: Path,
    model: LoadedModel,
    rv_insertion: str | Path | None,
    progress: Callable[[str, int, int], None] | None,
    settings: _Settings,
) -> Outcome:
    report = output / "report.html"
    landmarks = Path(rv_insertion) if rv_insertion else find_rv_insertion(source)
    if _is_finished(output, source, landmarks, model, settings):
        remove_leftovers(output)
        return Outcome(source, report, resumed=True)
    occupied = output.exists() and (not output.is_dir() or any(output.iterdir()))
    ours = occupied and _is_ours(output)
    if occupied and not (ours and settings.overwrite):
        remedy = "choose an empty or a new folder"
        remedy += ", or replace these by --overwrite" if ours else ""
        raise OutputError(
            f"{output}: holds something else already, or results of other images or settings; "
            f"{remedy}."
        )
    started = time.monotonic()
    digest = input_digest(source, landmarks, hints=settings.hints)
    series = read_series(source, settings.hints, keep_identifiers=settings.keep_identifiers)
    points = read_rv_insertion(landmarks, series) if landmarks else None
    motion = None
    if settings.correct_motion:
        look = segment(series, model, trials=FIRST_LOOK, seed=settings.seed, device=settings.device)
        series, motion = undo_motion(series, measure_motion(series, look.mean >= 0.5))
    posterior = segment(
        series,
        model,
        trials=settings.trials,
        precision=settings.precision,
        seed=settings.seed,
        device=settings.device,
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
        warnings=warnings,
        precision=settings.precision,
        seconds=time.monotonic() - started,
        digest=digest,
        stated=settings.hints.stated(),
        flow_options=settings.flow.stated(),
        identifiers=identifiers_of(series.metadata) if settings.keep_identifiers else None,
        sources=series_sources(source, settings.hints, series),
    )
    with replacing(output) as beside:
        beside.mkdir()
        write_results(beside, finished, settings.write_scene)
        if occupied:  # it goes with the hidden folder in which the new results lie
            output.replace(replaced_by(beside))
    return Outcome(source, report, m0_from=series.metadata.get("M0From", ""))


def _is_ours(output: Path) -> bool:
    """Whether a folder holds results of `run` and nothing else: all files are in its summary."""
    try:
        written = set(read_json(output / SUMMARY)["files"])
    except (ASLMyoSegError, KeyError, TypeError):
        return False
    found = {p.relative_to(output).as_posix() for p in output.rglob("*") if not p.is_dir()}
    return found <= written


def _is_finished(
    output: Path, source: Path, landmarks: Path | None, model: LoadedModel, settings: _Settings
) -> bool:
    """Whether an earlier start wrote these very results: ``summary.json`` is written last."""
    try:
        summary = read_json(output / SUMMARY)
        return (
            summary["series"] == series_name(source)
            and summary["model"]["sha256"] == model.sha256
            and summary["way"] == HEART.name
            and summary["precision"] == settings.precision
            and (settings.trials is None or summary["trials"] == settings.trials)
            and summary["seed"] == settings.seed
            and (summary["identifiers"] is not None) == settings.keep_identifiers
            and summary["motion"]["corrected"] == settings.correct_motion
            and summary["flow_options"] == settings.flow.stated()
            and (settings.write_scene is None or (output / "scene.mrb").is_file())
            and summary["input_sha256"] == input_digest(source, landmarks, hints=settings.hints)
        )
    except (ASLMyoSegError, KeyError, TypeError):
        return False
