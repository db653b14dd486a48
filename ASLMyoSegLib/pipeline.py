"""The main job: from a series on disk to masks, uncertainty, flow and a report."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import __version__
from .display.bullseye import draw_bullseye, save_bullseye
from .display.report import write_report
from .errors import ASLMyoSegError, OutputError, QuantificationError
from .io import (
    find_rv_insertion,
    find_series,
    read_rv_insertion,
    read_series,
    series_name,
    write_rv_insertion,
    write_volume,
)
from .io.files import replacing
from .network import LoadedModel, load_model
from .parallel import launched, launched_rank
from .perfusion.quantify import quantify
from .series import ASLSeries, MBFResult, Posterior, RVInsertion, Segmentation
from .uncertainty import DEFAULT_PRECISION
from .uncertainty.sampler import segment
from .uncertainty.scores import mcd_uncertainty

MBF_UNIT = "mL/g/min"


@dataclass(frozen=True)
class Outcome:
    """What became of one series of a `run`.

    Attributes:
        source: the series.
        report: path of its ``report.html``; None where it failed.
        error: why it failed, in one line; empty where it did not.
        resumed: whether an earlier start had finished it already.
    """

    source: Path
    report: Path | None
    error: str = ""
    resumed: bool = False


@dataclass(frozen=True)
class _Settings:
    """What all series of a run have in common."""

    trials: int | None
    precision: float | None
    seed: int
    device: str
    scene: bool


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
    scene: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Outcome]:
    """Segment and quantify a series, or every series beneath a folder, each into a folder.

    One series is written into `output` itself, several into a folder each. A series that fails
    does not stop the others; one that an earlier start finished is left as it is. A folder of
    results appears whole or not at all.

    Started by ``torchrun``, each process takes a share of the series, and each returns all
    outcomes; the next start shares out what a killed process left. The first process alone takes
    a single series, and the others return nothing.

    Args:
        path: a ``*_asl.nii[.gz]`` file or a folder.
        output: folder of the results.
        model: the network; None takes the default.
        trials: stochastic passes per image; None takes as many as the precision asks for.
        precision: relative standard error of every image's MCD Uncertainty; 0.02 where neither is
            given (see `uncertainty.sampler.segment`).
        seed: of the passes.
        device: `auto`, `cpu` or `cuda`.
        rv_insertion: file of RV insertion points, for a single series; None takes
            ``*_rvinsertion.json`` beside a series, where there is one.
        scene: whether to write a Slicer scene as well.
        progress: called with the name of the series, passes done and passes in all.

    Raises:
        ASLMyoSegError: where a single series fails, or there is none.
    """
    sources = find_series(path)
    output = Path(output)
    model = model or load_model()
    if trials is None and precision is None:
        precision = DEFAULT_PRECISION
    settings = _Settings(trials, precision, seed, device, scene)
    if len(sources) == 1 and launched_rank() > 0:
        return []
    if len(sources) == 1:
        return [_run_one(sources[0], output, model, rv_insertion, progress, settings)]
    if rv_insertion is not None:
        raise OutputError(
            f"{rv_insertion}: one file of RV insertion points cannot serve the "
            f"{len(sources)} series beneath {path}; run them one by one."
        )
    targets = {source: output / series_name(source) for source in sources}
    with launched() as group:
        # Open ones first, so that what a killed process left is shared out among all. The first
        # process decides, as the folder changes while others look.
        order = group.from_first(
            sorted(sources, key=lambda s: _is_finished(targets[s], s, model, settings))
        )
        outcomes = []
        for source in order[group.rank :: group.size]:
            try:
                done = _run_one(source, targets[source], model, None, progress, settings)
            except ASLMyoSegError as error:
                done = Outcome(source, None, error=str(error))
            outcomes.append(done)
        gathered = [outcome for part in group.gather(outcomes) for outcome in part]
    return sorted(gathered, key=lambda outcome: sources.index(outcome.source))


def summarise(
    series: ASLSeries,
    segmentation: Segmentation,
    posterior: Posterior,
    result: MBFResult | None,
    *,
    precision: float | None,
    seconds: float,
    warnings: tuple[str, ...],
) -> dict[str, Any]:
    """The content of ``summary.json``; numbers that do not exist are null."""
    scores = segmentation.mcd_uncertainty
    finite = scores[np.isfinite(scores)]
    frames = [
        {
            "index": frame,
            "slice": k,
            "volume_type": series.volume_types[frame],
            "mcd_uncertainty": _number(scores[frame, k]),
            "mcd_interval": [_number(v) for v in posterior.mcd_interval[frame, k]],
            "trials": int(posterior.trials[frame, k]),
            "mask_pixels": int(segmentation.masks[frame, k].sum()),
        }
        for frame in range(len(series.images))
        for k in range(series.images.shape[1])
    ]
    return {
        "version": __version__,
        "series": series.name,
        "model": posterior.model,
        "device": posterior.device,
        "trials": int(posterior.trials.max()),
        "precision": precision,
        "seed": posterior.seed,
        "seconds": round(seconds, 2),
        "frames": frames,
        "mcd_uncertainty": _number(finite.mean()) if finite.size else None,
        "mbf": describe_flow(result) if result else None,
        "warnings": list(warnings),
    }


def describe_flow(result: MBFResult) -> dict[str, Any]:
    """MBF as it stands in ``summary.json`` and in what `quantify` prints."""
    return {
        "unit": MBF_UNIT,
        "global": {"mbf": _number(result.whole.mbf), "pn": _number(result.whole.pn)},
        "segments": [
            {
                "aha": s.aha,
                "name": s.name,
                "pixels": round(s.pixels, 1),
                "mbf": _number(s.mbf),
                "pn": _number(s.pn),
            }
            for s in result.segments
        ],
        "pairs": [_number(v) for v in result.whole.pairs],
        "rotation_known": result.rotation_known,
        "constants": result.constants,
    }


def _run_one(
    source: Path,
    output: Path,
    model: LoadedModel,
    rv_insertion: str | Path | None,
    progress: Callable[[str, int, int], None] | None,
    settings: _Settings,
) -> Outcome:
    report = output / "report.html"
    if _is_finished(output, source, model, settings):
        return Outcome(source, report, resumed=True)
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise OutputError(
            f"{output}: holds something else already; choose an empty or a new folder."
        )
    started = time.monotonic()
    series = read_series(source)
    landmarks = rv_insertion or find_rv_insertion(source)
    points = read_rv_insertion(landmarks, series) if landmarks else None
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
    result, warnings = _flow(series, segmentation, points)
    summary = summarise(
        series,
        segmentation,
        posterior,
        result,
        precision=settings.precision,
        seconds=time.monotonic() - started,
        warnings=warnings,
    )
    with replacing(output) as beside:
        beside.mkdir()
        _write_results(beside, series, posterior, segmentation, result, summary, points)
        if settings.scene:
            from .scene import write_scene

            write_scene(beside / "scene.mrb", series, posterior, segmentation, result, points)
        _write_summary(beside / "summary.json", summary)
    return Outcome(source, report)


def _flow(
    series: ASLSeries, segmentation: Segmentation, points: RVInsertion | None
) -> tuple[MBFResult | None, tuple[str, ...]]:
    """Flow, or the reason why there is none; and a word on images without muscle."""
    empty = [int(i) for i in np.flatnonzero(~segmentation.masks.any((2, 3)).all(1))]
    notes = (
        (f"No myocardium was found in frames {', '.join(map(str, empty))}: outline it by hand.",)
        if empty
        else ()
    )
    try:
        result = quantify(series, segmentation.masks, points)
    except QuantificationError as error:
        return None, (*notes, f"No blood flow: {error}")
    return result, (*notes, *result.warnings)


def _write_results(
    folder: Path,
    series: ASLSeries,
    posterior: Posterior,
    segmentation: Segmentation,
    result: MBFResult | None,
    summary: dict[str, Any],
    points: RVInsertion | None,
) -> None:
    stem = folder / series.name
    for suffix, array in (
        ("desc-myocardium_mask", segmentation.masks),
        ("desc-myocardium_probseg", posterior.mean),
        ("desc-uncertainty_map", posterior.std),
    ):
        write_volume(Path(f"{stem}_{suffix}.nii.gz"), array, series.geometry)
    if points is not None:
        write_rv_insertion(Path(f"{stem}_rvinsertion.json"), points)
    bullseye = None
    if result is not None:
        _write_table(Path(f"{stem}_mbf.tsv"), result)
        figure = draw_bullseye(
            {s.aha: s.mbf for s in result.segments},
            {s.aha: s.pn for s in result.segments},
            title="Myocardial blood flow",
            rotation_known=result.rotation_known,
        )
        save_bullseye(figure, folder / "bullseye.png", folder / "bullseye.svg")
        bullseye = (folder / "bullseye.svg").read_text(encoding="utf-8")
    write_report(
        folder / "report.html",
        series=series,
        posterior=posterior,
        segmentation=segmentation,
        summary=summary,
        bullseye_svg=bullseye,
    )


def _write_summary(path: Path, summary: dict[str, Any]) -> None:
    """The last file of a series: what has one is finished."""
    path.write_text(json.dumps(summary, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _write_table(path: Path, result: MBFResult) -> None:
    lines = ["aha\tname\tpixels\tmbf\tpn"]
    for s in (result.whole, *result.segments):
        values = (f"{v:.4f}" if np.isfinite(v) else "n/a" for v in (s.mbf, s.pn))
        lines.append("\t".join([str(s.aha), s.name, f"{s.pixels:.1f}", *values]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    explanation = {
        "aha": {"Description": "AHA segment (Cerqueira 2002); 0 is the whole myocardium"},
        "name": {"Description": "name of the segment"},
        "pixels": {"Description": "mean number of mask pixels per control or label image"},
        "mbf": {"Description": "myocardial blood flow, mean over pairs", "Units": MBF_UNIT},
        "pn": {
            "Description": "physiological noise: standard deviation of MBF over pairs",
            "Units": MBF_UNIT,
        },
    }
    path.with_suffix(".json").write_text(json.dumps(explanation, indent=2) + "\n", encoding="utf-8")


def _is_finished(output: Path, source: Path, model: LoadedModel, settings: _Settings) -> bool:
    """Whether an earlier start wrote these very results: ``summary.json`` is written last."""
    try:
        summary = json.loads((output / "summary.json").read_text(encoding="utf-8"))
        return (
            summary["series"] == series_name(source)
            and summary["model"]["sha256"] == model.sha256
            and summary["precision"] == settings.precision
            and (settings.trials is None or summary["trials"] == settings.trials)
            and summary["seed"] == settings.seed
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
