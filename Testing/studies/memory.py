"""Measures the most memory that long series and large cohorts take: ``python -m studies.memory``.

Writes Docs/memory.json. The stand-in is a network of two maps with random weights: memory grows
with images and passes, hardly with what a pass computes. With 100 passes, more masks come in than
are kept.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from cases.commands import write_good_files
from places import DOCS

from ASLMyoSegLib.io import write_series
from ASLMyoSegLib.phantom import simulate_subject
from ASLMyoSegLib.series import ASLSeries

RESULT = DOCS / "memory.json"
FRAMES, SERIES = 2000, 1000


def write_long_series(folder: Path) -> Path:
    """A simulated subject over and over with fresh noise, 96x96 pixels."""
    series, _ = simulate_subject(1, 1)
    rng = np.random.default_rng(0)
    at = np.concatenate([[0], 1 + np.arange(FRAMES - 1) % 12])
    images = series.images[at] + rng.normal(0, 2, (len(at), *series.images.shape[1:]))
    path = folder / "long_asl.nii.gz"
    kinds = tuple(series.volume_types[i] for i in at)
    write_series(
        ASLSeries(
            images.astype(np.float32), kinds, series.inversion_time[at], series.geometry, "long"
        ),
        path,
    )
    return path


def write_cohort(folder: Path) -> Path:
    """Series of three frames, each in a folder."""
    write_good_files(folder)
    for number in range(SERIES):
        target = folder / "cohort" / f"{number:04d}"
        target.mkdir(parents=True)
        for file in folder.glob("sub-01*"):
            shutil.copy(file, target / file.name.replace("sub-01", f"sub-{number:04d}"))
    return folder / "cohort"


def measure(name: str, *arguments: object) -> dict[str, object]:
    """Run the command in a process of its own; MB of its resident memory at the most."""
    command = [sys.executable, "-m", "ASLMyoSegLib.cli", "run", *map(str, arguments)]
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    found = {
        "what": name,
        "peak_mb": round(usage.ru_maxrss / 1024),
        "seconds": round(time.monotonic() - started),
        "status": os.waitstatus_to_exitcode(status),
    }
    print(found, flush=True)
    return found


def main() -> None:
    """All measurements, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cohort, long = write_cohort(folder), write_long_series(folder)
        tiny = ("--model", folder / "tiny.safetensors", "--trials")
        results = [
            measure(
                f"{FRAMES} frames of 96x96, stand-in, 100 passes",
                long, "-o", folder / "a", *tiny, 100,
            ),
            measure(
                f"{FRAMES} frames of 96x96, shipped network, 4 passes",
                long, "-o", folder / "b", "--trials", 4,
            ),
            measure(
                f"{SERIES} series of 3 frames of 20x24, stand-in, 2 passes",
                cohort, "-o", folder / "c", *tiny, 2,
            ),
        ]  # fmt: skip
    content = {"command": "python -m studies.memory", "measured": results}
    RESULT.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
