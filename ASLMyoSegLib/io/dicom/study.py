"""Which series lie in folders of DICOM files, which may be ASL, and what they are called."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from ...errors import SeriesError
from ..files import files_beneath
from ..images.numbered import natural
from .elements import WORDS
from .files import is_dicom
from .parts import PAIR, is_volume, series_in, together
from .record import Record, frames_of, read_record
from .types import ASL_NAMES, is_m0, kind_of_all, told_types

SAYS_M0, SAYS_NOTHING, SAYS_ASL, TELLS_TYPES = range(4)
"""What is looked for where there is nothing better, from the least: M0 of its own goes with others,
but a series can be called after the M0 that it includes."""
ONE_IMAGE = "one image of each place, where control and label are needed"


@dataclass
class Survey:
    """What was found beneath a folder.

    Attributes:
        series: first file of each that may be ASL, in natural order.
        left_out: sentences on other DICOM series, and on files that are damaged.
    """

    series: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def survey(folder: Path) -> Survey:
    """Find the series beneath a folder that may be ASL.

    Those of which every frame tells whether it is control or label, where there are some; else
    those called ASL; else all that could be pairs.
    """
    groups, told = _grouped(folder)
    groups = together(groups)
    ranked = [(_rank(g), _why_not(g) or _why_not_here(g, groups), g) for g in groups]
    best = max((rank for rank, why_not, _ in ranked if not why_not), default=None)
    found: list[Sequence[Record]] = []
    m0_alone: list[str] = []
    for rank, why_not, records in ranked:
        if rank == best and not why_not:
            found.append(records)
            continue
        aside = m0_alone if rank == SAYS_M0 else told
        aside.append(f"{_called(records[0])}: {why_not or 'does not say that it is ASL'}.")
    if all(_includes_m0(records) for records in found):  # else it may go with one of them
        told += m0_alone
    return Survey([records[0].path for records in found], told)


def is_dicomdir(path: Path) -> bool:
    """Whether a file is a DICOMDIR, the table of contents of its folder."""
    return path.name.upper() == "DICOMDIR" and path.is_file()


def dicom_name(path: Path) -> str:
    """``series-003_asl-rest``: number and those words of the description that name nobody.

    Where another series in the folder is called the same, a digest of the series' identifier
    follows.
    """
    own = read_record(path)
    with suppress(SeriesError):  # whoever reads the series is told
        own = parts_of(path)[0][0]
    name = plain_name(own)
    for other in _images_in(own.path.parent):
        if other.series != own.series and plain_name(other) == name:
            return f"{name}_{series_digest(own)[:4]}"
    return name


def series_digest(record: Record) -> str:
    """Of the identifier of a file's series, which others would trace to the patient."""
    return hashlib.sha256(record.series.encode()).hexdigest()


def series_of(path: Path) -> list[Record]:
    """Records of the series of a file, as far as it lies in the same folder, in natural order.

    Raises:
        SeriesError: where one in the folder is damaged, as it might be of this series.
    """
    own = read_record(path)
    if not own.kind:
        raise SeriesError(f"{path}: is DICOM, but no MR image; give an image of the series.")
    records = map(read_record, _files_in(path.parent))
    return [record for record in records if record.kind and record.series == own.series]


def parts_of(path: Path) -> list[list[Record]]:
    """The series of a file, as `series_of` has it; where it is all control, all label, or a single
    volume, with those that hold the others (see `parts.together`), controls first.

    Raises:
        SeriesError: as `series_of`.
    """
    own = series_of(path)
    if kind_of_all(frames_of(own)) not in PAIR and not is_volume(own):
        return [own]
    first = own[0]
    return next(
        series_in(group)
        for group in together(_groups_of_study(first))
        if any(record.path == first.path for record in group)
    )


def m0_beside(path: Path) -> list[list[Record]]:
    """Series of the same patient and study that say they are M0, each in natural order.

    They are looked for in the folder of a file, and in the folders beside it whose first file is of
    the same study; of a series in several, the files in the first count. Damaged files are none.
    """
    own = read_record(path)
    first: dict[str, list[Record]] = {}
    for records in _groups_of_study(own):
        if records[0].series != own.series and is_m0(frames_of(records)):
            first.setdefault(records[0].series, records)
    return list(first.values())


def plain_name(record: Record) -> str:
    """Number of a series, and those words of its description that name nobody."""
    number = "series" if record.number is None else f"series-{record.number:03d}"
    return "_".join((number, *(["-".join(record.called)] if record.called else ())))


