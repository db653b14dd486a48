"""Small files that are right, and the command run on them in this process."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np

from ASLMyoSegLib import cli
from ASLMyoSegLib.io import write_rv_insertion, write_series, write_volume
from ASLMyoSegLib.network import Architecture, MCDUNet, save_model
from ASLMyoSegLib.series import ASLSeries, Geometry, RVInsertion


class Done(NamedTuple):
    """What a command left on the screen, with what libraries beneath Python print."""

    status: int
    printed: str
    errors: str

    @property
    def lines(self) -> list[str]:
        """Of the errors."""
        return self.errors.splitlines()


def aslmyoseg(*arguments: object) -> Done:
    """Run the command in this process."""
    texts = []
    with contextlib.ExitStack() as stack:
        for name in ("stdout", "stderr"):
            texts.append(stack.enter_context(_captured(name)))
        stack.enter_context(mock.patch.object(sys, "argv", ["aslmyoseg", *map(str, arguments)]))
        stack.enter_context(mock.patch.dict(os.environ))
        os.environ.pop("ASLMYOSEG_TRACEBACK", None)
        try:
            cli.main()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
    return Done(status, *(text.getvalue() for text in texts))


@contextlib.contextmanager
def _captured(name: str) -> Iterator[io.StringIO]:
    """What is written to a stream of Python and to the file descriptor of that name."""
    number, text = {"stdout": 1, "stderr": 2}[name], io.StringIO()
    kept = os.dup(number)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as file:
        os.dup2(file.fileno(), number)
        try:
            with mock.patch.object(sys, name, file):
                yield text
        finally:
            file.flush()
            os.dup2(kept, number)
            os.close(kept)
            file.seek(0)
            text.write(file.read())


def write_good_files(folder: Path, slices: int = 1) -> None:
    """A series `sub-01` of three frames, `masks.nii.gz`, `points.json` and `tiny.safetensors`."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:20, :24]
    ring = np.abs(np.hypot(y - 10, x - 12) - 6) < 2
    images = rng.uniform(50, 90, (3, slices, 20, 24)).astype(np.float32)
    images[:2, :, ring] += 200
    images[2, :, ring] += 198
    images[0] *= 2
    series = ASLSeries(
        images,
        ("m0scan", "control", "label"),
        np.array([np.nan, 1.5, 1.5]),
        Geometry((3.0, 3.0, 10.0)),
        "sub-01",
    )
    write_series(series, folder / "sub-01_asl.nii.gz")
    write_volume(
        folder / "masks.nii.gz", np.broadcast_to(ring, images.shape).copy(), series.geometry
    )
    write_rv_insertion(
        folder / "points.json",
        RVInsertion(np.array([[3.0, 8.0]] * slices), np.array([[17.0, 9.0]] * slices)),
        series,
    )
    save_model(folder / "tiny.safetensors", MCDUNet(Architecture(2, 2, 3, 0.5)), {})
