"""Cohorts and training over processes that torchrun starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ASLMyoSegLib.network import Architecture, MCDUNet, load_model, save_model
from ASLMyoSegLib.run.simulation import simulate_cohort


def torchrun(*arguments: object, module: bool = True) -> subprocess.Popen:
    """A module or a script in two processes on this machine."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    return subprocess.Popen(
        [*command, *(["-m"] if module else []), *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four series."""
    root = tmp_path_factory.mktemp("cohort") / "data"
    simulate_cohort(root, subjects=2, conditions=("rest", "stress"), seed=815)
    return root


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_model(path, MCDUNet(Architecture(4, 3, 3, 0.5)), {})
    return path


def finished(output: Path) -> dict[str, int]:
    """Series with results, and when their summary was written."""
    return {p.name: p.stat().st_mtime_ns for p in output.glob("sub-*/perf/*_summary.json")}


def test_two_processes_share_a_cohort_and_take_up_what_a_killed_one_left(
    cohort: Path, tiny_model: Path, tmp_path: Path
):
    output = tmp_path / "out"
    arguments = ["ASLMyoSegLib.cli", "run", cohort, "-o", output, "--model", tiny_model]
    arguments += ["--trials", 30]
    first = torchrun(*arguments)
    deadline = time.monotonic() + 120
    while not finished(output) and time.monotonic() < deadline and first.poll() is None:
        time.sleep(0.02)
    workers = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text().split()
    os.kill(int(workers[-1]), signal.SIGKILL)
    first.communicate(timeout=120)
    assert first.returncode != 0
    before = finished(output)
    assert 1 <= len(before) < 4
    second = torchrun(*arguments)
    printed, words = second.communicate(timeout=180)
    assert second.returncode == 0, words
    after = finished(output)
    assert len(after) == 4
    assert {name: after[name] for name in before} == before  # done once, and left alone
    assert printed.count(".html") == 4
    assert printed.count("finished before") == len(before)
    assert not list(output.glob(".part-*"))
    summary = json.loads(next(output.rglob(sorted(after)[0])).read_text())
    assert {frame["trials"] for frame in summary["frames"]} == {30}


LOSSES = """
import json, os, sys
from pathlib import Path
from ASLMyoSegLib.network import Architecture
from ASLMyoSegLib.training.fit import train
from ASLMyoSegLib.training.recipe import TrainingConfig
dataset, output, batch_size = sys.argv[1:]
config = TrainingConfig(
    Architecture(4, 3, 3, dropout=0.0), epochs=6, batch_size=int(batch_size),
    learning_rate=3e-3, augmentation=False,
)
losses = []
best = train(dataset, output, config, lambda *step: losses.append(step[2]))
result = Path(f"{output}.result-{os.environ.get('RANK', '0')}.json")
result.write_text(json.dumps([losses, best]))
"""


def test_two_processes_learn_as_one_with_the_double_batch(cohort: Path, tmp_path: Path):
    """26 training images: batches of 12, 12 and 2. Without dropout nothing but rounding differs,
    as batch normalisation takes the images of both processes."""
    script = tmp_path / "losses.py"
    script.write_text(LOSSES)
    subprocess.run(
        [sys.executable, str(script), str(cohort), str(tmp_path / "one.safetensors"), "12"],
        check=True,
    )
    process = torchrun(script, cohort, tmp_path / "two.safetensors", 6, module=False)
    _, words = process.communicate(timeout=180)
    assert process.returncode == 0, words
    (expected,) = results(tmp_path / "one.safetensors")
    first, second = results(tmp_path / "two.safetensors")
    assert first == second
    assert first[0] == pytest.approx(expected[0], rel=0.01)
    assert first[0][-1] < first[0][0] - 0.02
    assert load_model(tmp_path / "two.safetensors").header["recipe"]["processes"] == 2
    assert not (tmp_path / "two.safetensors.resume").exists()


def results(output: Path) -> list:
    """What each process has learned; from files, as lines of two processes may run together."""
    return [json.loads(file.read_text()) for file in output.parent.glob(f"{output.name}.result-*")]
