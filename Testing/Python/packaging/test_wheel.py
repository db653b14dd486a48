"""What pip installs: it runs anywhere, without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from places import ROOT

BROUGHT = ("Models/mcd_unet.safetensors", "Models/README.md", "Colors/ASLMyoSeg_MBF.ctbl")
SERIES = "sub-01/perf/sub-01_acq-rest_asl.nii.gz"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the wheel and the source archive."""
    target = tmp_path_factory.mktemp("dist")
    # Hatchling itself: `build` would fetch it into an environment of its own.
    for kind in ("wheel", "sdist"):
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", target],
            cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip
    return target


@pytest.fixture(scope="module")
def command(built: Path, tmp_path_factory: pytest.TempPathFactory):
    """Runs the installed program, from a folder that has nothing to do with the checkout."""
    site, folder = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("elsewhere")
    (wheel,) = built.glob("*.whl")
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel]
    subprocess.run([sys.executable, *install], check=True)

    def run(*words: object) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "ASLMyoSegLib.cli", *map(str, words)],
            cwd=folder, env={**os.environ, "PYTHONPATH": str(site)}, check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout

    return run


def test_wheel_and_source_archive_hold_weights_card_colours_and_sample(built: Path):
    (wheel,), (archive,) = built.glob("*.whl"), built.glob("*.tar.gz")
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert {f"ASLMyoSegLib/Resources/{name}" for name in BROUGHT} <= inside
    assert f"ASLMyoSegLib/Resources/SampleData/{SERIES}" in inside
    with tarfile.open(archive) as file:
        inside = {name.split("/", 1)[-1] for name in file.getnames()}
    assert {f"Resources/{name}" for name in BROUGHT} | {"LICENSE.txt", "CITATION.cff"} <= inside
    assert not any(name.startswith("Testing") for name in inside)


def test_the_installed_program_segments_the_sample_that_came_along(command, tmp_path: Path):
    command("sample", tmp_path / "sample")
    series = tmp_path / "sample" / SERIES
    said = command("run", series, "-o", tmp_path / "out", "--trials", 2, "--device", "cpu")
    assert Path(said.strip()).is_file()
    assert next((tmp_path / "out").rglob("*bullseye*.png")).is_file()


def test_the_sample_never_takes_the_place_of_something(command, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        command("sample", tmp_path)
    assert "choose" in failed.value.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
