"""From the scene to files: the results of a run, and reviewed masks to be trained on."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import OutputError, SceneError
from ..io import series_sources, write_rv_insertion, write_series, write_volume
from ..io.bids.derivatives import describe_dataset
from ..io.dicom.writing import NOT_WRITTEN
from ..io.files import read_json, replacing
from ..motion.measuring import measure_motion
from ..run.finished import FinishedSeries
from ..run.flow import measure_flow
from ..run.results import write_results
from ..series import ASLSeries
from .flow import flow_masks, reviewed_only
from .tables import read_constants

FILES_UNKNOWN = (
    "a saved scene does not keep where the DICOM files lie, which they would refer to; "
    "`aslmyoseg run` writes them."
)


def export_results(one: Any, folder: str | Path, dicom: Path | None) -> Path:
    """See `SeriesScene.export`."""
    folder, posterior = Path(folder), one.posterior()
    if posterior is None:
        raise SceneError(f"{one.name}: there is no result yet; segment the series first.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder}: holds something already; choose an empty or a new folder.")
    series, segmentation, points = one.series(), one.segmentation(), one.landmarks()
    constants = read_constants(one.flow_node)
    masks = flow_masks(one, segmentation)
    flow, warnings = measure_flow(series, segmentation, points, constants, masks)
    if reviewed_only(one):
        warnings = ("Flow is of corrected and accepted masks only.", *warnings)
    sources = series_sources(dicom) if dicom is not None else ()
    if not sources and "SeriesDigest" in series.metadata:
        warnings = (*warnings, f"{NOT_WRITTEN}: {FILES_UNKNOWN}")
    facts = one.facts()
    finished = FinishedSeries(
        series=series,
        posterior=posterior,
        segmentation=segmentation,
        flow=flow,
        motion=measure_motion(series, segmentation.masks),
        points=points,
        warnings=warnings,
        precision=facts["precision"],
        seconds=facts["seconds"],
        sources=sources,
    )
    with replacing(folder) as beside:
        beside.mkdir()
        write_results(beside, finished)
    return folder / "report.html"


def export_training(one: Any, root: str | Path) -> int:
    """See `SeriesScene.export_training`."""
    root, series, segmentation = Path(root), one.series(), one.segmentation()
    reviewed = [row.frame for row in one.rows() if row.reviewed]
    if not {"control", "label"} <= {series.volume_types[frame] for frame in reviewed}:
        raise SceneError(
            f"{one.name}: to train on it, correct or accept the mask of one control and one label "
            "image at least."
        )
    name = _bids_name(series.name)
    subject = name.split("_")[0]
    observer = root / "derivatives" / "observer"
    target = root / subject / "perf" / f"{name}_asl.nii.gz"
    _refuse_another(target.with_name(f"{name}_asl.json"), series)
    describe_dataset(root, "Reviewed myocardial ASL", derivative=False)
    describe_dataset(observer, "Masks drawn by hand")
    write_series(replace(series.only(reviewed), name=name), target)
    stem = observer / subject / "perf" / name
    write_volume(
        f"{stem}_desc-myocardium_mask.nii.gz", segmentation.masks[reviewed], series.geometry
    )
    points = one.landmarks()
    if points is not None:
        write_rv_insertion(f"{stem}_rvinsertion.json", points)
    return len(reviewed)


def _refuse_another(sidecar: Path, series: ASLSeries) -> None:
    """Keep what was exported of another patient's series that is called the same."""
    if not sidecar.exists():
        return
    if read_json(sidecar).get("SeriesDigest") != series.metadata.get("SeriesDigest"):
        raise OutputError(
            f"{sidecar.parent}: holds another series that is called {series.name}, too; choose "
            "another folder."
        )


def _bids_name(name: str) -> str:
    """A name that BIDS allows: ``sub-01_acq-rest`` as it is, others as the subject's label."""
    if re.fullmatch(r"sub-[A-Za-z0-9]+(_[a-z]+-[A-Za-z0-9]+)*", name):
        return name
    return f"sub-{re.sub(r'[^A-Za-z0-9]', '', name) or 'unnamed'}"
