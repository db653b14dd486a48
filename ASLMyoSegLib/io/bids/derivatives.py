"""A folder of results as BIDS derivatives: what made it, and what its images and columns are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ... import __version__
from ...errors import ASLMyoSegError, OutputError
from ..files import read_json, replacing, write_json

BIDS_VERSION = "1.10.0"
DESCRIPTION = "dataset_description.json"
MADE_BY = "ASLMyoSeg"
SOURCE = "raw"
"""What URIs call the data set that results are of."""
IGNORED = (
    "*_mask.*",
    "*_probseg.*",
    "*_map.*",
    "*_mbf.*",
    "*_summary.json",
    "*_rvinsertion.json",
    "*.seg.nrrd",
    "*.mrb",
    "*.html",
    "figures",
)
"""What the standard has no names for: of perfusion it knows no derivatives but `asl` and `m0scan`,
and of pages, pictures and tables of a group none at all."""


def describe_dataset(folder: Path, name: str, *, derivative: bool = True) -> None:
    """Write ``dataset_description.json``, where there is none.

    Args:
        folder: of the data set.
        name: of the data set, for people.
        derivative: whether it was computed from another one.

    Raises:
        OutputError: where it cannot be written.
    """
    if (folder / DESCRIPTION).is_file():
        return
    kind = {"DatasetType": "derivative"} if derivative else {}
    made = {"GeneratedBy": [{"Name": MADE_BY, "Version": __version__}]}
    write_json(folder / DESCRIPTION, {"Name": name, "BIDSVersion": BIDS_VERSION, **kind, **made})


def describe_derivatives(folder: Path, source: Path) -> None:
    """Say of a folder that it holds BIDS derivatives of the data set `source`, and what in it has
    no name in the standard; where nothing says so yet.

    Raises:
        OutputError: where it cannot be written.
    """
    if not (folder / ".bidsignore").is_file():
        with replacing(folder / ".bidsignore") as beside:
            beside.write_text("\n".join(IGNORED) + "\n", encoding="utf-8")
    if (folder / DESCRIPTION).is_file():
        return
    try:
        told = read_json(source / DESCRIPTION)
    except ASLMyoSegError:
        told = {}
    # By the way from here, as absolute paths tell of the machine and of who works there.
    way = Path(os.path.relpath(source, folder)).as_posix()
    name = f" of {told['Name']}" if isinstance(told.get("Name"), str) else ""
    doi = {"DOI": told["DatasetDOI"]} if isinstance(told.get("DatasetDOI"), str) else {}
    write_json(
        folder / DESCRIPTION,
        {
            "Name": f"Myocardial blood flow{name}",
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "derivative",
            "GeneratedBy": [{"Name": MADE_BY, "Version": __version__}],
            "SourceDatasets": [{"URL": way, **doi}],
            "DatasetLinks": {SOURCE: way},
        },
    )


def refuse_other_dataset(folder: Path) -> None:
    """See to it that derivatives go into a new or empty folder, or among their like.

    Raises:
        OutputError: where the folder holds something else, as results of an earlier version, or
            the very data set that they are of.
    """
    if not folder.exists():
        return
    try:
        visible = [p for p in folder.iterdir() if not p.name.startswith(".")]
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written to ({error.strerror}).") from None
    if not visible:
        return
    if _is_ours(folder):
        return
    earlier = _is_ours(folder, since="GeneratedBy")
    what = "results of an earlier version" if earlier else "something else"
    raise OutputError(
        f"{folder}: holds {what}, which stays as it is; choose a new folder, such as "
        "derivatives/aslmyoseg in the data set."
    )


def is_result(series: Path) -> bool:
    """Whether a file ``*_asl.nii.gz`` was written by `run` among its results."""
    return "_desc-" in series.name and any(_is_ours(up) for up in series.absolute().parents[:4])


def _is_ours(folder: Path, since: str = "SourceDatasets") -> bool:
    """Whether a folder holds our derivatives, of a version that writes the key `since`."""
    try:
        told = read_json(folder / DESCRIPTION)
        return since in told and any(made["Name"] == MADE_BY for made in told["GeneratedBy"])
    except (ASLMyoSegError, KeyError, TypeError):
        return False


IMAGES: dict[str, dict[str, Any]] = {
    "desc-myocardium_mask": {
        "Description": "Muscle of the left ventricle: 1 where the mean probability is 0.5 or more, "
        "or where a person drew it",
        "Type": "ROI",
        "SpatialReference": "orig",
    },
    "desc-myocardium_probseg": {
        "Description": "Probability of muscle of the left ventricle, 0 to 1: mean over Monte Carlo "
        "passes of the network",
        "Type": "ROI",
        "SpatialReference": "orig",
    },
    "desc-uncertainty_map": {
        "Description": "Uncertainty: standard deviation of the probability over Monte Carlo "
        "passes, 0 to 0.5",
        "SpatialReference": "orig",
    },
    "desc-flow_map": {
        "Description": "Myocardial blood flow of each AHA segment, on the pixels that most control "
        "and label masks share; 0 where there is none",
        "Units": "mL/g/min",
        "SpatialReference": "orig",
    },
    "desc-motioncorrected_series": {
        "Description": "The images, moved within their plane to where the heart usually is",
        "SpatialReference": "orig",
    },
}
"""Side-cars of the images of a folder of results, by the end of the image's name."""
