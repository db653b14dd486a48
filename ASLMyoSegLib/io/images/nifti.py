"""Images as arrays (frame, slice, y, x), through SimpleITK."""

from __future__ import annotations

import errno
import math
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ...errors import SeriesError
from ...series import Geometry
from ..files import replacing
from ..quiet import quiet
from .content import check_content
from .headers import says_place, with_list_axis
from .nifti_header import NiftiHeader

KIND = "NRRD_kinds[pixel]"
LISTS = ("list", "vector")
"""What it says where an NRRD file, such as a sequence that Slicer saved, is a list of images."""

CROOKED = "its axes are not at right angles to each other; correct its orientation."
RIGHT_ANGLE = 0.002
"""Cosine of the angle between axes up to which it is one, but for rounding."""
SAME_PLACE = 0.1
"""Voxels within which two ways of saying a place are one."""

# Its warnings on odd headers would break the one clear line that errors are.
sitk.ProcessObject.SetGlobalWarningDisplay(False)


def read_volume(path: Path) -> tuple[np.ndarray, Geometry]:
    """Pixels, (frame, slice, y, x) or (slice, y, x), and geometry in LPS.

    Raises:
        SeriesError: where the file is missing, damaged, or not a scalar image of 3 or 4 dimensions.
    """
    array, geometry = read_image(path)
    if array.ndim not in (3, 4):
        raise SeriesError(f"{path}: {array.ndim} dimensions, where 3 or 4 are needed.")
    return array, geometry


def read_image(path: Path) -> tuple[np.ndarray, Geometry]:
    """Pixels of a scalar image of 2 to 4 dimensions, the file's last axis first, and geometry.

    The axis of a list of images comes first. Of axes behind the third, those of length 1 are left
    out where there are several.

    Raises:
        SeriesError: where the file is missing, damaged, or holds something else.
    """
    header, image = check_content(path), _read(path)
    array, geometry = sitk.GetArrayFromImage(image), _geometry_of(image)
    direction = np.reshape(geometry.direction, (3, 3))
    if not np.allclose(direction.T @ direction, np.eye(3), atol=RIGHT_ANGLE):
        raise SeriesError(f"{path}: {CROOKED}")
    known = says_place(path) if header is None else header.placed and not _made_up(geometry)
    geometry = replace(geometry, known=known)
    if header is not None:
        _check_place(path, header, geometry)
        array = array - header.offset if header.offset else array
    if KIND in image.GetMetaDataKeys() and image.GetMetaData(KIND) in LISTS:
        several = array.ndim > image.GetDimension()
        return np.moveaxis(array, -1, 0) if several else array[np.newaxis], geometry
    if image.GetNumberOfComponentsPerPixel() != 1 or "complex" in image.GetPixelIDTypeAsString():
        raise SeriesError(
            f"{path}: pixels are {image.GetPixelIDTypeAsString()}; give magnitude images."
        )
    if array.ndim > 4:
        further = [n for n in array.shape[:-3] if n > 1] or [1]
        if len(further) > 1:
            raise SeriesError(
                f"{path}: {array.ndim} dimensions of {array.shape[::-1]}, where x, y, slice and "
                "frame are needed; leave the others out."
            )
        array = array.reshape(*further, *array.shape[-3:])
    return array, geometry


def _made_up(geometry: Geometry) -> bool:
    """Whether it is what programs write of a bare array: axes to the right, forward and up, from
    (0, 0, 0)."""
    straight = np.array_equal(geometry.direction, np.diag([-1.0, -1.0, 1.0]).ravel())
    return straight and not np.any(geometry.origin)


def _check_place(path: Path, header: NiftiHeader, geometry: Geometry) -> None:
    """Refuse a header that says two places: the image library takes the sform, as everybody does,
    but not where the qform or the pixel size contradicts it."""
    if header.affine is None:
        return
    steps = np.reshape(geometry.direction, (3, 3)) * geometry.spacing
    found = np.column_stack([steps, geometry.origin]) * [[-1], [-1], [1]]
    corners = [(x, y, k, 1) for x in (0, 1) for y in (0, 1) for k in (0, 1)]
    ends = np.array(corners) * ([max(1, n) for n in (*header.size, 1, 1)[:3]] + [1])
    apart = np.linalg.norm(ends @ (found - header.affine).T, axis=1).max()
    if apart > SAME_PLACE * min(geometry.spacing[:2]):
        raise SeriesError(
            f"{path}: its header places it in two ways that lie {apart:.3g} mm apart (sform; qform "
            "with pixdim); correct one, or set its code to 0."
        )


def _read(path: Path) -> sitk.Image:
    try:
        with quiet():
            return _opened(path)
    except (RuntimeError, MemoryError) as error:
        reason = str(error).strip().split("\n")[-1].strip() or "too large for the memory"
        if "cosines" in reason or "Bad direction" in str(error):
            problem = CROOKED
        elif "Unable to determine" in reason:
            problem = "is no image of a format that is read; save it as NIfTI-1, NRRD or MetaImage."
        else:
            problem = f"not a readable image ({reason}); export it anew as NIfTI-1."
        raise SeriesError(f"{path}: {problem}") from None


def _opened(path: Path) -> sitk.Image:
    """The image; one whose list of frames has another name than the image library knows, too."""
    content = with_list_axis(path)
    if content is None:
        return sitk.ReadImage(str(path))
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "list.nrrd"
        plain.write_bytes(content)
        return sitk.ReadImage(str(plain))


def has_frames(path: Path) -> bool:
    """Whether the header of an image promises several frames; not where it cannot be read."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        if with_list_axis(path) is not None:
            return True
        with quiet():
            reader.ReadImageInformation()
    except (RuntimeError, OSError, SeriesError):
        return False
    return math.prod(reader.GetSize()[3:]) * reader.GetNumberOfComponents() > 1


def write_volume(path: str | Path, array: np.ndarray, geometry: Geometry) -> None:
    """Write (frame, slice, y, x) or (slice, y, x) as NIfTI; bool becomes 0 and 1.

    Raises:
        OutputError: where the file cannot be written.
    """
    array = array.astype(np.uint8) if array.dtype == bool else array
    frames = [frame_image(frame, geometry) for frame in (array if array.ndim == 4 else [array])]
    image = sitk.JoinSeries(frames) if array.ndim == 4 else frames[0]
    with replacing(path) as beside:
        # On a full disk the image library leaves a truncated file, and says nothing of it.
        if shutil.disk_usage(beside.parent).free < array.nbytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        try:
            with quiet():
                sitk.WriteImage(image, str(beside), useCompression=True)
            check_content(beside)
        except (RuntimeError, SeriesError) as error:
            raise OSError(str(error).strip().splitlines()[-1]) from None


def frame_image(volume: np.ndarray, geometry: Geometry) -> sitk.Image:
    """One frame (slice, y, x) as the image library has it."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(volume))
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(geometry.origin)
    image.SetDirection(geometry.direction)
    return image


def _geometry_of(image: sitk.Image) -> Geometry:
    size = image.GetDimension()
    direction = np.eye(3)
    known = min(size, 3)
    direction[:known, :known] = np.reshape(image.GetDirection(), (size, size))[:known, :known]
    return Geometry(
        spacing=tuple(float(v) for v in (*image.GetSpacing(), np.nan)[:3]),
        origin=tuple(float(v) for v in (*image.GetOrigin(), 0.0)[:3]),
        direction=tuple(float(v) for v in direction.ravel()),
    )
