"""Which series lie where, and the format that reads each."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ..errors import SeriesError
from ..series import ASLSeries
from .bids import files_of, find_bids, read_bids
from .sidecars import volume_name
from .statement import Hints, complete

NO_HINTS = Hints()


def find_series(path: str | Path) -> list[Path]:
    """Every ASL series beneath a folder (or the one file given), sorted; no derivatives.

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
        found = find_bids(path)
    except OSError as error:
        raise SeriesError(f"{path}: cannot be read ({error.strerror or error}).") from None
    if not found:
        raise SeriesError(
            f"{path}: holds no ASL series; one is called *_asl.nii.gz (BIDS). DICOM files are "
            "converted by dcm2niix."
        )
    return found


def series_name(path: Path) -> str:
    """Short name of a series that `find_series` found, for people and for files of results."""
    return volume_name(path)


def read_series(path: str | Path, hints: Hints = NO_HINTS) -> ASLSeries:
    """Read one series, checked at the door.

    Args:
        path: ``*_asl.nii[.gz]``, or another image of four dimensions such as a sequence that Slicer
            saved (``.seq.nrrd``), with ``_asl.json`` and ``_aslcontext.tsv`` beside it; or a folder
            that holds just one ``*_asl.nii[.gz]``.
        hints: what files do not say.

    Raises:
        SeriesError: where a file is missing, damaged, or contradicts another.
    """
    found = find_series(path)
    if len(found) > 1:
        names = ", ".join(file.name for file in found[:4])
        raise SeriesError(f"{path}: holds {len(found)} series ({names}, ...); give one of them.")
    return complete(read_bids(found[0], hints), found[0], hints)


def input_digest(path: Path, *others: Path | None) -> str:
    """SHA-256 of the content of a series' files and of `others`, by which the same is known again.

    Raises:
        SeriesError: where a file cannot be read.
    """
    digest = hashlib.sha256()
    for file in (*files_of(path), *others):
        if file is not None and file.is_file():
            try:
                content = file.read_bytes()
            except OSError as error:
                raise SeriesError(f"{file}: cannot be read ({error.strerror or error}).") from None
            digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()
