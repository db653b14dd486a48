"""Which series lie where, and the format that reads each."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

from ..errors import SeriesError
from ..series import ASLSeries
from .bids.reading import belonging, find_bids, with_side_cars
from .bids.side_cars import volume_name
from .dicom.files import is_dicom
from .dicom.reading import Source, dicom_files, dicom_sources, read_dicom
from .dicom.record import read_record
from .dicom.study import Survey, dicom_name, is_dicomdir, survey
from .draft import Draft, draft_of
from .files import no_such_file
from .frames import frames_of_file, no_magnitude
from .images.axes import UNKNOWN, read_frames
from .images.headers import read_header
from .images.matlab import read_matlab
from .images.nifti_file import pair_of
from .images.numbered import VOLUMES, find_images, read_numbered, single_images
from .images.pictures import PICTURES
from .statement import Hints, RawSeries, complete

NO_HINTS = Hints()


def find_series(path: str | Path, hints: Hints = NO_HINTS) -> list[Path]:
    """Every ASL series beneath a folder (or the one file given), sorted; no derivatives.

    Of DICOM it is the first file. A folder of single images, one for each frame, is a series. Where
    there is BIDS, DICOM is not looked for; where there is DICOM, other images are not.

    Args:
        path: a file or folder.
        hints: with axes, or the type of one frame, every volume in a folder is a series.

    Raises:
        SeriesError: where there is none.
    """
    found = _look_for(Path(path), hints)
    if not found.series:
        others = f" Not taken: {' '.join(found.left_out[:4])}" if found.left_out else ""
        raise SeriesError(
            f"{path}: holds no ASL series: neither *_asl.nii.gz (BIDS), nor DICOM, nor an image of "
            f"several frames, nor a folder of one image for each frame.{others}"
        )
    return found.series


def left_out(path: str | Path, hints: Hints = NO_HINTS) -> tuple[str, ...]:
    """Why `find_series` left DICOM series and files out, in sentences.

    Raises:
        SeriesError: where there is no such file or folder.
    """
    return tuple(_look_for(Path(path), hints).left_out)


def _look_for(path: Path, hints: Hints) -> Survey:
    try:
        if is_dicomdir(path):
            path = path.parent
        if path.is_file():
            return Survey([path])
        if path.is_symlink() and not path.exists():
            raise SeriesError(no_such_file(path))
        if not path.is_dir():
            problem = (
                "is neither a file nor a folder" if path.exists() else "no such file or folder"
            )
            raise SeriesError(f"{path}: {problem}.")
        os.scandir(path).close()  # which says why, where what follows finds nothing
        found, parts = find_bids(path)
        if found:
            return Survey(found, parts)
        dicom = Survey() if hints.axes is not None else survey(path)
        whole = hints.axes is not None or hints.frames == 1
        if dicom.series:
            return dicom
        found, parts = find_images(path, whole)
        return Survey(found, [*dicom.left_out, *parts])
    except OSError as error:
        raise SeriesError(f"{path}: cannot be read ({error.strerror or error}).") from None


def series_name(path: Path) -> str:
    """Short name of a series that `find_series` found, for people and for files of results.

    Raises:
        SeriesError: where the file is damaged.
    """
    return dicom_name(path) if is_dicom(path) else volume_name(path)


def read_series(
    path: str | Path, hints: Hints = NO_HINTS, *, keep_identifiers: bool = False
) -> ASLSeries:
    """Read one series, checked at the door.

    >>> read_series("scan.mat", Hints(("m0scan", "control", "label"), 1.4, "images",
    ...     ("y", "x", "frame"), (1.9, 1.9)))                        # doctest: +SKIP

    Args:
        path: ``*_asl.nii[.gz]``, or another image of four dimensions (NIfTI, NRRD, MetaImage, a
            sequence that Slicer saved), a MATLAB file, a folder of single images, each with
            ``NAME_asl.json`` and ``NAME_aslcontext.tsv`` beside it; a DICOM file, which brings the
            rest of its series in the same folder; or a folder that holds just one of them.
        hints: what files do not say.
        keep_identifiers: whether metadata keep what tells who the patient is.

    Raises:
        SeriesError: where a file is missing, damaged, or contradicts another.
    """
    found = find_series(path, hints)
    if len(found) > 1:
        names = ", ".join(f"{file.name} is {series_name(file)}" for file in found[:4])
        raise SeriesError(f"{path}: holds {len(found)} series ({names}, ...); give one of them.")
    raw = _read(found[0], hints, hints.frames)
    if keep_identifiers and is_dicom(found[0]):
        raw = replace(raw, metadata={**raw.metadata, **read_record(found[0]).identifiers})
    return complete(raw, found[0], hints, keep_identifiers=keep_identifiers)


def read_draft(path: str | Path) -> Draft:
    """The images of one series that `find_series` found, of which files say too little: what its
    frames are, and their inversion times, is left for a person to say. A file of three dimensions
    is one image.

    Raises:
        UnstatedError: where axes or pixel size are not said either.
        SeriesError: where a file is damaged, or contradicts another.
    """
    path = Path(path)
    names = [file.name for file in single_images(path)] if path.is_dir() else []
    return draft_of(_read(path, NO_HINTS, frames=1), path, names)


def series_sources(
    path: str | Path, hints: Hints = NO_HINTS, series: ASLSeries | None = None
) -> tuple[Source, ...]:
    """The DICOM images that `read_series` reads, in the order (frame, slice); none of others.

    Args:
        path: as `read_series` takes it.
        hints: with which it was read.
        series: that was read; images of frames that it leaves out are none of its sources.

    Raises:
        SeriesError: where a file is damaged, or contradicts another.
    """
    (found,) = find_series(path, hints)
    if not is_dicom(found):
        return ()
    sources = dicom_sources(found, hints)
    if series is None:
        return sources
    count, kept = frames_of_file(series)
    frames = [k // series.images.shape[1] for k in range(len(sources))]
    return tuple(s for s, f in zip(sources, frames, strict=True) if f in kept or f >= count)


def input_digest(path: Path, *others: Path | None, hints: Hints = NO_HINTS) -> str:
    """SHA-256 of the content of a series' files, of `others` and of what was stated of them, by
    which the same is known again.

    Raises:
        SeriesError: where a file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for file in (*_files_of(path, hints), *others):
            if file is not None and file.is_file():
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    except OSError as error:
        where = error.filename or path
        raise SeriesError(f"{where}: cannot be read ({error.strerror or error}).") from None
    if stated := hints.stated():
        digest.update(json.dumps(stated, sort_keys=True).encode())
    return digest.hexdigest()


