"""Arrays of numbers in MATLAB files of version 5 (``save -v6``, ``-v7``).

Read here rather than by SciPy, which ends the whole process over some damaged files.

Source: MathWorks, MAT-File Format. A file is a header and a row of elements, each with a tag of
type and size; a matrix is an element that holds others: flags, sizes, name, and its numbers or, of
cells and structs, further matrices.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

HEADER_BYTES = 128
MOST_BYTES = 1 << 31
"""That compressed elements of a file may unfold to."""
MATRIX, COMPRESSED = 14, 15
NUMBER_TYPES = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
"""How numbers are stored, by the type of the element."""
NUMBER_CLASSES = {
    6: "double", 7: "single", 8: "int8", 9: "uint8", 10: "int16", 11: "uint16", 12: "int32",
    13: "uint32", 14: "int64", 15: "uint64",
}  # fmt: skip
"""What they are in MATLAB, by the class of the matrix."""
CELL, STRUCT, SPARSE = 1, 2, 5
COMPLEX = 0x0800


@dataclass(frozen=True)
class Matrix:
    """An array of numbers, or of matrices; nothing of other kinds.

    Attributes:
        name: empty within cells and structs.
        shape: as MATLAB says it.
        kind: MATLAB's class of the numbers, ``complex``, ``sparse``, ``cell`` or ``struct``.
        numbers: as they are stored, MATLAB's order (Fortran's); None of sparse ones.
        parts: of a cell its matrices; of a struct the fields of one element after the other, by
            their names.
    """

    name: str
    shape: tuple[int, ...]
    kind: str
    numbers: np.ndarray | None = None
    parts: tuple[tuple[str, Matrix | None], ...] = ()

    def array(self) -> np.ndarray:
        """The numbers in their shape."""
        return self.numbers.reshape(self.shape, order="F")


def read_matrices(content: bytes) -> list[Matrix]:
    """The variables of a file that are numbers, cells or structs.

    Raises:
        ValueError: where it is no such file, or damaged.
    """
    if 0 in content[:4]:  # the text that later versions begin with has no such byte
        raise ValueError("of version 4, it seems, which knows flat matrices only")
    if len(content) < HEADER_BYTES or content[126:128] not in (b"IM", b"MI"):
        raise ValueError("no header of version 5 or 7.3")
    order = "<" if content[126:128] == b"IM" else ">"
    found, unfolded = [], 0
    for kind, data in _elements(memoryview(content)[HEADER_BYTES:], order):
        if kind == COMPRESSED:
            stream = zlib.decompressobj()
            try:
                plain = stream.decompress(data, MOST_BYTES - unfolded)
            except zlib.error as error:
                raise ValueError(f"damaged compressed data: {error}") from None
            if not stream.eof:
                raise ValueError("compressed data are incomplete or too large")
            unfolded += len(plain)
            kind, data = next(_elements(memoryview(plain), order), (0, memoryview(b"")))
        if kind == MATRIX and (matrix := _matrix(data, order)):
            found.append(matrix)
    return found


def _elements(view: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Type and content of one element after the other."""
    at = 0
    while at + 8 <= len(view):
        word, size = (int(v) for v in np.frombuffer(view[at : at + 8], f"{order}u4"))
        start = at + 8
        if word >> 16:  # a small element: its size and up to four bytes lie within the tag
            word, size, start = word & 0xFFFF, word >> 16, at + 4
            if size > 4:
                raise ValueError(f"a small element of {size} bytes")
            at += 8
        else:
            at = start + size
            at += 0 if word == COMPRESSED else -at % 8
        if start + size > len(view):
            raise ValueError("it ends within an array")
        yield word, view[start : start + size]


def _matrix(view: memoryview, order: str) -> Matrix | None:
    """None of an empty one, or of text and other kinds."""
    elements = _elements(view, order)
    flags = _numbers(elements, order)
    if flags is None:
        return None
    shape_numbers, name = _numbers(elements, order), _text(elements)
    if shape_numbers is None or not 2 <= len(shape_numbers) <= 32 or (shape_numbers < 0).any():
        raise ValueError("an array without sizes")
    shape = tuple(int(n) for n in shape_numbers)
    kind = int(flags[0]) & 0xFF
    if kind in NUMBER_CLASSES:
        numbers = _numbers(elements, order)
        if numbers is None or len(numbers) != math.prod(shape):
            raise ValueError(f"the numbers of {name or 'an array'} are not all there")
        number_kind = "complex" if int(flags[0]) & COMPLEX else NUMBER_CLASSES[kind]
        return Matrix(name, shape, number_kind, numbers)
    if kind == CELL:
        names = [""] * math.prod(shape) if math.prod(shape) <= len(view) else None
        return Matrix(name, shape, "cell", parts=_parts(elements, order, names))
    if kind == SPARSE:
        return Matrix(name, shape, "sparse")
    if kind == STRUCT:
        length, text = _numbers(elements, order), next(elements, (0, memoryview(b"")))[1]
        step = int(length[0]) if length is not None and len(length) else 0
        if step < 1:
            raise ValueError(f"the fields of {name or 'a struct'} have no names")
        names = [_plain(text[at : at + step]) for at in range(0, len(text), step)]
        all_names = names * math.prod(shape) if math.prod(shape) <= len(view) else None
        return Matrix(name, shape, "struct", parts=_parts(elements, order, all_names))
    return None


def _parts(
    elements: Iterator[tuple[int, memoryview]], order: str, names: list[str] | None
) -> tuple[tuple[str, Matrix | None], ...]:
    found = [_matrix(data, order) if kind == MATRIX else None for kind, data in elements]
    if names is None or len(found) != len(names):
        raise ValueError("a cell or struct of which parts are missing")
    return tuple(zip(names, found, strict=True))


def _numbers(elements: Iterator[tuple[int, memoryview]], order: str) -> np.ndarray | None:
    kind, data = next(elements, (0, memoryview(b"")))
    if kind not in NUMBER_TYPES or len(data) % int(NUMBER_TYPES[kind][1]):
        return None
    return np.frombuffer(data, order + NUMBER_TYPES[kind])


def _text(elements: Iterator[tuple[int, memoryview]]) -> str:
    return _plain(next(elements, (0, memoryview(b"")))[1])


def _plain(data: memoryview) -> str:
    return bytes(data).split(b"\0")[0].decode("utf-8", "replace")
