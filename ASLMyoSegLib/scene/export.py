"""From the scene to files: the results of a run, and reviewed masks to be trained on."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import OutputError, SceneError
from ..io import write_rv_insertion, write_series, write_volume
from ..io.bids.derivatives import describe_dataset
from ..io.files import read_json
from ..run.heart import heart_notes
from ..run.jobs import ExportJob
from ..series import ASLSeries
from .flow import flow_masks, flow_posterior, reviewed_only
from .pointing import said
from .tables import read_constants


def export_job(one: Any, folder: str | Path, dicom: Path | None = None) -> ExportJob:
    """What writes the results of a series, here or in a process of its own.

    Raises:
        SceneError: before segmentation.
        OutputError: where the folder holds something already.
    """
    posterior = one.posterior()
    if posterior is None:
        raise SceneError(f"{one.name}: there is no result yet; segment the series first.")
    segmentation, facts = one.segmentation(), one.facts()
    only, strays = reviewed_only(one), heart_notes(posterior)
    job = ExportJob(
        folder=Path(folder),
        series=one.series(),
        posterior=posterior,
        segmentation=segmentation,
        flow_masks=flow_masks(one, segmentation),
        flow_posterior=flow_posterior(one),
        points=one.landmarks(),
        constants=read_constants(one.flow_node),
        precision=facts["precision"],
        seconds=facts["seconds"],
        notes=(*(["Flow is of corrected and accepted masks only."] if only else []), *strays),
        dicom=dicom,
        heart=said(one),
    )
    job.check()
    return job


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
        f"{stem}_desc-myocardium_mask.nii.gz",
        series.on_file.as_stored(segmentation.masks[reviewed]),
        series.on_file.geometry,
    )
    points = one.landmarks()
    if points is not None:
        write_rv_insertion(f"{stem}_rvinsertion.json", points, series)
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
