"""The extension as CMake installs it, and what the Extensions Index asks of a repository."""

import json
import os
import re
import shutil
import struct
import subprocess
import sys

import pytest
from places import ROOT

DESCRIPTION = json.loads((ROOT / "ASLMyoSeg.json").read_text())
CMAKE = (ROOT / "CMakeLists.txt").read_text()


def listed(folder: str, name: str) -> set[str]:
    """Files that a CMakeLists.txt names in one of its lists."""
    text = (ROOT / folder / "CMakeLists.txt").read_text()
    words = re.search(rf"set\({name}\n(.*?)\n  \)", text, re.DOTALL)[1].split()
    return {word.replace("${MODULE_NAME}", "ASLMyoSeg") for word in words}


def there(folder: str, *patterns: str) -> set[str]:
    """Files that are there."""
    root = ROOT / folder
    return {
        path.relative_to(root).as_posix()
        for pattern in patterns
        for path in root.rglob(pattern)
        if path.is_file() and "__pycache__" not in path.parts and path.name != "CMakeLists.txt"
    }


def metadata(name: str) -> str:
    return re.search(rf'set\(EXTENSION_{name} "(.*?)"\)', CMAKE, re.DOTALL)[1]


def test_cmake_lists_every_file_of_module_library_and_resources():
    assert listed("ASLMyoSeg", "MODULE_PYTHON_SCRIPTS") == there("ASLMyoSeg", "*.py")
    resources = {f"Resources/{file}" for file in there("ASLMyoSeg/Resources", "*")}
    assert listed("ASLMyoSeg", "MODULE_PYTHON_RESOURCES") == resources
    assert listed("ASLMyoSegLib", "LIBRARY_PYTHON_SCRIPTS") == there("ASLMyoSegLib", "*.py")
    assert listed("Resources", "RESOURCES") == there("Resources", "*")


def test_the_installed_module_passes_its_self_test(tmp_path):
    pytest.importorskip("slicer")
    target = tmp_path / "Slicer 5.13" / "qt-scripted-modules"
    for folder, name, beneath in (
        ("ASLMyoSeg", "MODULE_PYTHON_SCRIPTS", ""),
        ("ASLMyoSeg", "MODULE_PYTHON_RESOURCES", ""),
        ("ASLMyoSegLib", "LIBRARY_PYTHON_SCRIPTS", "ASLMyoSegLib"),
        ("Resources", "RESOURCES", "Resources"),
    ):
        for file in listed(folder, name):
            copy = target / beneath / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / folder / file, copy)
    code = (
        "import sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "sys.meta_path[:] = [f for f in sys.meta_path if '__editable__' not in str(f)]\n"
        "from pathlib import Path\n"
        "from Host import Host\n"
        "with Host(Path(sys.argv[2])) as host:\n"
        "    host.open_panel()\n"
        "    import ASLMyoSeg, ASLMyoSegLib\n"
        "    ASLMyoSeg.ASLMyoSegTest().runTest()\n"
        "    print('library', ASLMyoSegLib.__file__)\n"
        "assert host.errors == [], host.errors\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "Testing"), str(target / "ASLMyoSeg.py")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"library {target}" in done.stdout


def test_the_description_agrees_with_cmake():
    assert DESCRIPTION["$schema"].endswith("slicer-extension-catalog-entry-schema-v1.0.1.json#")
    assert DESCRIPTION["build_dependencies"] == metadata("DEPENDS").split()
    assert DESCRIPTION["scm_url"] == metadata("HOMEPAGE")
    assert re.search(r"^project\(ASLMyoSeg\)$", CMAKE, re.MULTILINE)


def test_pictures_that_the_metadata_names_are_there():
    urls = [metadata("ICONURL"), *metadata("SCREENSHOTURLS").split()]
    assert len(urls) > 1
    for url in urls:
        path = url.partition("/main/")[2]
        assert (ROOT / path).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n", path


def test_icon_and_thumbnail_have_the_sizes_that_slicer_wants():
    icons = ROOT / "ASLMyoSeg" / "Resources" / "Icons"
    for path, size in (
        (ROOT / "ASLMyoSeg.png", (128, 128)),
        (icons / "ASLMyoSeg.png", (128, 128)),
        (icons / "MyocardialASL.png", (260, 280)),
    ):
        assert struct.unpack(">II", path.read_bytes()[16:24]) == size


def test_the_home_page_says_what_the_index_asks_for():
    text = (ROOT / "README.md").read_text()
    assert text.startswith("# ASLMyoSeg\n")
    assert re.search(r"!\[[^]]+\]\(Docs/images/[\w-]+\.png\)", text)
    assert "Magn Reson Med" in text
    assert "Apache-2.0" in text
    assert "user-guide.md" in text
    assert (ROOT / "LICENSE.txt").read_text().lstrip().startswith("Apache License")


def test_pictures_in_documents_are_there():
    for document in (ROOT / "README.md", *(ROOT / "Docs").glob("*.md")):
        for link in re.findall(r"!\[[^]]*\]\(([^)]+)\)", document.read_text()):
            assert (document.parent / link).is_file(), f"{document.name}: {link}"
