"""Whether pixels can be those of a series: the doubtful is noted, the impossible refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import SeriesError
from ..geometry import SMALLEST
from ..words import counted, numbered

LARGEST = 1024
"""Side of an image, in pixels, up to which a heart can be looked for."""
SCALES = (1.0, 255.0, 65535.0)
"""Brightest values that programs stretch images of fractions to, from 0."""
EDGE = 0.01
"""Share of the range of grey values within which an image reaches an end of it."""
STRETCHED = (
    "each image reaches from the darkest to the brightest grey, so each was stretched for itself "
    "and control, label and M0 have scales of their own; export them with one window, or as DICOM "
    "or NIfTI"
)


def check_matrix(path: Path, rows: int, columns: int) -> None:
    """Refuse images in which no heart can be looked for."""
    if min(rows, columns) < SMALLEST or max(rows, columns) > LARGEST:
        raise SeriesError(
            f"{path}: images of {columns}x{rows} pixels, where {SMALLEST} to {LARGEST} a side "
            "can be segmented."
        )


def usable(
    path: Path, images: np.ndarray, types: Sequence[str], of_file: Sequence[int], notes: list[str]
) -> np.ndarray:
    """The images, with 0 where any frame has NaN, as programs write outside of the field.

    Args:
        path: of the images.
        images: float32 (frame, slice, y, x).
        types: of the frames.
        of_file: their indices in the file, for messages.
        notes: what is assumed is added.

    Raises:
        SeriesError: where an image cannot be segmented.
    """
    check_matrix(path, *images.shape[2:])
    for frame, kind, image in zip(of_file, types, images, strict=True):
        if wrong := int(np.count_nonzero(np.isinf(image))):
            raise SeriesError(
                f"{path}: frame {frame} ({kind}) is infinite or too large for float32 in "
                f"{counted(wrong, 'pixel')}; export the images anew."
            )
    beyond = np.isnan(images).any(0)
    if beyond.any():
        notes.append(
            f"NaN in {counted(int(beyond.sum()), 'pixel')} of a frame or more is taken for 0, as "
            "outside of the field; no flow can be measured there."
        )
        images = np.where(beyond, np.float32(0), images)
    flat = images.min((2, 3)) == images.max((2, 3))
    blank = flat.all(0)
    if blank.any() and not blank.all():
        notes.append(f"All images are blank in {numbered('slice', np.flatnonzero(blank).tolist())},"
                     " which is left out.")  # fmt: skip
        flat = flat & ~blank
    for k, j in np.argwhere(flat)[:1]:
        raise SeriesError(
            f"{path}: frame {of_file[k]}, slice {j} ({types[k]}) has the value "
            f"{images[k, j, 0, 0]:g} everywhere; leave the frame out with --skip-frames, or export "
            "it anew."
        )
    return images


def stretched(images: np.ndarray) -> bool:
    """Whether each of several frames (frame, ...) reaches over the whole range of its type, or from
    0 to exactly 1, 255 or 65535: they have no common scale, as M0 is brighter than the others."""
    axes = tuple(range(1, images.ndim))
    low, high = images.min(axes), images.max(axes)
    if len(images) < 2:
        return False
    if images.dtype.kind == "u":
        brightest = np.iinfo(images.dtype).max
        return bool((low <= EDGE * brightest).all() and (high >= (1 - EDGE) * brightest).all())
    return (
        images.dtype.kind == "f"
        and bool((low == 0).all())
        and any((high == scale).all() for scale in SCALES)
    )
