"""NIfTI-1 and -2 through nibabel, with a look at what it takes as it comes: it fills in what a
header leaves open or says wrongly, and nothing may be wrong without a word."""

from __future__ import annotations

import gzip
import math
import re
import zlib
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from ...errors import SeriesError
from ...series import Geometry
from ..files import no_such_file

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Header

ENDINGS = (".nii", ".nii.gz", ".hdr", ".img")
PAIR = (".hdr", ".img")
"""Endings of header and pixels where these are files of their own."""
MARKS = {348: (b"n+1", b"ni1"), 540: (b"n+2", b"ni2")}
"""What headers are marked with alone and in pairs, by their size."""
POINTER = re.compile(rb"/annex/objects/|version https://git-lfs")
"""What stands in a file that git-annex or git LFS keeps in place of an image."""
GZIP = b"\x1f\x8b"
VECTORS = (1007, 2003, 2004)
"""What the fifth axis is said to be for, where pixels are vectors or colours (intent_code)."""
MILLIMETRES = {1: 1000.0, 2: 1.0, 3: 0.001}
"""Of the unit of length, by NIfTI's number; where it is not said, it is one."""
LONGEST_QUATERNION = 1.001
"""Length of its three written parts, of which no more than 1 is possible but for rounding."""
CROOKED = "its axes are not at right angles to each other; correct its orientation."
RIGHT_ANGLE = 0.002
"""Cosine of the angle between axes up to which it is one, but for rounding."""
SHEARED = 0.02
"""Cosine up to which axes are taken for upright: a sform of a registration may shear a little."""
SAME_PLACE = 0.1
"""Voxels within which two ways of saying a place are one."""
LPS = np.diag([-1.0, -1.0, 1.0])
"""Between NIfTI's directions and those of DICOM."""


def is_nifti(path: Path) -> bool:
    """Whether a file has a name of NIfTI."""
    return path.name.lower().endswith(ENDINGS)


def pair_of(path: Path) -> tuple[Path, Path] | None:
    """Header and pixels of an image that is two files, by the name of either; None for others."""
    if path.suffix.lower() not in PAIR:
        return None
    as_written = str.upper if path.suffix.isupper() else str.lower
    header, pixels = (path.with_suffix(as_written(ending)) for ending in PAIR)
    return header, pixels


def read_nifti(path: Path, notes: list[str]) -> tuple[np.ndarray, Geometry]:
    """Pixels, the file's last axis first, and where they lie.

    Args:
        path: of the file, or of either of a pair.
        notes: what is assumed is added.

    Raises:
        SeriesError: where a file is missing, damaged or incomplete, or cannot be true.
    """
    head, body = pair_of(path) or (path, path)
    content = content_of(head, notes)
    header = _header(head, content, alone=head == body)
    pixels = _pixels(body, content if head == body else content_of(body, notes), header)
    return pixels, _geometry(head, header, notes)


def has_frames(path: Path) -> bool:
    """Whether the header promises several frames; not where it cannot be read."""
    head, body = pair_of(path) or (path, path)
    try:
        header = _header(head, content_of(head, []), alone=head == body)
    except SeriesError:
        return False
    return math.prod(int(n) for n in header["dim"][4 : 1 + header["dim"][0]]) > 1


def content_of(path: Path, notes: list[str]) -> bytes:
    """All bytes of a file, unpacked where they are packed, whatever its name says.

    Raises:
        SeriesError: where the file is missing or damaged.
    """
    if not path.is_file():
        raise SeriesError(no_such_file(path))
    try:
        content = path.read_bytes()
        if not content:
            raise SeriesError(f"{path}: the file is empty; copy it again from its source.")
        if POINTER.match(content[:32]):
            raise SeriesError(
                f"{path}: is no image, but points to one that was not fetched; fetch it (git annex "
                "get, git lfs pull)."
            )
        packed = content.startswith(GZIP)
        if packed != path.name.lower().endswith(".gz"):
            notes.append(f"{path.name} is {'' if packed else 'not '}compressed, against its name.")
        return gzip.decompress(content) if packed else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SeriesError(f"{path}: damaged gzip file ({error}); copy it again.") from None
    except OSError as error:
        raise SeriesError(f"{path}: cannot be read ({error.strerror or error}).") from None


def _nibabel(path: Path) -> ModuleType:
    """The library, imported where it is needed: Slicer gets it when the first image is opened."""
    try:
        import nibabel
    except ImportError:
        raise SeriesError(
            f"{path}: NIfTI is read by nibabel, which is missing; pip install nibabel."
        ) from None
    return nibabel


