"""A look into an image file before the image library reads it.

That library fills what a truncated file lacks, makes zeros of NaN and infinite pixels, and guesses
what a header leaves open, all without a word; and what its parts print would break the one clear
line that errors are.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..errors import SeriesError
from .headers import check_header

PAIR = (".hdr", ".img")
"""Endings of header and pixels where these are files of their own."""
MAGIC, PAIR_MAGIC = b"n+1\0", b"ni1\0"
HEADER_BYTES, NIFTI_2_HEADER_BYTES = 348, 540
BYTES_OF_TYPE = {
    2: 1, 4: 2, 8: 4, 16: 4, 32: 8, 64: 8, 128: 3, 256: 1, 512: 2, 768: 4, 1024: 8, 1280: 8,
    1536: 16, 1792: 16, 2048: 32, 2304: 4,
}  # fmt: skip
"""Of a pixel, by NIfTI's number of the type."""
FLOAT_TYPES = (16, 64)
BLOCK = 1 << 24


def check_content(path: Path) -> None:
    """Refuse a file that is missing, damaged or incomplete, or whose header cannot be true.

    Raises:
        SeriesError: where it is; the message names the value at fault.
    """
    try:
        pair = pair_of(path)
        for file in pair or (path,):
            if not file.is_file():
                raise SeriesError(f"{file}: no such file.")
            if file.stat().st_size == 0:
                raise SeriesError(f"{file}: the file is empty; copy it again from its source.")
        if pair:
            _check_pair(*pair)
        else:
            _check_one(path)
        check_header(path)
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
            raise SeriesError(f"{path}: cannot be read ({error.strerror or error}).") from None
        raise SeriesError(f"{path}: damaged gzip file ({error}); copy it again.") from None


def pair_of(path: Path) -> tuple[Path, Path] | None:
    """Header and pixels of a NIfTI image that is two files, by the name of either; None for others."""
    ending = path.suffix
    if ending.lower() not in PAIR:
        return None
    as_written = str.upper if ending.isupper() else str.lower
    header, pixels = (path.with_suffix(as_written(e)) for e in PAIR)
    return header, pixels


def _check_pair(header: Path, pixels: Path) -> None:
    with header.open("rb") as file:
        content = _read_header(header, file, PAIR_MAGIC)
    with pixels.open("rb") as file:
        _check_pixels(pixels, file, content)


def _check_one(path: Path) -> None:
    name = path.name.lower()
    nifti = name.endswith((".nii", ".nii.gz"))
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    if nifti and compressed != name.endswith(".gz"):
        raise SeriesError(
            f"{path}: is {'' if compressed else 'not '}compressed by gzip, against its name; "
            "rename it, or copy it again."
        )
    with (gzip.open if compressed else open)(path, "rb") as file:
        if nifti:
            _check_pixels(path, file, _read_header(path, file, MAGIC))
        while compressed and file.read(BLOCK):  # up to the check sum at the end
            pass


@dataclass(frozen=True)
class _Header:
    """What the NIfTI-1 header says of the pixels; `order` is ``<`` or ``>``, as in `struct`."""

    order: str
    size: tuple[int, ...]
    kind: int
    start: int


def _check_pixels(path: Path, file: BinaryIO, header: _Header) -> None:
    """Refuse pixels that are not all there, or no numbers."""
    file.seek(header.start)
    width = BYTES_OF_TYPE[header.kind]
    left = needed = math.prod(max(1, n) for n in header.size) * width
    wrong = 0
    while left > 0:
        block = file.read(min(left, BLOCK))
        if len(block) < min(left, BLOCK):
            raise SeriesError(
                f"{path}: ends after {needed - left + len(block)} of the {needed} bytes of its "
                "pixels; copy it again."
            )
        left -= len(block)
        if header.kind in FLOAT_TYPES:
            numbers = np.frombuffer(block, f"{header.order}f{width}")
            wrong += int(np.count_nonzero(~np.isfinite(numbers)))
    if wrong:
        raise SeriesError(
            f"{path}: {wrong} pixels that are NaN or infinite; export the images anew."
        )


def _read_header(path: Path, file: BinaryIO, magic: bytes) -> _Header:
    content = file.read(HEADER_BYTES)
    if len(content) < HEADER_BYTES:
        raise SeriesError(
            f"{path}: ends after {len(content)} bytes, within its header; copy it again."
        )
    for order in "<>":
        (length,) = struct.unpack_from(f"{order}i", content)
        if length == NIFTI_2_HEADER_BYTES:
            raise SeriesError(f"{path}: is NIfTI-2; save it as NIfTI-1.")
        if length == HEADER_BYTES and content[344:348] == magic:
            break
        if length == HEADER_BYTES and content[344:348] not in (MAGIC, PAIR_MAGIC):
            raise SeriesError(
                f"{path}: is Analyze 7.5, which does not say which side is left; save it as "
                "NIfTI-1."
            )
    else:
        raise SeriesError(f"{path}: is not a NIfTI file; export the images anew, as NIfTI-1.")

    def read(code: str, offset: int) -> tuple[float, ...]:
        return struct.unpack_from(order + code, content, offset)

    dimensions, *size = read("8h", 40)
    if not 1 <= dimensions <= 7 or min(size[:dimensions]) < 0:
        raise SeriesError(f"{path}: its header says {dimensions} dimensions of {size}, which "
                          "cannot be; export it anew.")  # fmt: skip
    (kind,) = read("h", 70)
    if kind not in BYTES_OF_TYPE:
        raise SeriesError(f"{path}: pixels of type {kind}, which NIfTI does not know.")
    pixel = read("3f", 80)
    if not all(math.isfinite(v) for v in pixel) or 0 in pixel[:2]:
        raise SeriesError(
            f"{path}: pixel size {pixel[0]:g}x{pixel[1]:g}x{pixel[2]:g} mm; correct it in the "
            "header (pixdim)."
        )
    # A slope of NaN is how some programs write that there is none.
    if any(math.isinf(v) for v in read("2f", 112)):
        raise SeriesError(f"{path}: its header scales by infinity (scl_slope); export it anew.")
    q_form, s_form = read("2h", 252)
    placed = (read("6f", 256) if q_form > 0 else ()) + (read("12f", 280) if s_form > 0 else ())
    if not all(math.isfinite(v) for v in placed):
        raise SeriesError(f"{path}: its orientation has values that are NaN or infinite; "
                          "export it anew.")  # fmt: skip
    (start,) = read("f", 108)
    # The image library, too, takes pixels to follow the header where it says something else.
    least = HEADER_BYTES + 4 if magic == MAGIC else 0
    first = min(start, 2.0**40) if start > least else least
    return _Header(order, tuple(size[:dimensions]), kind, int(first))
