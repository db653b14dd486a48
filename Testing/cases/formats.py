"""Series as other libraries write them, and how a bad one is refused."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
import SimpleITK as sitk
from PIL import Image
from scipy.spatial.transform import Rotation

from ASLMyoSegLib.errors import SeriesError
from ASLMyoSegLib.io import Hints, read_series
from ASLMyoSegLib.series import Geometry

TYPES = ("m0scan", "control", "label", "control", "label")
STATED = Hints(TYPES, 1.5)
MATLAB = Hints(TYPES, 1.5, "images", ("y", "x", "frame"), (2.0, 3.0))
ROWS, COLUMNS = 24, 20
TURNED = Rotation.from_euler("zyx", [30, -20, 65], degrees=True).as_matrix()
AFFINE = np.block([[TURNED * (2.0, 3.0, 8.0), np.array([[-40], [12], [7]])], [np.eye(4)[3:]]])
"""Of an oblique slice, as nibabel has it (RAS, mm)."""


def frames(kind: str = "uint16", slices: int = 1) -> np.ndarray:
    """Images (frame, slice, y, x), none like another."""
    rng = np.random.default_rng(3)
    top = 200 if kind in ("uint8", "int8") else 30_000
    values = rng.integers(0, 100 if kind == "int8" else top, (5, slices, ROWS, COLUMNS))
    return values.astype(kind)


def in_space(spacing: tuple = (2.0, 3.0, 8.0), **more: object) -> sitk.Image:
    """The same as an image of four dimensions, turned about an axis."""
    turned = (0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    volumes = []
    for frame in frames(**more):
        volumes.append(sitk.GetImageFromArray(frame))
        volumes[-1].SetSpacing(spacing)
        volumes[-1].SetOrigin((5.0, -6.0, 7.0))
        volumes[-1].SetDirection(turned)
    return sitk.JoinSeries(volumes)


def place_of(geometry: Geometry, x: float, y: float, k: float) -> np.ndarray:
    """Where a pixel lies in the patient, LPS, mm."""
    return np.reshape(geometry.direction, (3, 3)) @ (np.array([x, y, k]) * geometry.spacing) + (
        geometry.origin
    )


def refused(path: Path, hints: Hints, *words: str) -> None:
    with pytest.raises(SeriesError) as error:
        read_series(path, hints)
    message = str(error.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def write_nrrd(path: Path, frame_axis: int, kind: str | None, **changes: str) -> None:
    values = np.moveaxis(frames("int16"), 0, 3 - frame_axis)
    directions = ["(0,2,0)", "(-3,0,0)", "(0,0,8)"]
    directions.insert(frame_axis, "none")
    kinds = ["domain"] * 3
    kinds.insert(frame_axis, kind or "")
    fields = {
        "type": "short", "dimension": "4", "space": "left-posterior-superior",
        "sizes": " ".join(map(str, values.shape[::-1])), "space directions": " ".join(directions),
        "kinds": " ".join(kinds), "endian": "big", "encoding": "gzip", "space origin": "(5,-6,7)",
        **changes,
    }  # fmt: skip
    if kind is None:
        del fields["kinds"]
    lines = [f"{name}: {value}" for name, value in fields.items()]
    data = gzip.compress(values.astype(">i2").tobytes())
    if "data file" in fields:
        path.with_name(fields["data file"]).write_bytes(data)
        data = b""
    path.write_bytes("\n".join(["NRRD0005", "# a comment", *lines]).encode() + b"\n\n" + data)


def write_matlab(path: Path, version: str, **arrays: object) -> None:
    """By SciPy; of version 7.3 by h5py, as MATLAB does: axes turned round, and a user block."""
    if version != "7.3":
        scipy.io.savemat(path, arrays, do_compression=version == "5, compressed")
        return
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in arrays.items():
            for part, array in value.items() if isinstance(value, dict) else (("", value),):
                file.create_dataset(
                    f"{name}/{part}".strip("/"), data=np.transpose(np.atleast_2d(array))
                )


PICTURE = replace(STATED, pixel_size=(2.0, 3.0))
NAMES = [f"img{n}" for n in (1, 2, 10, 20, 100)]


def write_pictures(folder: Path, ending: str, images: np.ndarray, **options: object) -> Path:
    folder.mkdir()
    for name, frame in zip(NAMES, images, strict=True):
        Image.fromarray(frame[0]).save(folder / f"{name}.{ending}", **options)
    return folder
