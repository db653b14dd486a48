"""What a finished series leaves behind: a summary, volumes, a table, the bullseye, the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..display.bullseye import draw_bullseye, save_bullseye
from ..display.methods import references
from ..display.overlays import draw_thumbnail, window_around
from ..display.report import write_report
from ..io import write_rv_insertion, write_series, write_volume
from ..io.bids.derivatives import IMAGES, describe_dataset
from ..io.bids.side_cars import volume_name
from ..io.dicom.writing import NOT_WRITTEN, write_dicom
from ..io.files import replacing, write_json
from ..io.images.nrrd import write_nrrd
from ..io.masks.seg_nrrd import write_segmentation
from ..io.results import Layout
from ..perfusion.doubt import unsettled_segments
from ..perfusion.quantify import flow_map
from ..series import ASLSeries, MBFResult
from .finished import FinishedSeries
from .summary import MBF_UNIT, summarise

THUMBNAIL = "thumbnail.png"
NRRD_ENDINGS = (".nrrd", ".nhdr")
MOVED = "desc-motioncorrected_series"

SceneWriter = Callable[[Path, FinishedSeries], None]
"""`scene.write_scene`; whoever wants a scene brings it, so that nothing here needs Slicer."""


def write_results(
    layout: Layout, finished: FinishedSeries, write_scene: SceneWriter | None = None
) -> None:
    """Write the files of one series.

    Args:
        layout: where they go; the folder of the images is there, and nothing else.
        finished: the series.
        write_scene: writes a Slicer scene as well (`scene.write_scene`); None writes none.
    """
    series, segmentation, result = finished.series, finished.segmentation, finished.flow
    points, summary = finished.points, summarise(finished)
    if not layout.bids:
        describe_dataset(layout.root, f"Myocardial blood flow of {series.name}")
    moved, own = finished.motion.corrected, series.on_file
    flow = flow_map(series, segmentation.masks, points, result) if result is not None else None
    volumes = {
        kind: own.as_stored(array)
        for kind, array in (
            ("desc-myocardium_mask", segmentation.masks),
            ("desc-myocardium_probseg", finished.posterior.mean),
            ("desc-uncertainty_map", finished.posterior.std),
            ("desc-flow_map", flow),
            (MOVED, series.images if moved and not layout.bids else None),
        )
        if array is not None
    }
    says = {"Sources": [layout.source]} if layout.source else {}
    for kind, volume in volumes.items():
        _write_image(layout.image(kind), volume, series)
        write_json(_with_ending(layout.image(kind), ".json"), {**IMAGES[kind], **says})
    if moved and layout.bids:
        _write_moved(layout, series, says)
    write_segmentation(
        layout.segmentation, volumes["desc-myocardium_mask"], series.volume_types, own.geometry
    )
    if finished.sources:
        reason = (
            f"{NOT_WRITTEN}: frames were moved away from the images that they would refer to."
            if moved
            else write_dicom(
                layout.folder / "dicom",
                series,
                finished.posterior,
                segmentation,
                flow,
                finished.sources,
            )
        )
        summary["warnings"] += [reason] if reason else []
    if points is not None:
        write_rv_insertion(layout.rv_insertion, points, series)
    layout.figure(THUMBNAIL).parent.mkdir(exist_ok=True)
    bullseye = None
    if result is not None:
        _write_table(layout.table, result)
        figure = draw_bullseye(
            {s.aha: s.mbf for s in result.segments},
            {s.aha: (s.high - s.low) / 2 for s in result.segments},
            title="Myocardial blood flow",
            sides=result.sides,
            unsettled=unsettled_segments(result),
        )
        picture = layout.figure("bullseye.svg")
        save_bullseye(figure, layout.figure("bullseye.png"), picture)
        bullseye = picture.read_text(encoding="utf-8")
    _write_thumbnail(layout.figure(THUMBNAIL), finished)
    if not layout.bids:
        write_bibliography(layout)
    write_report(
        layout.report,
        series=series,
        posterior=finished.posterior,
        segmentation=segmentation,
        summary=summary,
        bullseye_svg=bullseye,
    )
    if write_scene is not None:
        write_scene(layout.scene, finished)
    root = layout.root
    files = sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
    summary["files"] = [*files, layout.summary.relative_to(root).as_posix()]
    write_json(layout.summary, summary)


def write_bibliography(layout: Layout) -> None:
    """Write the papers that reports cite."""
    with replacing(layout.bibliography) as beside:
        beside.write_text(references(), encoding="utf-8")


def _with_ending(stem: Path, ending: str) -> Path:
    return stem.with_name(f"{stem.name}{ending}")


def _write_moved(layout: Layout, series: ASLSeries, says: dict[str, Any]) -> None:
    """The images as a series of BIDS; its table of frames is named as the standard lets it be, and
    inherited."""
    stem = layout.image(MOVED)
    said = replace(series, metadata={**series.metadata, **IMAGES[MOVED], **says})
    write_series(said, _with_ending(stem, ".nii.gz"))
    context = stem.with_name(f"{volume_name(stem)}_aslcontext.tsv")
    context.replace(layout.folder / f"{layout.name}_aslcontext.tsv")


def _write_image(path: Path, array: np.ndarray, series: ASLSeries) -> None:
    """On the series' own grid: as NRRD where it is NRRD, which Slicer opens as a sequence; else as
    NIfTI."""
    geometry = series.on_file.geometry
    if str(series.metadata.get("source", "")).lower().endswith(NRRD_ENDINGS):
        ending = ".seq.nrrd" if array.ndim == 4 else ".nrrd"
        write_nrrd(_with_ending(path, ending), array, geometry)
    else:
        write_volume(_with_ending(path, ".nii.gz"), array, geometry)


def _write_thumbnail(path: Path, finished: FinishedSeries) -> None:
    """The most doubtful image of the series, outlined."""
    scores, masks = finished.segmentation.mcd_uncertainty, finished.segmentation.masks
    worst = np.argmax(np.where(np.isfinite(scores), scores, np.inf))
    frame, k = np.unravel_index(worst, scores.shape)
    image = finished.series.images[frame, k]
    spacing = finished.series.geometry.spacing[1::-1]
    window = window_around(masks[:, k], spacing)
    figure = draw_thumbnail(image, masks[frame, k], window, spacing)
    figure.savefig(path, metadata={"Software": None})


def _write_table(path: Path, result: MBFResult) -> None:
    lines = ["aha\tname\tpixels\tmbf\tpn\tlow\thigh\terror\tspread\tpaper"]
    for s in (result.whole, *result.segments):
        numbers = (s.mbf, s.pn, s.low, s.high, s.error, s.spread, s.paper)
        values = (f"{v:.4f}" if np.isfinite(v) else "n/a" for v in numbers)
        lines.append("\t".join([str(s.aha), s.name, f"{s.pixels:.1f}", *values]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    explanation = {
        "aha": {"Description": "AHA segment (Cerqueira 2002); 0 is the whole myocardium"},
        "name": {"Description": "name of the segment"},
        "pixels": {
            "Description": "mean number of mask pixels per control or label image",
            "Units": "pixel",
        },
        "mbf": {
            "Description": f"myocardial blood flow over pairs ({result.kinetics} kinetics, pixels "
            f"weighted by {result.weights})",
            "Units": MBF_UNIT,
        },
        "pn": {
            "Description": "physiological noise: standard deviation of MBF over pairs",
            "Units": MBF_UNIT,
        },
        "low": {"Description": "lower end of the 90 % interval of MBF", "Units": MBF_UNIT},
        "high": {"Description": "upper end of the 90 % interval of MBF", "Units": MBF_UNIT},
        "error": {
            "Description": "standard error of MBF, of pairs, passes and constants together",
            "Units": MBF_UNIT,
        },
        "spread": {
            "Description": "standard deviation of MBF over Monte Carlo passes",
            "Units": MBF_UNIT,
        },
        "paper": {
            "Description": "MBF by the paper's formula and the plain mean over the mask",
            "Units": MBF_UNIT,
        },
    }
    write_json(path.with_suffix(".json"), explanation)
