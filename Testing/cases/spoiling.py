"""How good files are made bad: each function gives one that changes those in a folder."""

from __future__ import annotations

import contextlib
import gzip
import importlib.util
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch
from cases.commands import Done, aslmyoseg
from safetensors.torch import load_file, save_file

from ASLMyoSegLib.io import write_volume
from ASLMyoSegLib.network.checkpoint import FORMAT
from ASLMyoSegLib.series import Geometry

NOBODY = 65534
Spoil = Callable[[Path], object]


def both(*spoils: Spoil) -> Spoil:
    """One after the other."""
    return lambda f: [spoil(f) for spoil in spoils]


def cut(name: str, to: int) -> Spoil:
    """The file ends after so many bytes."""

    def spoil(folder: Path) -> None:
        (folder / name).write_bytes((folder / name).read_bytes()[:to])

    return spoil


def series_of(folder: Path) -> Path:
    return folder / "sub-01_asl.nii.gz"


def pixels(change: Callable[[np.ndarray], np.ndarray]) -> Spoil:
    """Other pixels, (frame, slice, y, x), of the same size in mm."""

    def spoil(folder: Path) -> None:
        image = sitk.ReadImage(str(series_of(folder)))
        changed = sitk.GetImageFromArray(change(sitk.GetArrayFromImage(image)), isVector=False)
        changed.SetSpacing(image.GetSpacing()[: changed.GetDimension()])
        sitk.WriteImage(changed, str(series_of(folder)), useCompression=True, compressionLevel=1)

    return spoil


def put(value: float) -> Spoil:
    """One pixel of the second frame."""

    def change(array: np.ndarray) -> np.ndarray:
        array[1, 0, 3, 3] = value
        return array

    return pixels(change)


def frames(*kinds: str) -> Spoil:
    """A series of such frames, made of the M0, control and label there are."""
    order = {"m0scan": 0, "control": 1, "label": 2}

    def spoil(folder: Path) -> None:
        pixels(lambda a: a[[order[kind] for kind in kinds]])(folder)
        context("\n".join(("volume_type", *kinds)) + "\n")(folder)
        m0 = "Included" if "m0scan" in kinds else "Absent"
        sidecar(PostLabelingDelay=1.5, M0Type=m0)(folder)
        masks(lambda a: a[0])(folder)

    return spoil


def in_muscle(change: Callable[[np.ndarray, np.ndarray], None]) -> Spoil:
    """Change an array (frame, slice, y, x) of images, given the muscle (y, x)."""

    def spoil(folder: Path) -> None:
        mask = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "masks.nii.gz")))[0, 0] > 0

        def on(images: np.ndarray) -> np.ndarray:
            change(images, mask)
            return images

        pixels(on)(folder)

    return spoil


def content(change: Callable[[bytes], bytes]) -> Spoil:
    """Other bytes in the series, before compression."""
    return lambda f: series_of(f).write_bytes(
        gzip.compress(change(gzip.decompress(series_of(f).read_bytes())))
    )


def header(code: str, offset: int, *values: float, form: bool = False) -> Spoil:
    """Values in the NIfTI header; `form` says that the sform alone tells the orientation."""

    def change(content: bytes) -> bytes:
        changed = bytearray(content)
        struct.pack_into(code, changed, offset, *values)
        if form:
            struct.pack_into("<2h", changed, 252, 0, 1)
        return bytes(changed)

    return content(change)


def broken_link(name: str) -> Spoil:
    """A file as a data set of git-annex has it that was cloned, and not fetched."""

    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to(".git/annex/objects/none")

    return spoil


def sidecar(text: str | None = None, **values: object) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / "sub-01_asl.json"
        new = text if text is not None else json.dumps({**json.loads(path.read_text()), **values})
        path.write_text(new)

    return spoil


def without(key: str) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / "sub-01_asl.json"
        content = json.loads(path.read_text())
        del content[key]
        path.write_text(json.dumps(content))

    return spoil


