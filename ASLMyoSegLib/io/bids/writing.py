"""A series written as BIDS keeps it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...series import ASLSeries
from ..files import replacing, write_json
from ..images.nifti import write_volume
from .side_cars import volume_name

OURS = ("source", "Notes", "M0From", "M0Scan", "FramesOfFile")
"""Metadata that says how a series was read, and is not written."""


def _stem(path: Path) -> Path:
    return path.with_name(volume_name(path))


def write_series(series: ASLSeries, path: str | Path) -> None:
    """Write ``*_asl.nii.gz`` and its two side-cars; the same series gives the same bytes.

    Raises:
        OutputError: where a file cannot be written.
    """
    path = Path(path)
    stem = _stem(path)
    stored = series.on_file
    write_volume(path, stored.as_stored(series.images), stored.geometry)
    estimated = series.metadata.get("M0Type") == "Estimate"
    sidecar = {
        "ArterialSpinLabelingType": "PASL",
        "PASLType": "FAIR",
        "BolusCutOffFlag": False,
        "BackgroundSuppression": False,
        "SkullStripped": False,
        **{key: value for key, value in series.metadata.items() if key not in OURS},
        "M0Type": "Included"
        if series.frames_of("m0scan")
        else ("Estimate" if estimated else "Absent"),
        "TotalAcquiredPairs": len(series.frames_of("control")),
        "PostLabelingDelay": [
            0.0 if np.isnan(t) else round(float(t), 6) for t in series.inversion_time
        ],
    }
    write_json(Path(f"{stem}_asl.json"), sidecar)
    with replacing(f"{stem}_aslcontext.tsv") as beside:
        beside.write_text("\n".join(("volume_type", *series.volume_types)) + "\n", encoding="utf-8")
