"""Pictures (PNG, TIFF, JPEG, BMP) as arrays, through Pillow."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import SeriesError
from ..files import no_such_file
from ..quiet import quiet

if TYPE_CHECKING:
    from PIL import Image

PICTURES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")
LARGEST_PICTURE = 4096
MOST_PAGES = 10_000
COLOURS = ("RGB", "RGBA", "LA")
"""What Pillow reads with 8 bits, however many there are."""
BITS_PER_SAMPLE, SAMPLE_FORMAT, SIGNED = 258, 339, 2
"""Tags of TIFF, and the format of whole numbers with a sign."""
PHOTOMETRIC, WHITE_IS_ZERO = 262, 0
SUBFILE_TYPE, REDUCED = 254, 1
"""Tag of TIFF, and its bit that tells a small copy of another page."""


def is_picture(path: Path) -> bool:
    """Whether the name is one of a picture."""
    return path.suffix.lower() in PICTURES


def read_picture(path: Path) -> np.ndarray:
    """Grey values (page, y, x); a picture in colours is taken where all of them are greys.

    Raises:
        SeriesError: where the file is missing, damaged or colourful.
    """
    if not path.is_file():
        raise SeriesError(no_such_file(path))
    try:
        with quiet(), warnings.catch_warnings(), _open(path) as picture:
            pages = getattr(picture, "n_frames", 1)
            if max(picture.size) > LARGEST_PICTURE or pages > MOST_PAGES:
                raise SeriesError(
                    f"{path}: {pages} pictures of {picture.size[0]}x{picture.size[1]} pixels are "
                    "too large; cut them to the heart."
                )
            found = [
                _page(path, picture, k) for k in range(pages) if not _is_small_copy(picture, k)
            ]
            kinds = sorted({f"{p.shape[1]}x{p.shape[0]} {p.dtype}" for p in found})
            if len(kinds) > 1:
                raise SeriesError(
                    f"{path}: holds pictures of several kinds ({', '.join(kinds)}); export them "
                    "alike."
                )
            return np.stack(found)
    except SeriesError:
        raise
    except Exception as error:  # damaged files make Pillow raise anything
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or "damaged"
        raise SeriesError(f"{path}: not a readable picture ({reason}); export it anew.") from None


def _open(path: Path) -> Image.Image:
    try:
        from PIL import Image
    except ImportError:
        raise SeriesError(
            f"{path}: a picture is read by Pillow, which is missing; pip install pillow."
        ) from None
    warnings.simplefilter("ignore")  # what it says of odd tags would break the one clear line
    return Image.open(path, formats=("PNG", "TIFF", "JPEG", "BMP"))


def _is_small_copy(picture: Image.Image, page: int) -> bool:
    if getattr(picture, "n_frames", 1) == 1:
        return False
    picture.seek(page)
    return bool(getattr(picture, "tag_v2", {}).get(SUBFILE_TYPE, 0) & REDUCED)


def _page(path: Path, picture: Image.Image, page: int) -> np.ndarray:
    picture.seek(page)
    if picture.mode in COLOURS and any("16" in str(tile[3]) for tile in picture.tile):
        raise SeriesError(
            f"{path}: has colours or opacity of 16 bits, of which 8 would be read; export grey "
            "values alone."
        )
    if picture.mode == "P":
        picture = picture.convert("RGB")
    values = np.asarray(picture)
    if values.ndim == 2:
        values = values.astype(np.uint8) if values.dtype == bool else values
        return _with_black_zero(picture, _with_sign(picture, values))
    colours = values[..., : 3 if values.shape[2] > 2 else 1]  # the last of two or four is opacity
    if (colours != colours[..., :1]).any():
        raise SeriesError(f"{path}: is a picture in colours; export grey values of the image.")
    return colours[..., 0]


def _with_sign(picture: Image.Image, values: np.ndarray) -> np.ndarray:
    """Whole numbers as a TIFF has them: Pillow takes those of 8 bits to have no sign, and those of
    32 bits to have one."""
    tags = getattr(picture, "tag_v2", {})
    (form, *_), (bits, *_) = tags.get(SAMPLE_FORMAT, (1,)), tags.get(BITS_PER_SAMPLE, (0,))
    if form == SIGNED and bits == 8:
        return values.view(np.int8)
    if form != SIGNED and bits == 32 and values.dtype == np.int32:
        return values.view(np.uint32)
    return values


def _with_black_zero(picture: Image.Image, values: np.ndarray) -> np.ndarray:
    """A TIFF in which 0 is white turned round, which Pillow does with 1 to 8 bits alone."""
    tags = getattr(picture, "tag_v2", {})
    (bits, *_) = tags.get(BITS_PER_SAMPLE, (0,))
    if tags.get(PHOTOMETRIC) != WHITE_IS_ZERO or bits <= 8:
        return values
    if values.dtype.kind == "f":
        return -values
    return ~values if values.dtype.kind == "i" else (1 << bits) - 1 - values
