"""The worker process: its protocol, spoken from outside as the panel speaks it."""

import io
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from places import ROOT

from ASLMyoSegLib.processes import exchange, worker
from ASLMyoSegLib.series import ASLSeries, Geometry, Posterior
from ASLMyoSegLib.uncertainty.scores import mcd_uncertainty


class Process:
    """A worker, and what it has said so far."""

    def __init__(self, folder: Path, before: str = "") -> None:
        self.folder = folder
        code = "import sys; sys.path.insert(0, sys.argv[1])\n"
        code += "from ASLMyoSegLib.processes import worker\n"
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"{code}{before}\nworker.main()", str(ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        self.replies: queue.Queue[dict] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout:
            self.replies.put(json.loads(line))

    def ask(self, **request) -> None:
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def segment(self, series: ASLSeries, number: int = 1, **settings) -> None:
        message = exchange.to_message(series, self.folder)
        request = {
            "model": None,
            "trials": 4,
            "precision": None,
            "seed": 5,
            "device": "cpu",
            **settings,
        }
        self.ask(request="segment", id=number, folder=str(self.folder), series=message, **request)

    def until(self, *kinds: str, timeout: float = 60) -> tuple[dict, list[dict]]:
        """The first reply of these kinds, and those before it."""
        before = []
        while True:
            reply = self.replies.get(timeout=timeout)
            if reply["reply"] in kinds:
                return reply, before
            before.append(reply)


@pytest.fixture
def start(tmp_path):
    started = []

    def begin(before: str = "") -> Process:
        started.append(Process(tmp_path, before))
        return started[-1]

    yield begin
    for one in started:
        one.process.kill()
        one.process.wait()


@pytest.fixture(scope="module")
def series():
    images = np.random.default_rng(0).random((3, 1, 48, 48), dtype=np.float32)
    return ASLSeries(
        images,
        ("m0scan", "control", "label"),
        np.array([np.nan, 1.4, 1.4]),
        Geometry((3.0, 3.0, 8.0)),
        "sub-01",
        {"MagneticFieldStrength": 3},
    )


def test_a_series_goes_through_files_and_comes_back_the_same(series, tmp_path):
    message = json.loads(json.dumps(exchange.to_message(series, tmp_path)))
    again = exchange.from_message(ASLSeries, message, tmp_path)
    np.testing.assert_array_equal(again.images, series.images)
    np.testing.assert_array_equal(again.inversion_time, series.inversion_time)
    assert (again.volume_types, again.geometry, again.name, again.metadata) == (
        series.volume_types,
        series.geometry,
        series.name,
        series.metadata,
    )
    assert list(tmp_path.iterdir()) == []


def test_a_result_is_that_of_the_library_with_partial_results_before_it(start, series):
    from ASLMyoSegLib import load_model, segment

    process = start()
    process.segment(series, trials=40)
    reply, before = process.until("result", "error")
    posterior = exchange.from_message(Posterior, reply["posterior"], process.folder)
    expected = segment(series, load_model(), trials=40, seed=5, device="cpu")
    np.testing.assert_array_equal(posterior.trials, expected.trials)
    np.testing.assert_allclose(posterior.mean, expected.mean, atol=1e-6)
    np.testing.assert_array_equal(posterior.trial_masks, expected.trial_masks)
    np.testing.assert_allclose(posterior.mcd_interval, expected.mcd_interval, rtol=1e-3)
    np.testing.assert_allclose(
        mcd_uncertainty(posterior.mean, posterior.std),
        mcd_uncertainty(expected.mean, expected.std),
    )
    kinds = [r["reply"] for r in before]
    assert kinds[0] == "progress"  # of the first look, which has nothing to show
    assert all(0 <= r["passes"] <= r["expected"] == 120 for r in before if r["reply"] == "progress")
    partial = before[kinds.index("partial")]
    sketch = exchange.from_message(Posterior, partial["posterior"], process.folder)
    assert sketch.mean.shape == series.images.shape
    assert len(sketch.trial_masks) == 0


def test_partial_results_come_at_least_every_two_seconds_and_sharpen(series, monkeypatch, tmp_path):
    from ASLMyoSegLib.uncertainty import sampler

    real, clock = sampler.stream, iter(np.arange(0, 1e6, 0.25))
    monkeypatch.setattr(worker.time, "monotonic", lambda: next(clock))  # a chunk: a quarter second

    def first_ten_seconds(*arguments, **settings):
        yield from islice(real(*arguments, **settings), 40)

    monkeypatch.setattr(sampler, "stream", first_ten_seconds)
    replies = io.StringIO()
    message = exchange.to_message(series, tmp_path)
    settings = {"model": None, "trials": 1000, "precision": None, "seed": 1, "device": "cpu"}
    worker.Worker(io.StringIO(), replies)._segment(
        {"id": 1, "folder": str(tmp_path), "series": message, **settings}
    )
    told = [json.loads(line) for line in replies.getvalue().splitlines()]
    kinds = [reply["reply"] for reply in told]
    steps_between = np.diff([k for k, kind in enumerate(kinds) if kind == "partial"])
    assert kinds.count("partial") >= 5
    assert steps_between.max() - 1 <= 2.0 / 0.25
    passes = [
        exchange.from_message(Posterior, reply["posterior"], tmp_path).trials.sum()
        for reply in told
        if reply["reply"] == "partial"
    ]
    assert np.diff(passes).min() > 0


def test_cancel_is_answered_while_a_chunk_is_computed_and_the_next_request_is_served(start, series):
    process = start(
        "import time\n"
        "from ASLMyoSegLib.uncertainty import sampler\n"
        "real = sampler.stream\n"
        "def slow(*a, trials, **k):\n"
        "    for step in real(*a, trials=trials, **k):\n"
        "        yield step\n"
        "        time.sleep(3 if trials > 2 else 0)\n"
        "sampler.stream = slow"
    )
    process.segment(series, 1, trials=100_000)
    process.until("partial")
    process.ask(request="cancel", id=1)
    process.segment(series, 2, trials=2)
    _, before = process.until("cancelled", timeout=2)
    assert before == []
    reply, before = process.until("result", "error")
    assert reply["reply"] == "result"
    assert {r["id"] for r in [*before, reply]} == {2}


def test_cancel_before_the_first_pass_leaves_nothing_to_do(start, series):
    process = start()
    process.segment(series, 1, trials=100_000)
    process.ask(request="cancel", id=1)
    process.until("cancelled")
    process.ask(request="hello")
    assert process.until("hello")[1] == []


def test_what_libraries_print_does_not_reach_the_protocol(start):
    quiet = start(
        "old = worker.describe_devices\n"
        "def noisy():\n"
        "    print('chatter'); os.write(1, b'raw chatter\\n'); return old()\n"
        "import os; worker.describe_devices = noisy"
    )
    quiet.ask(request="hello")
    assert quiet.replies.get(timeout=60)["reply"] == "hello"
    quiet.ask(request="quit")
    assert "raw chatter" in quiet.process.stderr.read()


def test_the_device_is_named_with_a_reason(start):
    process = start()
    process.ask(request="hello")
    reply, _ = process.until("hello")
    names = [device["name"] for device in reply["devices"]]
    assert names[-1] == "cpu"
    assert reply["automatic"] == names[0]
    assert reply["why"].endswith(".")


def test_a_python_without_torch_says_so(start, series):
    process = start("sys.modules['torch'] = None")
    process.ask(request="hello")
    reply, _ = process.until("hello")
    assert reply["torch"] is None
    assert "PyTorch" in reply["why"]
    process.segment(series)
    assert "package" in process.until("error")[0]["message"]


def test_wrong_settings_are_refused_in_words_and_the_worker_lives_on(start, series, tmp_path):
    process = start()
    process.segment(series, 1, model=str(tmp_path / "none.safetensors"))
    assert "no such model file" in process.until("error")[0]["message"]
    process.segment(series, 2, trials=0)
    assert "one pass per image" in process.until("error")[0]["message"]
    process.process.stdin.write("no JSON\n")
    process.ask(request="dance", id=3)
    process.ask(request="hello")
    _, before = process.until("hello")
    assert ["not a request" in r["message"] or "'dance'" in r["message"] for r in before] == [
        True,
        True,
    ]


@pytest.mark.parametrize("part", ["__init__", "_logits"])
def test_a_full_gpu_offers_the_cpu(start, series, part):
    """Whether the network does not fit, or no batch of one pass does."""
    process = start(
        "import torch\n"
        "from ASLMyoSegLib.uncertainty.engine import Engine\n"
        "def full(*a, **k):\n"
        "    raise torch.cuda.OutOfMemoryError('CUDA out of memory')\n"
        f"Engine.{part} = full"
    )
    process.segment(series)
    reply, _ = process.until("error")
    assert reply["offer"] == "cpu"
    assert "GPU" in reply["message"]


def test_the_end_of_the_parent_ends_the_worker(start, series):
    process = start()
    process.segment(series, trials=100_000)
    process.until("partial")
    process.process.stdin.close()
    assert process.process.wait(timeout=5) == 0


def test_a_killed_worker_leaves_no_reply_behind(start, series):
    process = start()
    process.segment(series, trials=100_000)
    process.until("partial")
    os.kill(process.process.pid, signal.SIGKILL)
    assert process.process.wait(timeout=5) == -signal.SIGKILL


def test_folders_with_odd_names_are_no_obstacle(series, tmp_path):
    folder = tmp_path / "a b;c:d é 'q'"
    folder.mkdir()
    process = Process(folder)
    try:
        process.segment(series, trials=2)
        assert process.until("result", "error")[0]["reply"] == "result"
    finally:
        process.process.kill()
        process.process.wait()


def test_a_gpu_that_is_gone_is_named(monkeypatch):
    import torch

    from ASLMyoSegLib.errors import ASLMyoSegError

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(ASLMyoSegError, match="GPU 3"):
        worker.use_device("cuda:3")
    assert worker.use_device("cpu") == "cpu"
