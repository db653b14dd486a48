"""Images as arrays (frame, slice, y, x), through SimpleITK."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..errors import SeriesError
from ..series import Geometry
from .files import replacing

NIFTI_HEADER = 348

# Its warnings on odd headers would break the one clear line that errors are.
sitk.ProcessObject.SetGlobalWarningDisplay(False)


def read_volume(path: Path) -> tuple[np.ndarray, Geometry]:
    """Pixels, (frame, slice, y, x) or (slice, y, x), and geometry in LPS.

    Raises:
        SeriesError: where the file is missing, damaged, or not a scalar image of 3 or 4 dimensions.
    """
    if not path.is_file():
        raise SeriesError(f"{path}: no such file.")
    if path.stat().st_size == 0:
        raise SeriesError(f"{path}: the file is empty; copy it again from its source.")
    _check_content(path)
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise SeriesError(f"{path}: not a readable image ({reason}); copy it again.") from None
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
        try:
            sitk.WriteImage(image, str(beside), useCompression=True)
        except RuntimeError as error:
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


def _check_content(path: Path) -> None:
    """Look before the image library does: it fills what a truncated file lacks, and makes zeros
    of NaN and infinite pixels, without a word."""
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            content = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise SeriesError(f"{path}: damaged gzip file ({error}); copy it again.") from None
    if ".nii" not in path.suffixes[-2:] or len(content) < NIFTI_HEADER:
        return
    for order in "<>":
        if struct.unpack_from(f"{order}i", content)[0] != NIFTI_HEADER:
            continue
        (kind,) = struct.unpack_from(f"{order}h", content, 70)
        (start,) = struct.unpack_from(f"{order}f", content, 108)
        size = {16: 4, 64: 8}.get(kind)
        if size is None or not NIFTI_HEADER <= start <= len(content):
            return
        count = (len(content) - int(start)) // size
        pixels = np.frombuffer(content, f"{order}f{size}", count, int(start))
        wrong = int(np.count_nonzero(~np.isfinite(pixels)))
        if wrong:
            raise SeriesError(
                f"{path}: {wrong} pixels that are NaN or infinite; export the images anew."
            )