def context(content: str | bytes) -> Spoil:
    content = content.encode() if isinstance(content, str) else content
    return lambda f: (f / "sub-01_aslcontext.tsv").write_bytes(content)


def points(text: str) -> Spoil:
    return lambda f: (f / "points.json").write_text(text)


def masks(change: Callable[[np.ndarray], np.ndarray], pixel: float = 3.0) -> Spoil:
    """Other masks, (frame, slice, y, x)."""

    def spoil(folder: Path) -> None:
        array = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "masks.nii.gz")))
        write_volume(folder / "masks.nii.gz", change(array), Geometry((pixel, pixel, 10.0)))

    return spoil


def model(change: Callable[[dict[str, torch.Tensor], dict], object]) -> Spoil:
    """Change the tensors and the header's architecture of the model."""

    def spoil(folder: Path) -> None:
        path = folder / "tiny.safetensors"
        tensors = load_file(path)
        header = {"architecture": {"base_maps": 2, "scales": 2, "kernel_size": 3, "dropout": 0.5}}
        change(tensors, header["architecture"])
        save_file(tensors, path, metadata={"format": FORMAT, "header": json.dumps(header)})

    return spoil


def scene(entry: str) -> Spoil:
    def spoil(folder: Path) -> None:
        with zipfile.ZipFile(folder / "SERIES.mrb", "w") as bundle:
            bundle.writestr("scene/scene.mrml", "<MRML></MRML>")
            bundle.writestr(entry, "<MRML></MRML>")

    return spoil


def as_nobody(*words: str) -> Done:
    """The command as a user who may do little, where this process may do everything."""
    with _other_user():
        return aslmyoseg(*words)


@contextlib.contextmanager
def _other_user() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def lacks_users() -> str:
    return "" if hasattr(os, "seteuid") else "permissions of another kind than POSIX"


SMALL_DISK = 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"'


def on_small_disk(*words: str) -> Done:
    """The command in a process of its own, for which `out`'s folder is a disk of 64 kB."""
    output = Path(words[words.index("-o") + 1])
    command = ["unshare", "-rm", "sh", "-c", SMALL_DISK, str(output.parent), sys.executable]
    done = subprocess.run(
        [*command, "-m", "ASLMyoSegLib.cli", *words], capture_output=True, text=True, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


def lacks_small_disk() -> str:
    """A mount that only one process sees needs Linux and the right to user namespaces."""
    if shutil.which("unshare") is None:
        return "no unshare (Linux) to mount a small disk with"
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(
            ["unshare", "-rm", "sh", "-c", SMALL_DISK, folder, "true"],
            capture_output=True, check=False,
        )  # fmt: skip
    return "" if tried.returncode == 0 else "mounting a small disk is not allowed"


def large(folder: Path) -> None:
    """The series over and over, in a folder of its own so that 64 kB of results do not fit."""
    (folder / "disk").mkdir()
    pixels(lambda a: np.tile(a, (1, 1, 5, 5)))(folder)


def twins(folder: Path) -> None:
    for file in list(folder.glob("sub-01*")):
        shutil.copy(file, folder / file.name.replace("sub-01", "sub-02"))


def into_folder(name: str) -> Spoil:
    """The series in a folder of that name."""

    def spoil(folder: Path) -> None:
        (folder / f"SERIES {name}").mkdir()
        for file in list(folder.glob("sub-01*")):
            file.rename(folder / f"SERIES {name}" / file.name)

    return spoil


def empty_folder(folder: Path) -> None:
    (folder / "SERIES").mkdir()


def closed_folder(folder: Path) -> None:
    (folder / "closed").mkdir(0o000)


def occupied(folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "notes.txt").write_text("mine")


def nothing(folder: Path) -> None:
    """What is wrong is in the command."""


def save_tensors(path: Path) -> None:
    save_file({"a": torch.zeros(1)}, path)


def lacks_mrml() -> str:
    return "" if importlib.util.find_spec("slicer") else "Slicer's MRML is not installed"
