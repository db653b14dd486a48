"""A folder of single images, one for each frame, in the order of their numbers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ...errors import SeriesError, UnstatedError
from ...series import Geometry
from ...words import counted
from ..files import files_beneath, is_aside
from ..frames import no_magnitude
from .axes import read_any
from .nifti import has_frames
from .pictures import PICTURES, is_picture

VOLUMES = (".nii", ".nii.gz", ".img", ".nrrd", ".nhdr", ".mha", ".mhd")
FEWEST_IMAGES = 2


def single_images(folder: Path) -> list[Path]:
    """Image files in a folder, not beneath it, in natural order: ``img2`` before ``img10``.

    What is called ``_desc-`` was derived by a program, and is none; nor is a phase.

    Raises:
        OSError: where the folder cannot be read.
    """
    files = (f for f in folder.iterdir() if not f.name.startswith(".") and "_desc-" not in f.name)
    return sorted(
        (f for f in files if is_image(f.name) and not no_magnitude(f.name) and f.is_file()),
        key=lambda file: natural(file.name),
    )


def is_image(name: str) -> bool:
    """Whether a file of this name is a volume or a picture."""
    return name.lower().endswith(VOLUMES + PICTURES)


def natural(name: str) -> tuple[list[str | int], str]:
    """Sorts names as people count."""
    parts = re.split(r"([0-9]+)", name.lower())
    return [int(p) if k % 2 else p for k, p in enumerate(parts)], name


def find_images(folder: Path, whole: bool) -> tuple[list[Path], list[str]]:
    """Series beneath a folder that have no names of BIDS, sorted, and why other images are none; no
    derivatives.

    Args:
        folder: that is searched.
        whole: whether each volume is a series, whatever its dimensions.

    Returns:
        Files of several frames, MATLAB files, and folders of single images; sentences.

    Raises:
        OSError: where a folder cannot be read.
    """
    found, left_out = [], []
    beneath = sorted(f for f in files_beneath(folder) if not is_aside(f.relative_to(folder)))
    for current in [folder, *filter(Path.is_dir, beneath)]:
        files = single_images(current)
        series = [f for f in files if not is_picture(f) and (whole or has_frames(f))]
        series += sorted(file for file in current.glob("*.mat") if file.is_file())
        named = current if current.name not in ("", "..") else current.resolve()
        found += series or ([named] if len(files) >= FEWEST_IMAGES else [])
    for file in beneath:
        if is_image(file.name) and (kind := no_magnitude(file.name)):
            left_out.append(f"{file}: is an image of {kind}, no magnitude.")
    return found, left_out


def read_numbered(folder: Path, notes: list[str] | None = None) -> tuple[np.ndarray, Geometry]:
    """Frames (frame, slice, y, x) of a folder of images, each of one frame, and their geometry.

    Raises:
        SeriesError: where an image is damaged, or is not like the first.
    """
    files = single_images(folder)
    kinds = sorted({_ending(file) for file in files})
    if len(kinds) > 1:
        raise SeriesError(
            f"{folder}: holds images of several formats ({', '.join(kinds)}); keep those of one."
        )
    if len(files) < FEWEST_IMAGES:
        raise SeriesError(
            f"{folder}: holds {counted(len(files), 'image')}, where one for each frame is needed."
        )
    first, geometry = _read_frame(files[0], notes)
    frames = [first]
    for file in files[1:]:
        frame, place = _read_frame(file, [])
        if is_picture(file) and frame.dtype != first.dtype:
            raise SeriesError(
                f"{file}: pixels are {frame.dtype}, where {files[0].name} has {first.dtype}; "
                "export the frames alike, as the range of grey values may be another."
            )
        if frame.shape != first.shape:
            raise SeriesError(
                f"{file}: {_sizes(frame)}, where {files[0].name} has {_sizes(first)}; the frames "
                "of a series are of one size."
            )
        if name := geometry.difference(place):
            raise SeriesError(
                f"{file}: its {name} is not that of {files[0].name}; the frames of a series "
                "lie in one place."
            )
        frames.append(frame)
    return np.stack(frames), geometry


def _read_frame(file: Path, notes: list[str] | None) -> tuple[np.ndarray, Geometry]:
    array, geometry = read_any(file, notes)
    if is_picture(file) and len(array) > 1:
        raise UnstatedError(
            f"{file}: holds {len(array)} pictures, where each file is one frame",
            "give the file alone, with --axes x,y,frame.",
        )
    if array.ndim == 4 and len(array) == 1:
        array = array[0]
    if array.ndim == 4:
        raise SeriesError(
            f"{file}: holds {len(array)} frames, where each file of the folder is one; give the "
            "file alone."
        )
    return array if array.ndim == 3 else array[np.newaxis], geometry


def _sizes(frame: np.ndarray) -> str:
    return "x".join(map(str, frame.shape[::-1]))


def _ending(file: Path) -> str:
    return ".nii.gz" if file.name.lower().endswith(".nii.gz") else file.suffix.lower()
