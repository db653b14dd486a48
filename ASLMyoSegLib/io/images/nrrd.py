"""NRRD as Slicer has it, with lists of images, which the image library does not write."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...series import Geometry
from ..files import replacing

TYPES = {"|u1": "uint8", "<f4": "float"}
"""NRRD's words for numpy's."""


def write_nrrd(
    path: str | Path, array: np.ndarray, geometry: Geometry, fields: Mapping[str, str] | None = None
) -> None:
    """Write (slice, y, x), or (frame, slice, y, x) as a list that Slicer opens as a sequence.

    Args:
        path: of the file.
        array: bool, uint8 or float32; bool becomes 0 and 1.
        geometry: of one frame.
        fields: further keys and their values.

    Raises:
        OutputError: where the file cannot be written.
    """
    array = array.astype(np.uint8) if array.dtype == bool else array
    axes = np.array(geometry.direction).reshape(3, 3).T * np.array(geometry.spacing)[:, np.newaxis]
    several = array.ndim == 4
    sizes = ([len(array)] if several else []) + list(array.shape[:-4:-1])
    lines = [
        "NRRD0004",
        f"type: {TYPES[array.dtype.str]}",
        f"dimension: {array.ndim}",
        "space: left-posterior-superior",
        f"sizes: {' '.join(map(str, sizes))}",
        f"space directions: {'none ' if several else ''}{' '.join(map(_vector, axes))}",
        f"kinds: {'list ' if several else ''}domain domain domain",
        "endian: little",
        "encoding: gzip",
        f"space origin: {_vector(np.array(geometry.origin))}",
        *(f"{key}:={value}" for key, value in (fields or {}).items()),
    ]
    pixels = np.moveaxis(array, 0, -1) if several else array
    header = "\n".join(lines).encode("utf-8") + b"\n\n"
    with replacing(path) as beside:
        beside.write_bytes(header + gzip.compress(pixels.tobytes(), mtime=0))


def _vector(values: np.ndarray) -> str:
    return f"({','.join(f'{float(v)!r}' for v in values)})"
