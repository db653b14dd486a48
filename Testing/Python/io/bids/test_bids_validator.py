"""What is written, before the standard's own validator."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from ASLMyoSegLib.io.bids.derivatives import IGNORED
from ASLMyoSegLib.network import LoadedModel
from ASLMyoSegLib.run.pipeline import run


def errors(folder: Path) -> list[str]:
    """Errors that the BIDS validator finds in a data set, with the files they are of."""
    validator = Path(sys.executable).with_name("bids-validator-deno")
    words = [validator, "--format", "json", "--ignoreWarnings", folder]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["issues"]["issues"]
    return [f"{issue['code']} {issue['location']}" for issue in found]


def test_a_simulated_data_set_is_bids(dataset: Path):
    assert errors(dataset) == []


def test_the_validator_would_have_seen_a_fault(dataset: Path, tmp_path: Path):
    broken = tmp_path / "broken"
    series = broken / "sub-01" / "perf" / "sub-01_asl.nii.gz"
    series.parent.mkdir(parents=True)
    series.write_bytes(next(dataset.rglob("*_asl.nii.gz")).read_bytes())
    (broken / "dataset_description.json").write_text('{"Name": "n", "BIDSVersion": "1.10.0"}')
    assert any("SIDECAR_KEY_REQUIRED" in error for error in errors(broken))


def test_results_are_bids_derivatives_and_nothing_is_ignored_that_the_standard_names(
    dataset: Path, small_model: LoadedModel, tmp_path: Path
):
    (points,) = (dataset / "derivatives" / "observer").rglob("sub-01*_rvinsertion.json")
    data = tmp_path / "data"
    for file in dataset.rglob("sub-*/perf/*_acq-rest_asl*"):
        (data / file.relative_to(dataset)).parent.mkdir(parents=True, exist_ok=True)
        (data / file.relative_to(dataset)).write_bytes(file.read_bytes())
    (data / "sub-01/perf" / points.name).write_bytes(points.read_bytes())
    (data / "sub-02/perf/sub-02_acq-rest_asl.nii.gz").write_bytes(b"junk")
    out = tmp_path / "out"

    def scene(path: Path, _: object) -> None:
        path.write_bytes(b"no BIDS")

    run(data, out, model=small_model, trials=2, correct_motion=True, write_scene=scene)
    assert errors(out) == []
    (out / ".bidsignore").unlink()
    unnamed = [Path(error.split(" ", 1)[1]) for error in errors(out)]
    for pattern in IGNORED:
        assert any(part.match(pattern) for p in unnamed for part in (p, *p.parents)), pattern
