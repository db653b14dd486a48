"""Nothing runs from data, nothing leaves its folder, nothing calls the network."""

from __future__ import annotations

import ast
import json
import re
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cases.commands import aslmyoseg, write_good_files
from cases.spoiling import frames
from places import ROOT

from ASLMyoSegLib.errors import SeriesError, UnstatedError

SOURCES = sorted((*ROOT.glob("ASLMyoSegLib/**/*.py"), *ROOT.glob("ASLMyoSeg/**/*.py")))
RUNNING = {
    "pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib", "yaml", "code",
    "runpy", "tarfile",
}  # fmt: skip
CALLING = {"socket", "http", "urllib", "requests", "ftplib", "smtplib", "asyncio", "ssl"}
HARMLESS = {"urllib.parse"}  # addresses as text
FORBIDDEN = {
    "eval", "exec", "compile", "__import__", "torch.load", "torch.hub.load", "np.fromregex",
    "os.system", "os.popen", "zipfile.Path", "shutil.unpack_archive",
}  # fmt: skip


def dangers(text: str) -> Iterator[str]:
    """What could run code from a file, unpack outside of a folder, or call the network."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""] if node.level == 0 else []
        else:
            names = []
        names = [name for name in names if name not in HARMLESS]
        yield from (n for n in names if n.split(".")[0] in RUNNING | CALLING)
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        options = {k.arg: ast.unparse(k.value) for k in node.keywords}
        if called in FORBIDDEN or called.split(".")[-1] in ("extract", "extractall"):
            yield called
        if called in ("np.load", "numpy.load") and options.get("allow_pickle") != "False":
            yield f"{called} without allow_pickle=False"
        if options.get("allow_pickle") == "True" or options.get("shell") == "True":
            yield f"{called} with {options}"


def test_no_source_of_ours_runs_code_from_data_or_calls_the_network():
    assert len(SOURCES) > 100
    found = {
        str(path.relative_to(ROOT)): list(names)
        for path in SOURCES
        if (names := set(dangers(path.read_text(encoding="utf-8"))))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "import pickle", "from yaml import load", "import urllib.request", "torch.load(path)",
        "np.load(path)", "np.load(path, allow_pickle=True)", "exec(text)", "eval(text)",
        "subprocess.run(text, shell=True)", "bundle.extractall(folder)",
    ],
)  # fmt: skip
def test_the_search_finds_what_is_dangerous(line: str):
    assert list(dangers(line))


def test_run_and_quantify_call_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was called")

    for name in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "create_connection", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)
    write_good_files(tmp_path)
    series, model = tmp_path / "sub-01_asl.nii.gz", tmp_path / "tiny.safetensors"
    done = aslmyoseg(
        "run", series, "-o", tmp_path / "out", "--model", model, "--trials", 2,
        "--rv-insertion", tmp_path / "points.json",
    )  # fmt: skip
    assert (done.status, done.errors) == (0, "")
    done = aslmyoseg("quantify", series, "--masks", tmp_path / "masks.nii.gz")
    assert (done.status, done.errors) == (0, "")
    assert not re.search(r"https?://(?!www\.w3\.org|purl\.org|creativecommons|matplotlib)",
                         (tmp_path / "out/report.html").read_text())  # fmt: skip


EVIL = "sub-<script>alert(1)<x>&\"'"


def test_names_from_files_are_escaped_wherever_they_are_shown(tmp_path: Path):
    write_good_files(tmp_path)
    frames("control", "label")(tmp_path)  # no M0, so that a warning names the series
    for file in list(tmp_path.glob("sub-01*")):
        file.rename(tmp_path / file.name.replace("sub-01", EVIL))
    (sidecar,) = tmp_path.glob("*_asl.json")
    content = json.loads(sidecar.read_text())
    sidecar.write_text(json.dumps({**content, "Manufacturer": "<script>alert(2)</script>"}))
    (series,) = tmp_path.glob("*_asl.nii.gz")
    model = tmp_path / "tiny.safetensors"
    evil_model = model.rename(tmp_path / "<script>m.safetensors")
    done = aslmyoseg("run", series, "-o", tmp_path / "out", "--model", evil_model, "--trials", 2)
    assert (done.status, done.errors) == (0, "")
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)") >= 3  # title, heading, warning
    assert "model &lt;script&gt;m" in page


def test_text_from_files_does_not_steer_the_terminal(tmp_path: Path):
    write_good_files(tmp_path)
    (tmp_path / "sub-01_aslcontext.tsv").write_text("\x1b[2J\x07type\ncontrol\n")
    series = (tmp_path / "sub-01_asl.nii.gz").rename(tmp_path / "sub-01\x1b[1A\n_asl.nii.gz")
    (tmp_path / "sub-01_aslcontext.tsv").rename(tmp_path / "sub-01\x1b[1A\n_aslcontext.tsv")
    done = aslmyoseg("quantify", series, "--masks", tmp_path / "masks.nii.gz")
    assert done.status == 2
    assert "has no column 'volume_type'" in done.errors
    assert len(done.errors.splitlines()) == 1
    assert all(c.isprintable() for c in done.errors.rstrip("\n"))


def test_an_entry_that_climbs_out_of_a_bundle_is_not_written(tmp_path: Path):
    """Through the checks that come before anything is unpacked."""
    pytest.importorskip("slicer", reason="Slicer's MRML (slicer-core) is not installed")
    from ASLMyoSegLib.errors import SeriesError
    from ASLMyoSegLib.scene import read_scenes

    folder = tmp_path / "here"
    folder.mkdir()
    for entry in ("../evil.txt", "scene/../../../evil.txt", "/tmp/evil.txt", "..\\evil.txt"):
        with zipfile.ZipFile(folder / "s.mrb", "w") as bundle:
            bundle.writestr("scene/scene.mrml", "<MRML></MRML>")
            bundle.writestr(entry, "evil")
        with pytest.raises(SeriesError, match="would leave its folder"):
            read_scenes(folder / "s.mrb")
    assert [p.name for p in tmp_path.rglob("*")] == ["here", "s.mrb"]


@pytest.mark.parametrize(
    "error", [SeriesError("IM3: MON\n\x96ROME2;\x1b[1A"), UnstatedError("a\nb", "\x07c")]
)
def test_an_error_for_people_is_one_printable_line_in_python_too(error: SeriesError):
    assert str(error).isprintable()
