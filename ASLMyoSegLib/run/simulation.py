"""Cohorts of simulated subjects, written as a BIDS data set with truth under `derivatives/`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from .. import __version__
from ..io import write_rv_insertion, write_series, write_volume
from ..io.bids.derivatives import BIDS_VERSION, DESCRIPTION
from ..io.files import refuse_occupied, replacing, write_json
from ..phantom.population import TYPICAL, UNUSUAL
from ..phantom.subject import simulate_subject

README = """# Simulated myocardial ASL

Series of a digital reference object, written by `aslmyoseg simulate`; nobody was scanned.
`derivatives/observer` and `derivatives/second-observer` hold the masks that two careful people
would have drawn, and `derivatives/truth` the share of muscle in each pixel and the flow of each
AHA segment.
"""


def simulate_cohort(
    root: str | Path,
    *,
    subjects: int = 6,
    conditions: Sequence[str] = ("rest", "stress"),
    slices: int = 1,
    seed: int = 1,
    heartbeats: int | None = None,
    unusual: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write a simulated data set and return the paths of its series.

    ``derivatives/observer`` holds the reference masks that a person would have drawn and the RV
    insertion points, ``derivatives/second-observer`` the masks of another person,
    ``derivatives/truth`` the exact share of LV wall in each pixel and the MBF of each AHA segment
    (mL/g/min). Same arguments, same bytes.

    Args:
        root: an empty or a new folder.
        subjects: how many hearts.
        conditions: `rest`, `stress` or both.
        slices: 1 is mid; more are shared out in thirds from base to apex.
        seed: of everything random.
        heartbeats: from inversion to image; None waits past the null of muscle.
        unusual: share of the subjects, 0 to 1, that are drawn from `population.UNUSUAL`.
        progress: called with series done and series in all.

    Raises:
        OutputError: where `root` holds something already, or cannot be written.
    """
    root = Path(root)
    refuse_occupied(root)
    write_json(
        root / DESCRIPTION,
        {
            "Name": "Simulated myocardial ASL",
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "raw",
            "License": "CC0",
            "Authors": ["The ASLMyoSeg contributors", "Nobody was scanned"],
            **_made_by(seed),
        },
    )
    with replacing(root / "README.md") as beside:
        beside.write_text(README, encoding="utf-8")
    for part in ("observer", "second-observer", "truth"):
        write_json(
            root / "derivatives" / part / DESCRIPTION,
            {
                "Name": f"Simulated myocardial ASL: {part}",
                "BIDSVersion": BIDS_VERSION,
                "DatasetType": "derivative",
                **_made_by(seed),
            },
        )
    tasks = [(subject, c) for subject in range(1, subjects + 1) for c in conditions]
    write = partial(
        _write_scan,
        root=root,
        seed=seed,
        slices=slices,
        heartbeats=heartbeats,
        # Spread evenly, so that the last subjects, which training holds out, are of both kinds.
        unusual={s for s in range(1, subjects + 1) if int(s * unusual) > int((s - 1) * unusual)},
    )
    paths = []
    # Forking a process whose libraries run threads can hang it.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for path in pool.map(write, tasks):
            paths.append(path)
            if progress:
                progress(len(paths), len(tasks))
    return paths


def _write_scan(
    task: tuple[int, str],
    *,
    root: Path,
    seed: int,
    slices: int,
    heartbeats: int | None,
    unusual: set[int],
) -> Path:
    subject, condition = task
    series, truth = simulate_subject(
        seed,
        subject,
        condition,
        slices=slices,
        heartbeats=heartbeats,
        population=UNUSUAL if subject in unusual else TYPICAL,
    )
    folder = f"sub-{subject:02d}/perf"
    path = root / folder / f"{series.name}_asl.nii.gz"
    write_series(series, path)
    observer = root / "derivatives" / "observer" / folder
    second = root / "derivatives" / "second-observer" / folder
    exact = root / "derivatives" / "truth" / folder
    for reader, masks in ((observer, truth.observer), (second, truth.second_observer)):
        file = reader / f"{series.name}_desc-myocardium_mask.nii.gz"
        write_volume(file, masks, series.geometry)
    write_rv_insertion(observer / f"{series.name}_rvinsertion.json", truth.rv_insertion, series)
    write_volume(
        exact / f"{series.name}_desc-myocardium_probseg.nii.gz", truth.fraction, series.geometry
    )
    write_json(
        exact / f"{series.name}_mbf.json",
        {"unit": "mL/g/min", "segments": {str(k): v for k, v in truth.mbf.items()}},
    )
    return path


def _made_by(seed: int) -> dict:
    return {
        "GeneratedBy": [
            {"Name": "aslmyoseg simulate", "Version": __version__, "Description": f"seed {seed}"}
        ]
    }
