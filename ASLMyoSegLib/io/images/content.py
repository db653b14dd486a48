"""A look into an image file before the image library reads it.

That library fills what a truncated file lacks, makes zeros of NaN and infinite pixels, and guesses
what a header leaves open, all without a word; and what its parts print would break the one clear
line that errors are.
"""

from __future__ import annotations

import gzip
import math
import re
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ...errors import SeriesError
from ...words import counted
from ..files import no_such_file
from .headers import check_header
from .nifti_header import BYTES_OF_TYPE, MAGIC, PAIR_MAGIC, NiftiHeader, pair_of, read_nifti_header

POINTER = re.compile(rb"/annex/objects/|version https://git-lfs")
"""What stands in a file that git-annex or git LFS keeps in place of an image."""
LONGEST_POINTER = 32
FLOAT_TYPES = (16, 64)
BLOCK = 1 << 24


def check_content(path: Path) -> NiftiHeader | None:
    """Refuse a file that is missing, damaged or incomplete, or whose header cannot be true.

    Returns:
        The header of NIfTI; None of other formats.

    Raises:
        SeriesError: where it is; the message names the value at fault.
    """
    try:
        pair = pair_of(path)
        for file in pair or (path,):
            if not file.is_file():
                raise SeriesError(no_such_file(file))
            if file.stat().st_size == 0:
                raise SeriesError(f"{file}: the file is empty; copy it again from its source.")
        check_header(path)
        return _check_pair(*pair) if pair else _check_one(path)
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
            raise SeriesError(f"{path}: cannot be read ({error.strerror or error}).") from None
        raise SeriesError(f"{path}: damaged gzip file ({error}); copy it again.") from None


def _check_pair(header_file: Path, pixels: Path) -> NiftiHeader:
    with header_file.open("rb") as file:
        header = read_nifti_header(header_file, file, PAIR_MAGIC)
    with pixels.open("rb") as file:
        _check_pixels(pixels, file, header)
    return header


def _check_one(path: Path) -> NiftiHeader | None:
    name = path.name.lower()
    nifti = name.endswith((".nii", ".nii.gz"))
    with path.open("rb") as file:
        start = file.read(LONGEST_POINTER)
    compressed = start.startswith(b"\x1f\x8b")
    if POINTER.match(start):
        raise SeriesError(
            f"{path}: is no image, but points to one that was not fetched; fetch it (git annex "
            "get, git lfs pull)."
        )
    if nifti and compressed != name.endswith(".gz"):
        raise SeriesError(
            f"{path}: is {'' if compressed else 'not '}compressed by gzip, against its name; "
            "rename it, or copy it again."
        )
    with (gzip.open if compressed else open)(path, "rb") as file:
        header = read_nifti_header(path, file, MAGIC) if nifti else None
        if header:
            _check_pixels(path, file, header)
        while compressed and file.read(BLOCK):  # up to the check sum at the end
            pass
    return header


def _check_pixels(path: Path, file: BinaryIO, header: NiftiHeader) -> None:
    """Refuse pixels that are not all there, or no numbers."""
    file.seek(header.start)
    width = BYTES_OF_TYPE[header.kind]
    left = needed = math.prod(header.size) * width
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
            f"{path}: NaN or infinite in {counted(wrong, 'pixel')}; export the images anew."
        )