def _header(path: Path, content: bytes, alone: bool) -> Nifti1Header:
    """What the header says, refused where it cannot be true."""
    sizes = {int.from_bytes(content[:4], order) for order in ("little", "big")} & set(MARKS)
    if not sizes and len(content) > max(MARKS):
        raise SeriesError(f"{path}: is not a NIfTI file; export the images anew, as NIfTI.")
    length = sizes.pop() if sizes else min(MARKS)
    if len(content) < length:
        raise SeriesError(
            f"{path}: ends after {len(content)} bytes, within its header; copy it again."
        )
    kind = _nibabel(path).Nifti1Header if length == min(MARKS) else _nibabel(path).Nifti2Header
    header = kind(content[:length], check=False)
    mark = bytes(header["magic"].item())[:3]
    if mark != MARKS[length][not alone]:
        if mark.startswith(b"n") or length != min(MARKS):
            raise SeriesError(f"{path}: is not a NIfTI file; export the images anew, as NIfTI.")
        raise SeriesError(
            f"{path}: is Analyze 7.5, which does not say which side is left; save it as NIfTI."
        )
    dimensions, *size = (int(n) for n in header["dim"])
    if not 1 <= dimensions <= 7 or min(size[:dimensions]) < 1:
        raise SeriesError(
            f"{path}: its header says {dimensions} dimensions of {size}, which cannot be; export "
            "it anew."
        )
    pixel = [float(v) for v in header["pixdim"][1:4]]
    along = pixel[: 3 if dimensions > 2 and size[2] > 1 else 2]
    if not all(math.isfinite(v) for v in pixel) or min(pixel) < 0 or 0 in along:
        raise SeriesError(
            f"{path}: pixel size {pixel[0]:g}x{pixel[1]:g}x{pixel[2]:g} mm; correct it in the "
            "header (pixdim)."
        )
    placed = [header[k] for k in ("srow_x", "srow_y", "srow_z")] if header["sform_code"] > 0 else []
    quaternion = [float(header[f"quatern_{k}"]) for k in "bcd"]
    if header["qform_code"] > 0:
        placed += [quaternion, [float(header[f"qoffset_{k}"]) for k in "xyz"]]
    if not all(np.isfinite(values).all() for values in placed):
        raise SeriesError(
            f"{path}: its orientation has values that are NaN or infinite; export it anew."
        )
    length_of_it = math.hypot(*quaternion)
    if header["qform_code"] > 0 and 1 < length_of_it <= LONGEST_QUATERNION:
        for part, value in zip("bcd", quaternion, strict=True):
            header[f"quatern_{part}"] = value / length_of_it
    elif header["qform_code"] > 0 and length_of_it > 1:
        raise SeriesError(f"{path}: its qform is no rotation (quatern_b to d); export it anew.")
    if header["pixdim"][0] not in (-1, 1):
        header["pixdim"][0] = 1  # as everybody takes what is neither
    start = float(header["vox_offset"])
    if not start >= (length + 4 if alone else 0):
        raise SeriesError(
            f"{path}: its pixels are said to begin at byte {start:g}, within its header "
            "(vox_offset); export it anew."
        )
    return header


def _pixels(path: Path, content: bytes, header: Nifti1Header) -> np.ndarray:
    """All of them, scaled, the last axis first."""
    try:
        kind = header.get_data_dtype()
    except (KeyError, _nibabel(path).spatialimages.HeaderDataError):
        code = int(header["datatype"])
        raise SeriesError(f"{path}: pixels of type {code}, which NIfTI does not know.") from None
    several = int(header["intent_code"]) in VECTORS and header["dim"][0] >= 5
    if kind.kind not in "iuf" or kind.itemsize > 8 or (several and header["dim"][5] > 1):
        what = "vectors" if several else f"of type {header.get_value_label('datatype')}"
        raise SeriesError(f"{path}: pixels are {what}; give magnitude images.")
    size = [int(n) for n in header["dim"][1 : 1 + header["dim"][0]]]
    needed, start = math.prod(size) * kind.itemsize, min(float(header["vox_offset"]), 2.0**40)
    there = max(0, len(content) - int(start))
    if there < needed:
        raise SeriesError(
            f"{path}: ends after {there} of the {needed} bytes of its pixels; copy it again."
        )
    values = np.frombuffer(content, kind, math.prod(size), int(start)).reshape(size[::-1])
    slope, added = float(header["scl_slope"]), float(header["scl_inter"])
    # A slope of zero, or NaN as some programs write it, is that there is none.
    scaled = slope != 0 and not math.isnan(slope)
    if math.isinf(slope) or math.isinf(added) or (scaled and math.isnan(added)):
        raise SeriesError(
            f"{path}: its header scales by {slope:g} and adds {added:g} (scl_slope, scl_inter); "
            "export it anew."
        )
    if scaled and (slope, added) != (1.0, 0.0):
        return values * slope + added
    return values.astype(kind.newbyteorder("="))


