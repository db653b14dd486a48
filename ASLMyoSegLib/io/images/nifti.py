"""Images as arrays (frame, slice, y, x): NIfTI through nibabel, others through SimpleITK."""

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
from . import nifti_file
from .headers import as_read, check_header, read_header, says_place
from .nifti_file import CROOKED, RIGHT_ANGLE, content_of, is_nifti, read_nifti

KIND = "NRRD_kinds[pixel]"
LISTS = ("list", "vector")
"""What it says where an NRRD file, such as a sequence that Slicer saved, is a list of images."""

# Its warnings on odd headers would break the one clear line that errors are.
sitk.ProcessObject.SetGlobalWarningDisplay(False)


def read_volume(path: Path, notes: list[str] | None = None) -> tuple[np.ndarray, Geometry]:
    """Pixels, (frame, slice, y, x) or (slice, y, x), and geometry in LPS.

    Raises:
        SeriesError: where the file is missing, damaged, or not a scalar image of 2 to 4 dimensions.
    """
    array, geometry = read_image(path, notes)
    if array.ndim == 2:
        array, geometry = array[np.newaxis], _of_one_slice(geometry)
    if array.ndim not in (3, 4):
        raise SeriesError(f"{path}: {array.ndim} dimensions, where 3 or 4 are needed.")
    return array, geometry


def _of_one_slice(geometry: Geometry) -> Geometry:
    return replace(geometry, spacing=(*geometry.spacing[:2], 1.0))


def read_image(path: Path, notes: list[str] | None = None) -> tuple[np.ndarray, Geometry]:
    """Pixels of a scalar image of 2 to 4 dimensions, the file's last axis first, and geometry.

    The axis of a list of images comes first. Of axes behind the third, those of length 1 are left
    out where there are several.

    Args:
        path: of the file.
        notes: what is assumed is added.

    Raises:
        SeriesError: where the file is missing, damaged, or holds something else.
    """
    notes = [] if notes is None else notes
    if is_nifti(path):
        array, geometry = read_nifti(path, notes)
        return _four_axes(path, array), geometry
    content_of(path, [])
    try:
        check_header(path)
    except OSError as error:
        raise SeriesError(f"{path}: cannot be read ({error.strerror or error}).") from None
    image = _read(path)
    array, geometry = sitk.GetArrayFromImage(image), _geometry_of(image)
    direction = np.reshape(geometry.direction, (3, 3))
    if not np.allclose(direction.T @ direction, np.eye(3), atol=RIGHT_ANGLE):
        raise SeriesError(f"{path}: {CROOKED}")
    geometry = replace(geometry, known=says_place(path))
    if KIND in image.GetMetaDataKeys() and image.GetMetaData(KIND) in LISTS:
        several = array.ndim > image.GetDimension()
        return np.moveaxis(array, -1, 0) if several else array[np.newaxis], geometry
    if image.GetNumberOfComponentsPerPixel() != 1 or "complex" in image.GetPixelIDTypeAsString():
        raise SeriesError(
            f"{path}: pixels are {image.GetPixelIDTypeAsString()}; give magnitude images."
        )
    return _four_axes(path, array), geometry


def _four_axes(path: Path, array: np.ndarray) -> np.ndarray:
    """Of axes behind the third, those of length 1 left out, where there are several."""
    if array.ndim <= 4:
        return array
    further = [n for n in array.shape[:-3] if n > 1] or [1]
    if len(further) > 1:
        raise SeriesError(
            f"{path}: {array.ndim} dimensions of {array.shape[::-1]}, where x, y, slice and "
            "frame are needed; leave the others out."
        )
    return array.reshape(*further, *array.shape[-3:])


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
    content = as_read(path)
    if content is None:
        return sitk.ReadImage(str(path))
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "list.nrrd"
        plain.write_bytes(content)
        return sitk.ReadImage(str(plain))


def has_frames(path: Path) -> bool:
    """Whether the header of an image promises several frames; not where it cannot be read."""
    if is_nifti(path):
        return nifti_file.has_frames(path)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        if as_read(path) is not None:
            return read_header(path).fields.get("dimension") == "4"
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
            read_image(beside)
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