def _grouped(folder: Path) -> tuple[list[list[Record]], list[str]]:
    """Images beneath a folder by series and folder; and sentences on other files, where they are
    damaged, or where there are no images."""
    groups: dict[tuple[Path, str], list[Record]] = {}
    told, others = [], 0
    for path in sorted(files_beneath(folder), key=_by_number):
        if path.name.startswith(".") or not is_dicom(path):
            continue
        try:
            record = read_record(path)
        except SeriesError as error:
            told.append(str(error))
            continue
        if record.kind:
            groups.setdefault((path.parent, record.series), []).append(record)
        else:
            others += 1
    if others and not groups:
        told.append(f"DICOM files that are no MR images: {others}.")
    return list(groups.values()), told


def _groups_of_study(own: Record) -> list[list[Record]]:
    """Series of the patient and study of a file by folder, in its folder and in those beside it
    whose first file is of the same study. Damaged files are none."""
    folders = [own.path.parent]
    with suppress(OSError):  # of a folder that may be entered, but not listed
        beside = sorted(own.path.absolute().parent.parent.iterdir(), key=_by_number)
        folders += [
            folder
            for folder in beside
            if own.study and folder.is_dir() and not folder.samefile(own.path.parent)
            if _first_study(folder) == own.study
        ]
    groups: dict[tuple[str, Path], list[Record]] = {}
    for record in chain.from_iterable(map(_images_in, folders)):
        if (record.study, record.patient) == (own.study, own.patient):
            groups.setdefault((record.series, record.path.parent), []).append(record)
    return list(groups.values())


def _called(record: Record) -> str:
    return f"{record.path} ({plain_name(record)})"


def _by_number(path: Path) -> Any:
    return natural(str(path))


def _files_in(folder: Path) -> list[Path]:
    """DICOM files in a folder, in natural order."""
    files = sorted(folder.iterdir(), key=_by_number)
    return [file for file in files if not file.name.startswith(".") and is_dicom(file)]


def _images_in(folder: Path) -> Iterator[Record]:
    """Of the same, those that hold images and are not damaged."""
    for file in _files_in(folder):
        with suppress(SeriesError):  # whoever reads the series is told
            if (record := read_record(file)).kind:
                yield record


def _first_study(folder: Path) -> str:
    """Study of the first file of a folder; empty where that is no DICOM."""
    with suppress(OSError, SeriesError):
        visible = (file for file in folder.iterdir() if not file.name.startswith("."))
        first = min(visible, key=_by_number, default=folder)
        return read_record(first).study if is_dicom(first) else ""
    return ""


def _why_not(records: Sequence[Record]) -> str:
    """Why a series cannot be ASL; empty where it may be."""
    if "LOCALIZER" in records[0].image_type.upper().split():
        return "a localizer"
    frames = [frame for frame in frames_of(records) if not frame.instead]
    if not frames:
        return f"{records[0].frames[0].instead}, where magnitude is needed"
    places = Counter(frame.position for frame in frames)
    if set(places) == {None}:
        return "no position (0020,0032), as of a screen shot"
    if max(places.values()) < 2:
        return ONE_IMAGE
    return ""


def _why_not_here(records: Sequence[Record], groups: Sequence[Sequence[Record]]) -> str:
    """Why a series is not taken as others are there: its files lie in one of several folders,
    unless that is the first, and others have nothing but copies; or it was derived from such as are
    beside it. Empty where it may be."""
    same = [group for group in groups if group[0].series == records[0].series]
    contents = [{record.instance for record in group} for group in same]
    if any(content != contents[0] for content in contents):
        return f"its files lie in {len(same)} folders; put them into one"
    if records is not same[0]:
        return f"the same files as in {same[0][0].path.parent}"
    study = [group for group in groups if group[0].study == records[0].study]
    originals = [group for group in study if not _is_derived(group)]
    if _is_derived(records) and any(_rank(group) >= _rank(records) for group in originals):
        return "derived images (0008,0008), where originals are in the same study"
    return ""


def _is_derived(records: Sequence[Record]) -> bool:
    return all(frame.derived for frame in frames_of(records))


def _includes_m0(records: Sequence[Record]) -> bool:
    told = told_types(frames_of(records))
    return told is not None and "m0scan" in told[0]


def _rank(records: Sequence[Record]) -> int:
    """How likely a series is ASL: one of the constants above."""
    frames = frames_of(records)
    if is_m0(frames):
        return SAYS_M0
    if told_types(frames):
        return TELLS_TYPES
    names = " ".join(frames[0].words[WORDS.index("ImageType") :])
    return SAYS_ASL if ASL_NAMES.search(names.lower()) else SAYS_NOTHING
