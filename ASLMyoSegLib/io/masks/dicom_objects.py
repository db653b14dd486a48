"""Masks as DICOM keeps them: segmentations and RT structure sets, one file or a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...errors import SeriesError
from ...series import ASLSeries
from ..dicom.files import is_dicom
from ..dicom.reading import Source
from ..dicom.record import read_record
from ..files import files_beneath
from ..images.numbered import natural
from .dicom_seg import SEGMENTATIONS, read_segmentations
from .rtstruct import STRUCTURE_SET, read_structure_set
from .segments import Segment

STUDY = "study (0020,000D)"


def find_mask_objects(path: Path) -> dict[Path, str]:
    """The objects that hold masks, and their SOP class, of a DICOM file or a folder of them.

    It is empty for files of another format.

    Raises:
        SeriesError: where DICOM files are damaged or hold no masks.
    """
    try:
        files = list(files_beneath(path)) if path.is_dir() else [path]
    except OSError as error:
        raise SeriesError(f"{path}: cannot be read ({error.strerror or error}).") from None
    files = [file for file in sorted(files, key=lambda f: natural(str(f))) if is_dicom(file)]
    if not files and path.is_dir():
        raise SeriesError(f"{path}: a folder without DICOM files; give one file of masks.")
    found = {}
    for file in files:
        kind = read_record(file).sop_class
        if kind in (*SEGMENTATIONS, STRUCTURE_SET):
            found[file] = kind
    if files and not found:
        raise SeriesError(
            f"{path}: is DICOM, but neither segmentation nor RT structure set; give one of these."
        )
    if STRUCTURE_SET in found.values() and len(found) > 1:
        names = ", ".join(file.name for file in list(found)[:4])
        raise SeriesError(f"{path}: holds several sets of masks ({names}); give one of them.")
    return found


def read_dicom_masks(
    path: Path,
    objects: dict[Path, str],
    series: ASLSeries,
    sources: Sequence[Source],
    anyway: bool,
    notes: list[str],
) -> list[Segment]:
    """Segments of what `find_mask_objects` found.

    Args:
        path: for messages.
        objects: files, and their SOP class.
        series: the images.
        sources: which DICOM images they are; empty where they are none.
        anyway: whether masks of another patient, study or frame of reference are taken too.
        notes: what is assumed is added.

    Raises:
        SeriesError: where a file is damaged or contradicts itself, or was drawn on other images
            than these.
    """
    for file in () if anyway else objects:
        _check_belongs(file, sources, notes)
    slices = series.images.shape[1]
    frames: dict[str, dict[int | None, int]] = {}
    for k, source in enumerate(sources):
        frames.setdefault(source.instance, {})[source.number] = k // slices
    if STRUCTURE_SET in objects.values():
        return read_structure_set(next(iter(objects)), series, frames)
    return read_segmentations(path, list(objects), frames)


def _check_belongs(file: Path, sources: Sequence[Source], notes: list[str]) -> None:
    """Refuse masks of another patient or frame of reference, or, where that is not said, of another
    study; what one of both does not say is no difference."""
    masks = read_record(file)
    images = {record.path: record for record in (read_record(s.path) for s in sources)}.values()
    apart = [
        what
        for what, name in (
            ("patient (0010,0020)", "patient"),
            ("frame of reference (0020,0052)", "space"),
            (STUDY, "study"),
        )
        if (ours := getattr(masks, name))
        and (theirs := {value for image in images if (value := getattr(image, name))})
        and ours not in theirs
    ]
    if apart == [STUDY] and masks.space and masks.space in {image.space for image in images}:
        notes.append(
            f"{file.name} was drawn on images of another {STUDY}, but of the same frame of "
            "reference (0020,0052): it is taken."
        )
    elif apart:
        raise SeriesError(
            f"{file}: was drawn on images of another {', '.join(apart)}; give masks of this "
            "series, or, where you know that they are, say --masks-anyway."
        )
