"""Images as arrays (frame, slice, y, x), through SimpleITK."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..errors import SeriesError
from ..series import Geometry
from .content import check_content
from .files import replacing

KIND = "NRRD_kinds[pixel]"
"""Says ``list`` where Slicer saved a sequence of images as one file."""

# Its warnings on odd headers would break the one clear line that errors are.
sitk.ProcessObject.SetGlobalWarningDisplay(False)


def read_volume(path: Path) -> tuple[np.ndarray, Geometry]:
    """Pixels, (frame, slice, y, x) or (slice, y, x), and geometry in LPS.

    Raises:
        SeriesError: where the file is missing, damaged, or not a scalar image of 3 or 4 dimensions.
    """
    check_content(path)
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1].strip()
        remedy = "correct its orientation" if "cosines" in reason else "export it anew as NIfTI-1"
        raise SeriesError(f"{path}: not a readable image ({reason}); {remedy}.") from None
    if KIND in image.GetMetaDataKeys() and image.GetMetaData(KIND) == "list":
        return np.moveaxis(sitk.GetArrayFromImage(image), -1, 0), _geometry_of(image)
    if image.GetNumberOfComponentsPerPixel() != 1 or "complex" in image.GetPixelIDTypeAsString():
        raise SeriesError(
            f"{path}: pixels are {image.GetPixelIDTypeAsString()}; give magnitude images."
        )
    if image.GetDimension() not in (3, 4):
        raise SeriesError(f"{path}: {image.GetDimension()} dimensions, where 3 or 4 are needed.")
    return sitk.GetArrayFromImage(image), _geometry_of(image)


def write_volume(path: str | Path, array: np.ndarray, geometry: Geometry) -> None:
    """Write (frame, slice, y, x) or (slice, y, x) as NIfTI; bool becomes 0 and 1.

    Raises:
        OutputError: where the file cannot be written.
    """
    array = array.astype(np.uint8) if array.dtype == bool else array
    frames = [_frame_image(frame, geometry) for frame in (array if array.ndim == 4 else [array])]
    image = sitk.JoinSeries(frames) if array.ndim == 4 else frames[0]
    with replacing(path) as beside:
        # On a full disk the image library leaves a truncated file, and says nothing of it.
        if shutil.disk_usage(beside.parent).free < array.nbytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        try:
            sitk.WriteImage(image, str(beside), useCompression=True)
            check_content(beside)
        except (RuntimeError, SeriesError) as error:
            raise OSError(str(error).strip().splitlines()[-1]) from None


def _frame_image(volume: np.ndarray, geometry: Geometry) -> sitk.Image:
    image = sitk.GetImageFromArray(np.ascontiguousarray(volume))
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(geometry.origin)
    image.SetDirection(geometry.direction)
    return image


def _geometry_of(image: sitk.Image) -> Geometry:
    size = image.GetDimension()
    direction = np.array(image.GetDirection()).reshape(size, size)[:3, :3]
    return Geometry(
        spacing=tuple(float(v) for v in image.GetSpacing()[:3]),
        origin=tuple(float(v) for v in image.GetOrigin()[:3]),
        direction=tuple(float(v) for v in direction.ravel()),
    )
