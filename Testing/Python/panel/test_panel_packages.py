"""Missing packages: one question, at the moment of need, and nothing of Slicer's replaced."""

import importlib.metadata
import os
import subprocess
import sys
import types
import urllib.parse
from pathlib import Path

import pytest
from places import ROOT

pytest.importorskip("slicer")

import slicer
from Host import Host


@pytest.fixture
def panel(monkeypatch):
    """A panel to which torch and safetensors look as if they were not installed."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with Host() as host:
        panel = host.open_panel()
        from ASLMyoSegPanel import packages

        real, absent = importlib.metadata.version, {"torch", "safetensors"}

        def version(name):
            if name in absent:
                raise importlib.metadata.PackageNotFoundError(name)
            return real(name)

        monkeypatch.setattr(packages.importlib.metadata, "version", version)
        panel.absent, panel.host = absent, host
        yield panel
    assert host.errors == []


@pytest.fixture
def asked(monkeypatch):
    questions = []

    def answer(text, *_):
        questions.append(text)
        return answer.yes

    answer.yes = True
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", answer)
    return questions, answer


@pytest.fixture
def asked_installs(panel, monkeypatch):
    """pip, which installs by striking a name off the list of absent packages."""
    installs = []

    def pip(requirements, **_):
        constraint = urllib.parse.urlparse(os.environ["PIP_CONSTRAINT"]).path
        installs.append((requirements, Path(urllib.parse.unquote(constraint)).read_text()))
        for requirement in requirements:
            panel.absent.discard(requirement.split(">")[0])

    monkeypatch.setattr(slicer.util, "pip_install", pip, raising=False)
    return installs


def test_nothing_is_asked_before_segment_is_pressed(panel, asked):
    panel.ui.sampleDataButton.click()
    panel.host.process_events()
    assert asked[0] == []
    assert "not installed yet" in panel.ui.deviceInfoLabel.text


def test_one_question_names_what_is_missing_and_no_is_taken_for_no(panel, asked, asked_installs):
    questions, answer = asked
    answer.yes = False
    panel.ui.sampleDataButton.click()
    panel.ui.segmentButton.click()
    assert len(questions) == 1
    assert "safetensors, torch" in questions[0]
    assert asked_installs == []
    assert "PyTorch is not installed" in panel.ui.progressLabel.text


def test_without_the_extension_pip_installs_and_slicers_own_versions_are_held(
    panel, asked, asked_installs
):
    panel.ui.sampleDataButton.click()
    panel.ui.fixedTrialsCheckBox.click()
    panel.ui.trialsSpinBox.value = 2
    panel.ui.segmentButton.click()
    assert len(asked[0]) == 1
    wanted = [name for requirements, _ in asked_installs for name in requirements]
    assert wanted[0] == "torch>=2.6"
    assert "safetensors>=0.4" in wanted
    for _, constraints in asked_installs:
        assert f"numpy=={importlib.metadata.version('numpy')}" in constraints
        assert f"SimpleITK=={importlib.metadata.version('SimpleITK')}" in constraints
    assert "PIP_CONSTRAINT" not in os.environ
    panel.host.wait_until(lambda: panel.ui.progressLabel.text.startswith("Done"))


def test_the_pytorch_extension_is_taken_where_it_is_there(
    panel, asked, asked_installs, monkeypatch
):
    calls = []

    class PyTorchUtilsLogic:
        def installTorch(self, **settings):  # noqa: N802
            calls.append(settings)
            panel.absent.discard("torch")
            return types.ModuleType("torch")

    extension = types.ModuleType("PyTorchUtils")
    extension.PyTorchUtilsLogic = PyTorchUtilsLogic
    monkeypatch.setitem(sys.modules, "PyTorchUtils", extension)
    from ASLMyoSegPanel import packages

    assert packages.ensure(panel.requirements, "Segmenting")
    assert calls == [{"askConfirmation": False, "torchVersionRequirement": ">=2.6"}]
    assert [requirements[0] for requirements, _ in asked_installs] == ["safetensors>=0.4"]


def test_slicers_own_installer_is_taken_where_it_is_there(panel, asked, monkeypatch):
    calls = []

    def pip_install(requirements, constraints, requester):
        calls.append((requirements, Path(constraints).is_file(), requester))
        panel.absent.clear()

    packaging = types.ModuleType("slicer.packaging")
    packaging.pip_install = pip_install
    monkeypatch.setitem(sys.modules, "slicer.packaging", packaging)
    from ASLMyoSegPanel import packages

    assert packages.ensure(panel.requirements, "Segmenting")
    assert calls[0] == (["torch>=2.6"], True, "ASLMyoSeg")


def test_a_failed_installation_says_why(panel, asked, monkeypatch):
    def fail(*_, **__):
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr(slicer.util, "pip_install", fail, raising=False)
    from ASLMyoSegPanel import packages

    with pytest.raises(packages.PackageError, match=r"torch>=2.6.*so pip was used.*pip failed"):
        packages.ensure(panel.requirements, "Segmenting")
    panel.ui.sampleDataButton.click()
    panel.ui.segmentButton.click()
    assert "torch>=2.6" in panel.ui.progressLabel.text
    assert "pip failed" in panel.ui.progressLabel.text


def test_the_panel_needs_neither_torch_nor_matplotlib_until_asked():
    code = (
        "import sys\n"
        "for name in ('torch', 'matplotlib', 'safetensors', 'typer', 'rich'):\n"
        "    sys.modules[name] = None\n"
        f"sys.path.insert(0, {str(ROOT / 'Testing')!r})\n"
        "from Host import Host\n"
        "with Host() as host:\n"
        "    panel = host.open_panel()\n"
        "    from ASLMyoSegPanel import packages\n"
        "    lacks = lambda wanted: str(wanted).endswith('requirements.txt')\n"
        "    packages.missing = lambda wanted: [packages.Requirement('torch')] * lacks(wanted)\n"
        "    import ASLMyoSeg\n"
        "    ASLMyoSeg.ASLMyoSegTest().runTest()\n"
        "assert host.errors == [], host.errors\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
