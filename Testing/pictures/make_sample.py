"""Make the sample that comes with the extension: ``python -m pictures.make_sample``.

A simulated subject at rest and under stress, and what 64 passes of the default network said of it,
so that the self test has a result where PyTorch is not installed. Images are rounded to whole
numbers and maps to two decimals, which makes the files small.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from places import SAMPLE

from ASLMyoSegLib.io import read_posterior, read_series, write_series, write_volume
from ASLMyoSegLib.network import load_model
from ASLMyoSegLib.run.pipeline import run
from ASLMyoSegLib.run.simulation import simulate_cohort

SEED, TRIALS = 20261, 64
DESCRIPTION = "dataset_description.json"
BRIGHTEST = 2000.0
"""The scale of a scanner's magnitude images; simulated ones lie about 1."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        simulated = simulate_cohort(
            Path(folder) / "data", subjects=1, conditions=("rest", "stress"), slices=1, seed=SEED
        )
        shutil.copyfile(Path(folder) / "data" / DESCRIPTION, SAMPLE / DESCRIPTION)
        largest = max(read_series(path).images.max() for path in simulated)
        for path in simulated:
            series = read_series(path)
            images = np.round(series.images * (BRIGHTEST / largest)).astype(np.float32)
            name = path.relative_to(Path(folder) / "data")
            write_series(replace(series, images=images), SAMPLE / name)
            points = Path("derivatives") / "observer" / name.parent
            points /= f"{series.name}_rvinsertion.json"
            (SAMPLE / points).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(folder) / "data" / points, SAMPLE / points)
            _keep_result(SAMPLE / name, Path(folder) / series.name)


def _keep_result(path: Path, folder: Path) -> None:
    """Run the main job on a series of the sample, and keep its maps and summary."""
    run(path, folder, model=load_model(), trials=TRIALS, seed=SEED)
    series = read_series(path)
    kept = SAMPLE / "derivatives" / "aslmyoseg" / series.name
    kept.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / "summary.json", kept / "summary.json")
    posterior = read_posterior(folder)
    for name, array in (
        ("desc-myocardium_probseg", posterior.mean),
        ("desc-uncertainty_map", posterior.std),
    ):
        rounded = np.round(array, 2).astype(np.float32)
        write_volume(kept / f"{series.name}_{name}.nii.gz", rounded, series.geometry)


if __name__ == "__main__":
    main()
