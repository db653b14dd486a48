"""What is written, before the standard's own validator."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


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
