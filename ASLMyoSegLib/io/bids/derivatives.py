"""A folder of results as BIDS derivatives: what made it, and what its images and columns are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ... import __version__
from ..files import write_json

BIDS_VERSION = "1.10.0"
DESCRIPTION = "dataset_description.json"


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
    made = {"GeneratedBy": [{"Name": "ASLMyoSeg", "Version": __version__}]}
    write_json(folder / DESCRIPTION, {"Name": name, "BIDSVersion": BIDS_VERSION, **kind, **made})


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
