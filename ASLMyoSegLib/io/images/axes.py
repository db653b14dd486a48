"""The axes of an array of images, in whatever order they come."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ...errors import SeriesError, UnstatedError
from ...series import Geometry
from .headers import says_pixel_size
from .nifti import read_image
from .pictures import is_picture, read_picture

UNKNOWN = Geometry((np.nan, np.nan, np.nan), known=False)
"""Of files that say nothing of where their pixels lie."""


def arrange(array: np.ndarray, axes: tuple[str, ...], where: str) -> np.ndarray:
    """Frames (frame, slice, y, x) of an array whose axes are named.

    Args:
        array: axes of length 1 may be there that `axes` leaves out.
        axes: words of `statement.AXES`.
        where: what it is of, for messages.

    Raises:
        SeriesError: where they do not fit each other.
    """
    sizes = "x".join(map(str, array.shape))
    if array.ndim != len(axes):
        array = array.squeeze()
    if array.ndim != len(axes):
        raise SeriesError(
            f"{where}: {sizes} has {array.ndim} axes, but --axes names {len(axes)} "
            f"({','.join(axes)}); name each, in that order."
        )
    for name in {"slice", "frame"} - set(axes):
        array, axes = array[..., np.newaxis], (*axes, name)
    return array.transpose([axes.index(name) for name in ("frame", "slice", "y", "x")])


def read_frames(
    path: Path, axes: tuple[str, ...] | None, frames: int | None, notes: list[str]
) -> tuple[np.ndarray, Geometry]:
    """Frames (frame, slice, y, x) of an image file, and their geometry.

    Args:
        path: what `nifti.read_image` or `pictures.read_picture` reads.
        axes: in the order in which the file lists the sizes; None: x, y, slice, frame.
        notes: what is assumed is added.
        frames: how many there are; with 1, a file of two or three dimensions is taken as one.

    Raises:
        SeriesError: where the file is damaged, or does not hold several frames.
    """
    array, geometry = read_any(path, notes)
    if axes is None:
        if array.ndim < 4 and frames == 1:
            return array.reshape(1, -1, *array.shape[-2:]), geometry
        if array.ndim != 4:
            sizes = "x".join(map(str, array.shape[::-1]))
            raise UnstatedError(
                f"{path}: one frame of {sizes}, where an ASL series has four dimensions (x, y, "
                "slice, frame)",
                "if the third is that of the frames, say so with --axes x,y,frame; to segment one "
                "image alone, say what it is, such as --volume-types control.",
            )
        return array, geometry
    return arrange(array.transpose(), axes, str(path)), _turned(geometry, axes)


def read_any(path: Path, notes: list[str] | None = None) -> tuple[np.ndarray, Geometry]:
    """A picture or an image file, as `read_picture` or `read_image` have it; spacing NaN where it
    is not said.

    Raises:
        SeriesError: where the file is damaged.
    """
    if is_picture(path):
        return read_picture(path), UNKNOWN
    array, geometry = read_image(path, notes)
    return array, geometry if says_pixel_size(path) else replace(geometry, spacing=UNKNOWN.spacing)


def _turned(geometry: Geometry, axes: tuple[str, ...]) -> Geometry:
    """With x, y and slice along the axes that have these names; what lies nowhere is not known."""
    if not {"x", "y"} <= set(axes[:3]):
        return UNKNOWN
    columns = [axes.index("x"), axes.index("y")]
    (rest,) = {0, 1, 2} - set(columns)
    columns.append(rest)
    spacing = [geometry.spacing[c] for c in columns]
    if "slice" in axes[3:]:
        spacing[2] = np.nan
    direction = np.reshape(geometry.direction, (3, 3))[:, columns]
    return replace(geometry, spacing=tuple(spacing), direction=tuple(direction.ravel().tolist()))
