"""What a finished series leaves behind: a summary, volumes, a table, the bullseye, the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import __version__
from .display.bullseye import draw_bullseye, save_bullseye
from .display.report import write_report
from .errors import QuantificationError
from .io import write_rv_insertion, write_volume
from .io.derivatives import IMAGES, describe_dataset
from .io.dicom import Source
from .io.dicom_objects import NOT_WRITTEN, write_dicom
from .io.files import write_json
from .io.nrrd import write_nrrd, write_segmentation
from .motion import LIMIT, Motion
from .perfusion.quantify import flow_map, quantify
from .series import ASLSeries, MBFResult, Posterior, RVInsertion, Segmentation
from .words import numbered

MBF_UNIT = "mL/g/min"
SUMMARY = "summary.json"
NRRD_ENDINGS = (".nrrd", ".nhdr")


def measure_flow(
    series: ASLSeries,
    segmentation: Segmentation,
    points: RVInsertion | None,
    constants: Mapping[str, float] | None = None,
    masks: np.ndarray | None = None,
) -> tuple[MBFResult | None, tuple[str, ...]]:
    """Flow, or the reason why there is none; what reading noted, and images without muscle.

    `masks` are those of which flow is measured, where they are not all of the segmentation's.
    """
    empty = [int(i) for i in np.flatnonzero(~segmentation.masks.any((2, 3)).all(1))]
    notes = series.notes
    if empty:
        notes += (f"No myocardium was found in {numbered('frame', empty)}: outline it by hand.",)
    try:
        measured = segmentation.masks if masks is None else masks
        result = quantify(series, measured, points, **(constants or {}))
    except QuantificationError as error:
        return None, (*notes, f"No blood flow: {error}")
    return result, (*notes, *result.warnings)


def summarise(
    series: ASLSeries,
    segmentation: Segmentation,
    posterior: Posterior,
    result: MBFResult | None,
    motion: Motion,
    *,
    digest: str | None = None,
    stated: Mapping[str, Any] | None = None,
    precision: float | None,
    seconds: float,
    warnings: tuple[str, ...],
    identifiers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The content of ``summary.json``; numbers that do not exist are null.

    `digest` is that of the files that were read, and `stated` what a person said of them; None
    where the images came from a scene. `m0_from` names the file or series of its own that M0 was
    taken from, where it was one. `identifiers` are of the patient; None where nobody asked for
    them. A frame's `shift_pixels` are down and right, from the usual place of the heart.
    """
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
            "shift_pixels": [_number(v) for v in motion.shifts[frame, k]],
            "moved": bool(motion.moved[frame, k]),
        }
        for frame in range(len(series.images))
        for k in range(series.images.shape[1])
    ]
    return {
        "version": __version__,
        "series": series.name,
        "identifiers": None if identifiers is None else dict(identifiers),
        "input_sha256": digest,
        "stated": dict(stated or {}),
        "m0_from": series.metadata.get("M0From"),
        "model": posterior.model,
        "device": posterior.device,
        "trials": int(posterior.trials.max()),
        "precision": precision,
        "seed": posterior.seed,
        "seconds": round(seconds, 2),
        "frames": frames,
        "motion": {"limit_mm": LIMIT, "corrected": motion.corrected},
        "mcd_uncertainty": _number(finite.mean()) if finite.size else None,
        "mbf": describe_flow(result) if result else None,
        "warnings": [*motion.warnings(), *warnings],
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
        "t1_blood_from": result.t1_blood_from,
    }


def write_results(
    folder: Path,
    series: ASLSeries,
    posterior: Posterior,
    segmentation: Segmentation,
    result: MBFResult | None,
    summary: dict[str, Any],
    points: RVInsertion | None,
    *,
    scene: bool,
    sources: Sequence[Source] = (),
) -> None:
    """Write the files of one series.

    Args:
        folder: where they go; it is there and empty.
        series: the images, as they were segmented.
        posterior: what the passes said.
        segmentation: the masks in use.
        result: flow; None where there is none.
        summary: of `summarise`; the list of files is added, and what could not be written.
        points: RV insertions; None where nobody placed them.
        scene: whether to write a Slicer scene as well.
        sources: the DICOM images, where it was made from such: results become DICOM objects too.
    """
    stem = folder / series.name
    describe_dataset(folder, f"Myocardial blood flow of {series.name}")
    moved = summary["motion"]["corrected"]
    flow = flow_map(series, segmentation.masks, points, result) if result is not None else None
    for suffix, array in (
        ("desc-myocardium_mask", segmentation.masks),
        ("desc-myocardium_probseg", posterior.mean),
        ("desc-uncertainty_map", posterior.std),
        ("desc-flow_map", flow),
        ("desc-motioncorrected_series", series.images if moved else None),
    ):
        if array is not None:
            _write_image(Path(f"{stem}_{suffix}"), array, series)
            write_json(Path(f"{stem}_{suffix}.json"), IMAGES[suffix])
    write_segmentation(
        Path(f"{stem}_desc-myocardium.seg.nrrd"),
        segmentation.masks,
        series.volume_types,
        series.geometry,
    )
    if sources:
        reason = (
            f"{NOT_WRITTEN}: frames were moved away from the images that they would refer to."
            if moved
            else write_dicom(folder / "dicom", series, posterior, segmentation, flow, sources)
        )
        summary["warnings"] += [reason] if reason else []
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
    if scene:
        from .scene import write_scene

        write_scene(folder / "scene.mrb", series, posterior, segmentation, result, points)
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    summary["files"] = [*files, SUMMARY]
    write_json(folder / SUMMARY, summary)


def _write_image(path: Path, array: np.ndarray, series: ASLSeries) -> None:
    """As NRRD where the series is NRRD, which Slicer opens as a sequence; else as NIfTI."""
    if str(series.metadata.get("source", "")).lower().endswith(NRRD_ENDINGS):
        ending = ".seq.nrrd" if array.ndim == 4 else ".nrrd"
        write_nrrd(path.with_name(f"{path.name}{ending}"), array, series.geometry)
    else:
        write_volume(path.with_name(f"{path.name}.nii.gz"), array, series.geometry)


def _write_table(path: Path, result: MBFResult) -> None:
    lines = ["aha\tname\tpixels\tmbf\tpn"]
    for s in (result.whole, *result.segments):
        values = (f"{v:.4f}" if np.isfinite(v) else "n/a" for v in (s.mbf, s.pn))
        lines.append("\t".join([str(s.aha), s.name, f"{s.pixels:.1f}", *values]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    explanation = {
        "aha": {"Description": "AHA segment (Cerqueira 2002); 0 is the whole myocardium"},
        "name": {"Description": "name of the segment"},
        "pixels": {
            "Description": "mean number of mask pixels per control or label image",
            "Units": "pixel",
        },
        "mbf": {"Description": "myocardial blood flow, mean over pairs", "Units": MBF_UNIT},
        "pn": {
            "Description": "physiological noise: standard deviation of MBF over pairs",
            "Units": MBF_UNIT,
        },
    }
    write_json(path.with_suffix(".json"), explanation)


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