def _read(path: Path, hints: Hints, frames: int | None = None) -> RawSeries:
    """What the files say; `frames` is how many there are, where a person knows it."""
    notes: list[str] = []
    matlab, name = path.suffix.lower() == ".mat", path.name.lower()
    if kind := no_magnitude(name):
        raise SeriesError(f"{path}: is an image of {kind}, no magnitude; give that of magnitude.")
    if hints.variable is not None and not matlab:
        raise SeriesError(f"{path}: is no MATLAB file, so it has no --variable; leave that out.")
    if is_dicom(path):
        if hints.axes is not None:
            raise SeriesError(f"{path}: DICOM says what its axes are; leave --axes out.")
        return read_dicom(path, hints)
    if path.is_dir():
        if hints.axes is not None:
            raise SeriesError(f"{path}: each of its images is a frame; leave --axes out.")
        images, geometry = read_numbered(path, notes)
    elif matlab:
        images, geometry = read_matlab(path, hints), UNKNOWN
    elif name.endswith((*VOLUMES, ".hdr", *PICTURES)):
        images, geometry = read_frames(path, hints.axes, frames, notes)
    else:
        raise SeriesError(
            f"{path}: a format that is not read; give {', '.join(VOLUMES)}, .mat, or a folder of "
            "single images."
        )
    raw = with_side_cars(images, geometry, path, hints)
    noted = [*notes, *raw.metadata.get("Notes", ())]
    return replace(raw, metadata={**raw.metadata, "Notes": noted}) if noted else raw


def _files_of(path: Path, hints: Hints) -> list[Path]:
    """All that is read with a series; may raise OSError or SeriesError."""
    if is_dicom(path):
        return dicom_files(path, hints)
    files = single_images(path) if path.is_dir() else [path]
    pixels = [header.data for f in files if (header := read_header(f)) and header.data != f]
    pairs = [part for f in files for part in pair_of(f) or () if part != f]
    return [*files, *pixels, *pairs, *belonging(path)]
