"""What a killed process leaves beside its results, and who removes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ASLMyoSegLib.errors import OutputError
from ASLMyoSegLib.io.files import replacing
from ASLMyoSegLib.io.leftovers import remove_leftovers

WRITER = """
import sys, time
from pathlib import Path
from ASLMyoSegLib.io.files import replacing
with replacing(sys.argv[1]) as beside:
    beside.write_text("half of it")
    print("writing", flush=True)
    sys.stdin.read()
"""


def start_writing(path: Path) -> subprocess.Popen:
    """A process in the middle of writing; it ends well once its input ends."""
    command = [sys.executable, "-c", WRITER, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    return process


def write(path: Path, text: str = "whole") -> None:
    with replacing(path) as beside:
        beside.write_text(text)


def hidden(folder: Path) -> list[Path]:
    return list(folder.glob(".part-*"))


@pytest.mark.skipif(os.name != "posix", reason="asks whether a process lives")
def test_the_next_start_removes_what_a_killed_one_left_and_nothing_else(tmp_path: Path):
    path = tmp_path / "summary.json"
    killed, living, other = (
        start_writing(p) for p in (path, path, tmp_path / "another.json")
    )  # fmt: skip
    for process in (killed, other):
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(hidden(tmp_path)) == 3
    write(path)
    assert path.read_text() == "whole"
    names = {file.name for folder in hidden(tmp_path) for file in folder.iterdir()}
    assert names == {"summary.json", "another.json"}  # of the living, and of another file
    living.communicate(timeout=60)
    assert living.returncode == 0
    assert path.read_text() == "half of it"
    assert [file.name for folder in hidden(tmp_path) for file in folder.iterdir()] == [
        "another.json"
    ]


def test_what_another_machine_left_goes_after_a_day(tmp_path: Path):
    path, long_ago = tmp_path / "out", time.time() - 90_000
    for name, age in (("new", time.time()), ("old", long_ago)):
        inside = tmp_path / f".part-00000000-1-{name}" / "out"
        inside.mkdir(parents=True)
        (inside / "report.html").write_text("half")
        for file in (inside / "report.html", inside, inside.parent):
            os.utime(file, (age, age))
    remove_leftovers(path)
    assert [folder.name for folder in hidden(tmp_path)] == [".part-00000000-1-new"]


def test_leftovers_stay_where_the_new_file_was_not_written(tmp_path: Path):
    """They may hold results that were to be replaced."""
    old = tmp_path / ".part-00000000-1-old"
    (old / "out.replaced").mkdir(parents=True)
    for file in (old / "out.replaced", old):
        os.utime(file, (0, 0))
    with pytest.raises(OutputError), replacing(tmp_path / "out"):
        raise OSError(28, "No space left on device")
    assert hidden(tmp_path) == [old]
    write(tmp_path / "out")
    assert not hidden(tmp_path)
