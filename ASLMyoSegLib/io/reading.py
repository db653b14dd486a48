"""Which series lie where, and the format that reads each."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from ..errors import SeriesError
from ..series import ASLSeries
from .axes import UNKNOWN, read_frames
from .bids import belonging, find_bids, with_side_cars
from .headers import read_header
from .matlab import read_matlab
from .numbered import VOLUMES, find_images, read_numbered, single_images
from .pictures import PICTURES
from .sidecars import volume_name
from .statement import Hints, RawSeries, complete

NO_HINTS = Hints()


def find_series(path: str | Path, hints: Hints = NO_HINTS) -> list[Path]:
    """Every ASL series beneath a folder (or the one file given), sorted; no derivatives.

    A folder of single images, one for each frame, is a series.

    Args:
        path: a file or folder.
        hints: with axes, every volume in a folder is a series.

    Raises:
        SeriesError: where there is none.
    """
    path = Path(path)
    try:
        if path.is_file():
            return [path]
        if not path.is_dir():
            problem = (
                "is neither a file nor a folder" if path.exists() else "no such file or folder"
            )
            raise SeriesError(f"{path}: {problem}.")
        os.scandir(path).close()  # which says why, where what follows finds nothing
        found = find_bids(path) or find_images(path, whole=hints.axes is not None)
    except OSError as error:
        raise SeriesError(f"{path}: cannot be read ({error.strerror or error}).") from None
    if not found:
        raise SeriesError(
            f"{path}: holds no ASL series: neither *_asl.nii.gz (BIDS), nor an image of several "
            "frames, nor a folder of one image for each frame. DICOM files are converted by "
            "dcm2niix."
        )
    return found


def series_name(path: Path) -> str:
    """Short name of a series that `find_series` found, for people and for files of results."""
    return volume_name(path)


def read_series(path: str | Path, hints: Hints = NO_HINTS) -> ASLSeries:
    """Read one series, checked at the door.

    >>> read_series("scan.mat", Hints(("m0scan", "control", "label"), 1.4, "images",
    ...     ("y", "x", "frame"), (1.9, 1.9)))                        # doctest: +SKIP

    Args:
        path: ``*_asl.nii[.gz]``, or another image of four dimensions (NIfTI, NRRD, MetaImage, a
            sequence that Slicer saved), a MATLAB file, a folder of single images, each with
            ``NAME_asl.json`` and ``NAME_aslcontext.tsv`` beside it; or a folder that holds just one
            of them.
        hints: what files do not say.

    Raises:
        SeriesError: where a file is missing, damaged, or contradicts another.
    """
    found = find_series(path, hints)
    if len(found) > 1:
        names = ", ".join(file.name for file in found[:4])
        raise SeriesError(f"{path}: holds {len(found)} series ({names}, ...); give one of them.")
    return complete(_read(found[0], hints), found[0], hints)


def input_digest(path: Path, *others: Path | None, hints: Hints = NO_HINTS) -> str:
    """SHA-256 of the content of a series' files, of `others` and of what was stated of them, by
    which the same is known again.

    Raises:
        SeriesError: where a file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for file in (*_files_of(path), *others):
            if file is not None and file.is_file():
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    except OSError as error:
        where = error.filename or path
        raise SeriesError(f"{where}: cannot be read ({error.strerror or error}).") from None
    if stated := hints.stated():
        digest.update(json.dumps(stated, sort_keys=True).encode())
    return digest.hexdigest()


def _read(path: Path, hints: Hints) -> RawSeries:
    matlab, name = path.suffix.lower() == ".mat", path.name.lower()
    if hints.variable is not None and not matlab:
        raise SeriesError(f"{path}: is no MATLAB file, so it has no --variable; leave that out.")
    if path.is_dir():
        if hints.axes is not None:
            raise SeriesError(f"{path}: each of its images is a frame; leave --axes out.")
        images, geometry = read_numbered(path)
    elif matlab:
        images, geometry = read_matlab(path, hints), UNKNOWN
    elif name.endswith(VOLUMES + PICTURES):
        images, geometry = read_frames(path, hints.axes)
    else:
        raise SeriesError(
            f"{path}: a format that is not read; give {', '.join(VOLUMES)}, .mat, or a folder of "
            "single images."
        )
    return with_side_cars(images, geometry, path, hints)


def _files_of(path: Path) -> list[Path]:
    """All that is read with a series; may raise OSError or SeriesError."""
    files = single_images(path) if path.is_dir() else [path]
    pixels = [header.data for f in files if (header := read_header(f)) and header.data != f]
    return [*files, *pixels, *belonging(path)]
