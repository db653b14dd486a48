"""Which series lie where, and the format that reads each."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ..errors import SeriesError
from ..series import ASLSeries
from .bids import files_of, find_bids, read_bids, volume_name
from .dicom import Survey, dicom_files, dicom_name, is_directory, read_dicom, survey
from .dicom_files import is_dicom
from .files import sha256
from .statement import Hints, complete

NO_HINTS = Hints()


def find_series(path: str | Path) -> list[Path]:
    """Every ASL series beneath a folder (or the one file given), sorted; no derivatives.

    Of a DICOM series it is the first file. In a folder that holds BIDS, DICOM is not looked for.

    Raises:
        SeriesError: where there is none.
    """
    path = Path(path)
    try:
        if is_directory(path):
            path = path.parent
        if path.is_file():
            return [path]
        if not path.is_dir():
            problem = (
                "is neither a file nor a folder" if path.exists() else "no such file or folder"
            )
            raise SeriesError(f"{path}: {problem}.")
        os.scandir(path).close()  # which says why, where what follows finds nothing
        found = find_bids(path)
        dicom = Survey() if found else survey(path)
    except OSError as error:
        raise SeriesError(f"{path}: cannot be read ({error.strerror or error}).") from None
    if not found and not dicom.series:
        others = f" Not taken: {' '.join(dicom.left_out[:4])}" if dicom.left_out else ""
        raise SeriesError(
            f"{path}: holds no ASL series, neither *_asl.nii.gz (BIDS) nor DICOM images.{others}"
        )
    return found or dicom.series


def left_out(path: str | Path) -> tuple[str, ...]:
    """Why `find_series` left DICOM series and files out, in sentences."""
    path = Path(path)
    folder = path.parent if is_directory(path) else path
    return () if not folder.is_dir() or find_bids(folder) else tuple(survey(folder).left_out)


def series_name(path: Path) -> str:
    """Short name of a series that `find_series` found, for people and for files of results.

    Raises:
        SeriesError: where the file is damaged.
    """
    return dicom_name(path) if is_dicom(path) else volume_name(path)


def read_series(path: str | Path, hints: Hints = NO_HINTS) -> ASLSeries:
    """Read one series, checked at the door.

    Args:
        path: ``*_asl.nii[.gz]``, or another image of four dimensions such as a sequence that Slicer
            saved (``.seq.nrrd``), with ``_asl.json`` and ``_aslcontext.tsv`` beside it; or a folder
            that holds just one ``*_asl.nii[.gz]``; or a DICOM file, which brings the rest of its
            series in the same folder, or a folder with one such series.
        hints: what files do not say.

    Raises:
        SeriesError: where a file is missing, damaged, or contradicts another.
    """
    found = find_series(path)
    if len(found) > 1:
        names = ", ".join(f"{file.name} is {series_name(file)}" for file in found[:4])
        raise SeriesError(f"{path}: holds {len(found)} series ({names}, ...); give one of them.")
    read = read_dicom if is_dicom(found[0]) else read_bids
    return complete(read(found[0]), found[0], hints)


def input_digest(path: Path, *others: Path | None) -> str:
    """SHA-256 of the content of a series' files and of `others`, by which the same is known again.

    Raises:
        SeriesError: where a file cannot be read.
    """
    digest = hashlib.sha256()
    own = dicom_files(path) if is_dicom(path) else files_of(path)
    for file in (*own, *others):
        if file is not None and file.is_file():
            digest.update(bytes.fromhex(sha256(file)))
    return digest.hexdigest()