def _geometry(path: Path, header: Nifti1Header, notes: list[str]) -> Geometry:
    """By the sform, as everybody takes it; by the qform where the sform shears a little."""
    unit = MILLIMETRES.get(int(header["xyzt_units"]) & 7, 1.0)
    pixel = np.where(header["pixdim"][1:4] == 0, 1, header["pixdim"][1:4]).astype(float)
    sform = header.get_sform() if header["sform_code"] > 0 else None
    qform = header.get_qform() if header["qform_code"] > 0 else None
    if sform is None and qform is None:
        affine = np.diag([*(LPS.diagonal() * pixel), 1.0])
    else:
        affine = qform if sform is None else sform
    if sform is not None:
        cosine = _cosine(sform)
        if RIGHT_ANGLE < cosine <= SHEARED:
            degrees = math.degrees(math.asin(cosine))
            affine = _upright(sform) if qform is None else qform
            if qform is not None:
                _check_place(path, header, _upright(sform), qform, unit, 0.5)
            by = "the nearest upright axes are taken" if qform is None else "the qform is taken"
            notes.append(f"The sform of {path.name} shears by {degrees:.2g} degrees; {by}.")
        elif cosine > SHEARED and qform is None:
            raise SeriesError(f"{path}: {CROOKED}")
        elif qform is not None:
            _check_place(path, header, sform, qform, unit, SAME_PLACE)
            if cosine > SHEARED:
                raise SeriesError(f"{path}: {CROOKED}")
    steps = LPS @ affine[:3, :3] * unit
    spacing = np.linalg.norm(steps, axis=0)
    if affine is qform or (sform is None and qform is None):
        spacing = pixel * unit
    direction = steps / np.linalg.norm(steps, axis=0)
    known = [float(v) for v in spacing]
    if header["dim"][0] < 3:
        known[2] = math.nan
    return Geometry(
        spacing=tuple(known),
        origin=tuple(float(v) for v in LPS @ affine[:3, 3] * unit + 0.0),
        direction=tuple(float(v) for v in direction.ravel() + 0.0),
        known=not (sform is None and qform is None) and not _made_up(steps, affine),
    )


def _made_up(steps: np.ndarray, affine: np.ndarray) -> bool:
    """Whether a place is what programs write of a bare array: axes to the right, forward and up,
    from (0, 0, 0)."""
    straight = np.allclose(steps, np.diag(np.abs(steps.diagonal())) @ LPS)
    return straight and not affine[:3, 3].any()


def _cosine(affine: np.ndarray) -> float:
    """The largest cosine between two axes; infinite where one has no length."""
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not (lengths > 0).all():
        return math.inf
    axes = affine[:3, :3] / lengths
    return float(np.abs(axes.T @ axes - np.eye(3)).max())


def _upright(affine: np.ndarray) -> np.ndarray:
    """The affine with the axes at right angles that are the nearest to its own."""
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    u, _, v = np.linalg.svd(affine[:3, :3] / lengths)
    found = affine.copy()
    found[:3, :3] = u @ v * lengths
    return found


def _check_place(
    path: Path,
    header: Nifti1Header,
    sform: np.ndarray,
    qform: np.ndarray,
    unit: float,
    within: float,
) -> None:
    """Refuse a header that says two places, which do not lie within so many voxels."""
    size = [max(1, int(n)) for n in header["dim"][1:4]]
    corners = [(x, y, k, 1) for x in (0, size[0]) for y in (0, size[1]) for k in (0, size[2])]
    apart = unit * np.linalg.norm(np.array(corners) @ (sform - qform)[:3].T, axis=1).max()
    if apart > within * unit * float(min(header["pixdim"][1:3])):
        raise SeriesError(
            f"{path}: its header places it in two ways that lie {apart:.3g} mm apart (sform; qform "
            "with pixdim); correct one, or set its code to 0."
        )
