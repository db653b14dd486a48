"""Images that a lab keeps as an array in a MATLAB file, of version 5 or (by h5py) 7.3.

Only numbers are taken from such a file: nothing in it runs, and no other file is followed.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import SeriesError, UnstatedError
from ..statement import Hints
from .axes import arrange
from .matlab5 import NUMBER_CLASSES, Matrix, read_matrices

LARGEST_ARRAY = 1 << 31
"""Bytes that an array may fill as double numbers."""
MOST_LISTED = 12
UNEQUAL = "cells of several sizes"
REMEDIES = {
    "complex": "save its magnitude, abs()",
    "sparse": "save it as a whole, full()",
    UNEQUAL: "save images of one size",
}
"""What to do with arrays that are found, but cannot be images."""
MASK = re.compile(r"mask|myo|label|seg|roi")
"""What arrays are called that are masks, where others have the same size."""
HDF5 = b"\x89HDF\r\n\x1a\n"
USER_BLOCK = 512
"""Bytes that MATLAB puts before the HDF5 file that version 7.3 is."""
SPARSE_ROWS = "MATLAB_sparse"
"""Of the group that a sparse matrix is in version 7.3."""


@dataclass(frozen=True)
class _Found:
    """An array of numbers in the file: its size as MATLAB says it, and how to get it, which
    those of `REMEDIES` need not say."""

    shape: tuple[int, ...]
    kind: str
    load: Callable[[], np.ndarray] | None = None

    @property
    def can_be_images(self) -> bool:
        return sum(n > 1 for n in self.shape) >= 3


def read_matlab(path: Path, hints: Hints) -> np.ndarray:
    """Frames (frame, slice, y, x) of the array that `hints` names, its axes in the order they name.

    A cell array of images of one size is an array with one axis more, the last; so is a field of
    an array of structs.

    Raises:
        SeriesError: where the file is damaged, or it is not said which array to take and how; the
            message lists what was found.
    """
    with _arrays(path) as found:
        name, array = _chosen(path, found, hints)
        listed = f"{name} {_described(array)}"
        if array.kind in REMEDIES:
            raise SeriesError(f"{path}: {listed} cannot be images; {REMEDIES[array.kind]}.")
        if hints.axes is None:
            raise UnstatedError(
                f"{path}: nothing says what the axes of {listed} are",
                "state them with --axes, such as y,x,frame or y,x,slice,frame.",
            )
        size = math.prod(array.shape) * np.dtype(np.float64).itemsize
        if size > LARGEST_ARRAY:
            raise SeriesError(f"{path}: {listed} is too large to be a series.")
        images = array.load()
    return arrange(images, hints.axes, f"{path}: {name}")


def read_matlab_mask(path: Path, sizes: tuple[int, ...], hints: Hints) -> np.ndarray:
    """A mask, (slice, y, x) or (frame, slice, y, x): the only array in the file of the size of the
    images, or of one of them, with the axes that `hints` has for these.

    Args:
        path: of the file.
        sizes: of the images: frames, slices, rows and columns.
        hints: axes; where they are not stated y, x, slice, frame are taken.

    Raises:
        SeriesError: where there is none, or there are several; the message lists what was found.
    """
    size = dict(zip(("frame", "slice", "y", "x"), sizes, strict=True))
    axes = hints.axes or ("y", "x", "slice", "frame")
    all_axes = tuple(name for name in axes if size[name] > 1)
    of_one = tuple(name for name in all_axes if name != "frame")
    with _arrays(path) as found:
        fitting = [
            (name, array, names)
            for name, array in found.items()
            for names in dict.fromkeys((of_one, all_axes))
            if tuple(n for n in array.shape if n > 1) == tuple(size[n] for n in names)
            and array.kind not in REMEDIES
        ]
        called = [f for f in fitting if MASK.search(f[0].lower())]
        if len(called or fitting) != 1:
            listed = ", ".join(f"{n} {_described(a)}" for n, a in list(found.items())[:MOST_LISTED])
            raise SeriesError(
                f"{path}: holds {listed or 'no array of numbers'}, of which "
                f"{len(called or fitting) or 'none'} can be the mask of images of "
                f"{'x'.join(str(size[n]) for n in all_axes)}; save the mask alone."
            )
        name, array, names = (called or fitting)[0]
        mask = arrange(array.load(), names, f"{path}: {name}")
    return mask[0] if len(mask) == 1 else mask


def _chosen(path: Path, found: dict[str, _Found], hints: Hints) -> tuple[str, _Found]:
    possible = [name for name, array in found.items() if array.can_be_images]
    name = hints.variable
    if name is None and len(possible) == 1:
        name = possible[0]
    if name is not None and name in found:
        return name, found[name]
    listed = [f"{n} {_described(a)}" for n, a in list(found.items())[:MOST_LISTED]]
    if len(found) > MOST_LISTED:
        listed.append(f"and {len(found) - MOST_LISTED} more")
    told = f"holds {', '.join(listed) or 'no array of numbers'}"
    if name is not None:
        raise SeriesError(f"{path}: {told}, but no {name[:60]!r}; correct --variable.")
    raise UnstatedError(f"{path}: {told}", "say which are the images with --variable.")


def _described(array: _Found) -> str:
    return f"({'x'.join(map(str, array.shape))}, {array.kind})"


@contextmanager
def _arrays(path: Path) -> Iterator[dict[str, _Found]]:
    """Arrays of numbers in the file by name; a field of a struct is called ``struct.field``."""
    try:
        with path.open("rb") as file:
            start = file.read(USER_BLOCK + len(HDF5))
    except OSError as error:
        raise SeriesError(f"{path}: cannot be read ({error.strerror or error}).") from None
    if not start:
        raise SeriesError(f"{path}: the file is empty; copy it again from its source.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if HDF5 in (start[: len(HDF5)], start[USER_BLOCK:]):
                with _open_hdf5(path) as file:
                    yield dict(_in_group(file, ""))
            else:
                matrices = read_matrices(path.read_bytes())
                yield dict(f for m in matrices for f in _in_matrix(m.name, m))
    except SeriesError:
        raise
    except Exception as error:  # damaged files make these libraries raise anything
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise SeriesError(
            f"{path}: not a readable MATLAB file ({reason}); save it anew, with -v7."
        ) from None


def _in_matrix(name: str, matrix: Matrix | None) -> Iterator[tuple[str, _Found]]:
    if matrix is None:
        return
    if matrix.kind == "struct":
        fields: dict[str, list[Matrix | None]] = {}
        for part, value in matrix.parts:
            fields.setdefault(part, []).append(value)
        for part, values in fields.items():
            if len(values) > 1:
                yield from _in_cells(f"{name}.{part}", values)
            else:
                yield from _in_matrix(f"{name}.{part}", values[0])
    elif matrix.kind == "cell":
        yield from _in_cells(name, [cell for _, cell in matrix.parts])
    else:
        yield name, _Found(matrix.shape, matrix.kind, matrix.array)


def _in_cells(name: str, cells: list[Matrix | None]) -> Iterator[tuple[str, _Found]]:
    """Cells, or a field of several structs, where all of them are numbers."""
    if all(cell is not None and cell.kind in NUMBER_CLASSES.values() for cell in cells):
        yield from _joined(name, [cell.array() for cell in cells])


def _open_hdf5(path: Path) -> Any:
    try:
        import h5py
    except ImportError:
        raise SeriesError(
            f"{path}: is of MATLAB's version 7.3, which needs h5py; pip install h5py, or save it "
            "with -v7."
        ) from None
    return h5py.File(path, "r")


def _in_group(group: Any, prefix: str) -> Iterator[tuple[str, _Found]]:
    import h5py

    for key in group:
        if key.startswith("#") or not isinstance(group.get(key, getlink=True), h5py.HardLink):
            continue
        name, value = f"{prefix}{key}", group[key]
        if isinstance(value, h5py.Group) and SPARSE_ROWS in value.attrs:
            shape = (int(value.attrs[SPARSE_ROWS]), len(value["jc"]) - 1)
            yield name, _Found(shape, "sparse")
        elif isinstance(value, h5py.Group):
            yield from _in_group(value, f"{name}.")
        elif value.dtype == h5py.ref_dtype and value.size <= LARGEST_ARRAY >> 16:
            cells = [value.file[reference] for reference in value[()].ravel() if reference]
            if len(cells) == value.size and all(map(_is_plain, cells)):
                yield from _joined(name, [cell[()].transpose() for cell in cells])
        elif _is_plain(value):
            kind = str(value.dtype) if value.dtype.kind in "biuf" else "complex"
            yield name, _Found(value.shape[::-1], kind, lambda value=value: value[()].transpose())


def _is_plain(value: Any) -> bool:
    """Whether an array of numbers lies in this very file."""
    import h5py

    complex_pair = ("real", "imag")
    return (
        isinstance(value, h5py.Dataset)
        and value.shape is not None
        and value.attrs.get("MATLAB_class") != b"char"
        and (value.dtype.kind in "biufc" or value.dtype.names == complex_pair)
        and not value.is_virtual
        and not value.external
    )


def _joined(name: str, cells: list[np.ndarray]) -> Iterator[tuple[str, _Found]]:
    """Cells that are images of one size, as an array with one axis more."""
    shapes = {cell.shape for cell in cells}
    if len(shapes) > 1:
        yield name, _Found((1, len(cells)), UNEQUAL)
    elif shapes and all(cell.dtype.kind in "biuf" for cell in cells):
        shape = (*shapes.pop(), len(cells))
        yield name, _Found(shape, f"cells of {cells[0].dtype}", lambda: np.stack(cells, axis=-1))
