"""What a finished series leaves behind: a summary, volumes, a table, the bullseye, the report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..display.bullseye import draw_bullseye, save_bullseye
from ..display.overlays import draw_thumbnail, window_around
from ..display.report import write_report
from ..io import write_rv_insertion, write_volume
from ..io.bids.derivatives import IMAGES, describe_dataset
from ..io.dicom.writing import NOT_WRITTEN, write_dicom
from ..io.files import write_json
from ..io.images.nrrd import write_nrrd
from ..io.masks.seg_nrrd import write_segmentation
from ..perfusion.doubt import unsettled_segments
from ..perfusion.quantify import flow_map
from ..series import ASLSeries, MBFResult
from .finished import FinishedSeries
from .summary import MBF_UNIT, summarise

SUMMARY = "summary.json"
THUMBNAIL = "thumbnail.png"
NRRD_ENDINGS = (".nrrd", ".nhdr")

SceneWriter = Callable[[Path, FinishedSeries], None]
"""`scene.write_scene`; whoever wants a scene brings it, so that nothing here needs Slicer."""


def write_results(
    folder: Path, finished: FinishedSeries, write_scene: SceneWriter | None = None
) -> None:
    """Write the files of one series.

    Args:
        folder: where they go; it is there and empty.
        finished: the series.
        write_scene: writes a Slicer scene as well (`scene.write_scene`); None writes none.
    """
    series, segmentation, result = finished.series, finished.segmentation, finished.flow
    points, summary = finished.points, summarise(finished)
    stem = folder / series.name
    describe_dataset(folder, f"Myocardial blood flow of {series.name}")
    moved, own = finished.motion.corrected, series.on_file
    flow = flow_map(series, segmentation.masks, points, result) if result is not None else None
    volumes = {
        suffix: own.as_stored(array)
        for suffix, array in (
            ("desc-myocardium_mask", segmentation.masks),
            ("desc-myocardium_probseg", finished.posterior.mean),
            ("desc-uncertainty_map", finished.posterior.std),
            ("desc-flow_map", flow),
            ("desc-motioncorrected_series", series.images if moved else None),
        )
        if array is not None
    }
    for suffix, volume in volumes.items():
        _write_image(Path(f"{stem}_{suffix}"), volume, series)
        write_json(Path(f"{stem}_{suffix}.json"), IMAGES[suffix])
    write_segmentation(
        Path(f"{stem}_desc-myocardium.seg.nrrd"),
        volumes["desc-myocardium_mask"],
        series.volume_types,
        own.geometry,
    )
    if finished.sources:
        reason = (
            f"{NOT_WRITTEN}: frames were moved away from the images that they would refer to."
            if moved
            else write_dicom(
                folder / "dicom",
                series,
                finished.posterior,
                segmentation,
                flow,
                finished.sources,
            )
        )
        summary["warnings"] += [reason] if reason else []
    if points is not None:
        write_rv_insertion(Path(f"{stem}_rvinsertion.json"), points, series)
    bullseye = None
    if result is not None:
        _write_table(Path(f"{stem}_mbf.tsv"), result)
        figure = draw_bullseye(
            {s.aha: s.mbf for s in result.segments},
            {s.aha: (s.high - s.low) / 2 for s in result.segments},
            title="Myocardial blood flow",
            sides=result.sides,
            unsettled=unsettled_segments(result),
        )
        save_bullseye(figure, folder / "bullseye.png", folder / "bullseye.svg")
        bullseye = (folder / "bullseye.svg").read_text(encoding="utf-8")
    _write_thumbnail(folder / THUMBNAIL, finished)
    write_report(
        folder / "report.html",
        series=series,
        posterior=finished.posterior,
        segmentation=segmentation,
        summary=summary,
        bullseye_svg=bullseye,
    )
    if write_scene is not None:
        write_scene(folder / "scene.mrb", finished)
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    summary["files"] = [*files, SUMMARY]
    write_json(folder / SUMMARY, summary)


def _write_image(path: Path, array: np.ndarray, series: ASLSeries) -> None:
    """On the series' own grid: as NRRD where it is NRRD, which Slicer opens as a sequence; else as
    NIfTI."""
    geometry = series.on_file.geometry
    if str(series.metadata.get("source", "")).lower().endswith(NRRD_ENDINGS):
        ending = ".seq.nrrd" if array.ndim == 4 else ".nrrd"
        write_nrrd(path.with_name(f"{path.name}{ending}"), array, geometry)
    else:
        write_volume(path.with_name(f"{path.name}.nii.gz"), array, geometry)


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
