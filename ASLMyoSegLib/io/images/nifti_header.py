"""Headers of NIfTI-1 files, which say more of pixels and their place than the image library asks.

Source: NIfTI-1 (nifti1.h, NIMH), with the offsets in bytes of its fields.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ...errors import SeriesError

PAIR = (".hdr", ".img")
"""Endings of header and pixels where these are files of their own."""
MAGIC, PAIR_MAGIC = b"n+1\0", b"ni1\0"
HEADER_BYTES, NIFTI_2_HEADER_BYTES = 348, 540
BYTES_OF_TYPE = {
    2: 1, 4: 2, 8: 4, 16: 4, 32: 8, 64: 8, 128: 3, 256: 1, 512: 2, 768: 4, 1024: 8, 1280: 8,
    1536: 16, 1792: 16, 2048: 32, 2304: 4,
}  # fmt: skip
"""Of a pixel, by NIfTI's number of the type."""
MILLIMETRES = {1: 1000.0, 2: 1.0, 3: 0.001}
"""Of the unit of length, by NIfTI's number; where it is not said, it is one."""

LONGEST_QUATERNION = 1.001
"""Length of its three written parts, of which no more than 1 is possible but for rounding."""


@dataclass(frozen=True)
class NiftiHeader:
    """What a header says.

    Attributes:
        order: ``<`` or ``>``, as in `struct`.
        size: of the axes, x first.
        kind: NIfTI's number of the type of pixels.
        start: bytes before the pixels, in their file.
        offset: that is written as if it were added to pixels, though the slope says that nothing
            is; 0 where it is not.
        placed: whether it says how the axes lie in the patient, by sform or qform.
        affine: of the sform, from index to mm in RAS, (3, 4); None where there is none.
    """

    order: str
    size: tuple[int, ...]
    kind: int
    start: int
    offset: float
    placed: bool
    affine: np.ndarray | None


def pair_of(path: Path) -> tuple[Path, Path] | None:
    """Header and pixels of an image that is two files, by the name of either; None for others."""
    if path.suffix.lower() not in PAIR:
        return None
    as_written = str.upper if path.suffix.isupper() else str.lower
    header, pixels = (path.with_suffix(as_written(ending)) for ending in PAIR)
    return header, pixels


def read_nifti_header(path: Path, file: BinaryIO, magic: bytes) -> NiftiHeader:
    """The header at the start of a file.

    Args:
        path: for messages.
        file: at its start.
        magic: `MAGIC`, or `PAIR_MAGIC` of a pair.

    Raises:
        SeriesError: where it is another format, is cut short, or cannot be true.
    """
    content = file.read(HEADER_BYTES)
    if len(content) < HEADER_BYTES:
        raise SeriesError(
            f"{path}: ends after {len(content)} bytes, within its header; copy it again."
        )
    order = _byte_order(path, content, magic)

    def read(code: str, offset: int) -> tuple[float, ...]:
        return struct.unpack_from(order + code, content, offset)

    dimensions, *size = read("8h", 40)
    if not 1 <= dimensions <= 7 or min(size[:dimensions]) < 1:
        raise SeriesError(f"{path}: its header says {dimensions} dimensions of {size}, which "
                          "cannot be; export it anew.")  # fmt: skip
    (kind,) = read("h", 70)
    if kind not in BYTES_OF_TYPE:
        raise SeriesError(f"{path}: pixels of type {kind}, which NIfTI does not know.")
    pixel = read("3f", 80)
    several_slices = dimensions > 2 and size[2] > 1
    along = pixel[: 3 if several_slices else 2]
    if not all(math.isfinite(v) for v in pixel) or min(pixel) < 0 or 0 in along:
        raise SeriesError(
            f"{path}: pixel size {pixel[0]:g}x{pixel[1]:g}x{pixel[2]:g} mm; correct it in the "
            "header (pixdim)."
        )
    slope, added = read("2f", 112)
    # A slope of zero, or NaN as some programs write it, is that there is none.
    scaled = slope != 0 and not math.isnan(slope)
    if math.isinf(slope) or math.isinf(added) or (scaled and math.isnan(added)):
        raise SeriesError(
            f"{path}: its header scales by {slope:g} and adds {added:g} (scl_slope, scl_inter); "
            "export it anew."
        )
    q_form, s_form = read("2h", 252)
    placed = (read("6f", 256) if q_form > 0 else ()) + (read("12f", 280) if s_form > 0 else ())
    if not all(math.isfinite(v) for v in placed):
        raise SeriesError(f"{path}: its orientation has values that are NaN or infinite; "
                          "export it anew.")  # fmt: skip
    if q_form > 0 and math.hypot(*read("3f", 256)) > LONGEST_QUATERNION:
        raise SeriesError(f"{path}: its qform is no rotation (quatern_b to d); export it anew.")
    (start,) = read("f", 108)
    least = HEADER_BYTES + 4 if magic == MAGIC else 0
    if not start >= least:
        raise SeriesError(
            f"{path}: its pixels are said to begin at byte {start:g}, within its header "
            "(vox_offset); export it anew."
        )
    unit = MILLIMETRES.get(content[123] & 7, 1.0)
    return NiftiHeader(
        order=order,
        size=tuple(size[:dimensions]),
        kind=kind,
        start=int(min(start, 2.0**40)),
        offset=0.0 if scaled or math.isnan(added) else added,
        placed=bool(placed),
        affine=np.reshape(placed[-12:], (3, 4)) * unit if s_form > 0 else None,
    )


def _byte_order(path: Path, content: bytes, magic: bytes) -> str:
    written = content[344:348]
    for order in "<>":
        (length,) = struct.unpack_from(f"{order}i", content)
        if length == NIFTI_2_HEADER_BYTES:
            raise SeriesError(f"{path}: is NIfTI-2; save it as NIfTI-1.")
        if length == HEADER_BYTES and written == magic:
            return order
        if length == HEADER_BYTES and not written.startswith(b"n"):
            raise SeriesError(
                f"{path}: is Analyze 7.5, which does not say which side is left; save it as "
                "NIfTI-1."
            )
    raise SeriesError(f"{path}: is not a NIfTI file; export the images anew, as NIfTI-1.")
