"""What several tests need: a small simulated data set, and a small network."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import SimpleITK as sitk
import torch

from ASLMyoSegLib.network import Architecture, LoadedModel, MCDUNet, load_model, save_model
from ASLMyoSegLib.run.simulation import simulate_cohort


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What tests measure of the machine, while it is busy with them, is not for its user."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Starting threads takes longer than the small images of tests do."""
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)


@pytest.fixture(autouse=True)
def one_library() -> Iterator[None]:
    """The panel's Reload takes the library anew; what other tests hold must stay the one in use."""
    before = {n: m for n, m in sys.modules.items() if n.split(".")[0] == "ASLMyoSegLib"}
    yield
    sys.modules.update(before)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two subjects at rest, one slice."""
    root = tmp_path_factory.mktemp("dataset") / "data"
    simulate_cohort(root, subjects=2, conditions=("rest",), seed=4711)
    return root


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    """A network of 3 scales and 4 maps with random weights, written and read."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    save_model(path, MCDUNet(Architecture(4, 3, 5, 0.5)), {})
    return load_model(path)


@pytest.fixture
def host(monkeypatch):
    """A Slicer without its windows; errors that a real one would log fail the test."""
    pytest.importorskip("slicer")
    from Host import Host

    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of the worker: threads help no small network
    with Host() as host:
        yield host
    assert host.errors == []


@pytest.fixture
def panel(host):
    """The module's panel, opened."""
    return host.open_panel()


@pytest.fixture
def reviewed(host, panel):
    """The panel with the sample, and the result that comes with it."""
    panel.ui.sampleDataButton.click()
    panel.logic.showSampleResult(panel.series)
    panel.requestFlow()
    host.wait_until(lambda: "MBF" in panel.ui.flowLabel.text)
    return panel
