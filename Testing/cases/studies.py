"""Studies of finished series that nobody had to segment, for tests of the page over them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


def finish(
    root: Path,
    name: str,
    mbf: float | None,
    score: float | None = 0.2,
    warning: str = "",
    error: float | None = None,
) -> None:
    """The summary that a finished series would have left, of two images and two segments."""
    frame = {"mcd_uncertainty": score, "shift_pixels": [0.3, 0.4], "trials": 64}
    part = {"mbf": mbf, "pn": 0.1}
    if error is not None:
        part |= {"error_without_constants": error, "degrees_of_freedom": 15.0}
    segments = [{"aha": n, "name": "mid", "pixels": 9.0, **part} for n in (7, 8)]
    flow = {"global": part, "segments": segments} if mbf is not None else None
    summary = {
        "series": name,
        "frames": [frame, frame],
        "version": "0.2.0",
        "model": {"name": "net", "sha256": "0" * 64},
        "precision": 0.02,
        "motion": {"corrected": False},
        "mcd_uncertainty": score,
        "mbf": flow,
        "warnings": [warning] if warning else [],
    }
    (root / name).mkdir(parents=True)
    (root / name / "summary.json").write_text(json.dumps(summary))


def finish_many(root: Path, subjects: int, seed: int = 1) -> None:
    """Rest and stress of so many subjects, some of them doubtful, and a series that failed."""
    rng = np.random.default_rng(seed)
    for subject in range(1, subjects + 1):
        rest = float(rng.normal(1.1, 0.25))
        for condition, mbf in (("rest", rest), ("stress", rest * float(rng.normal(2.8, 0.4)))):
            score = float(rng.gamma(40, 0.004)) + (0.5 if rng.random() < 0.03 else 0)
            finish(root, f"sub-{subject:03d}_acq-{condition}", round(mbf, 3), round(score, 3))
    note = root / "logs" / "sub-999_acq-rest_failed.json"
    note.parent.mkdir()
    reason = "sub-999_acq-rest_asl.nii.gz: not a NIfTI file; copy it again."
    note.write_text(json.dumps({"source": "sub-999_acq-rest_asl.nii.gz", "reason": reason}))
