"""ASL series as BIDS keeps them: image, JSON side-car, and a table that says what each frame is."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from ...errors import SeriesError
from ...series import Geometry
from ..files import is_aside, read_text
from ..statement import Hints, RawSeries, check_types, shortened
from .m0 import separate_m0
from .rules import check_m0, check_values, open_questions
from .side_cars import find_m0scan, find_side_cars, inherited, volume_name

SUFFIXES = ("_asl.nii.gz", "_asl.nii")
TIME_KEYS = ("PostLabelingDelay", "InversionTime")


def find_bids(folder: Path) -> list[Path]:
    """Every ``*_asl.nii[.gz]`` beneath a folder, sorted; no derivatives, nothing hidden."""
    return sorted(
        file
        for file in folder.rglob("*_asl.nii*")
        if file.name.endswith(SUFFIXES)
        and not file.is_dir()
        and not is_aside(file.relative_to(folder))
    )


def belonging(path: Path) -> list[Path]:
    """What belongs to a file or folder of images: side-cars, and an M0 scan of its own.

    Raises:
        SeriesError: where a side-car is damaged.
    """
    m0scan = find_m0scan(path)
    its = [m0scan, *inherited(m0scan, "m0scan.json")] if m0scan else []
    return [*find_side_cars(path).files, *its]


def with_side_cars(images: np.ndarray, geometry: Geometry, path: Path, hints: Hints) -> RawSeries:
    """Frames (frame, slice, y, x) of a file or folder with what the side-cars say of them.

    Raises:
        SeriesError: where a side-car is damaged, or contradicts another or the images.
    """
    beside = find_side_cars(path)
    check_values(beside)
    types = hints.volume_types
    if types is None and (beside.context.is_file() or beside.context.is_symlink()):
        types = read_context(beside.context)
        check_types(types, images, path, str(beside.context))
        check_m0(beside, types)
    notes: list[str] = []
    if types is not None and beside.values and path.name.endswith(SUFFIXES):
        notes += open_questions(beside, types, images.shape[1])
    m0 = separate_m0(path, images, geometry, beside, types or ())
    notes += m0.notes if m0 else []
    key = next((k for k in TIME_KEYS if k in beside.values), TIME_KEYS[0])
    return RawSeries(
        images=images,
        geometry=geometry,
        name=volume_name(path),
        volume_types=types,
        inversion_time=beside.values.get(key),
        metadata={**beside.values, "Notes": notes} if notes else beside.values,
        types_from=str(beside.context),
        times_from=beside.where(key),
        m0=m0.frames if m0 else None,
        m0_from=m0.file.name if m0 else "",
    )


def read_context(path: Path) -> tuple[str, ...]:
    """The volume types that a table says.

    Raises:
        SeriesError: where it is no such table.
    """
    try:
        table = csv.DictReader(read_text(path).splitlines(), delimiter="\t")
        rows, columns = list(table), table.fieldnames or []
    except csv.Error as error:
        raise SeriesError(f"{path}: not a table ({error}); write one row for each frame.") from None
    if "volume_type" not in columns:
        raise SeriesError(
            f"{path}: has no column 'volume_type', which BIDS asks for, but {shortened(columns)}; "
            "mind that tabs stand between columns."
        )
    if columns.count("volume_type") > 1:
        raise SeriesError(f"{path}: has several columns 'volume_type'; keep one.")
    return tuple((row["volume_type"] or "").strip() for row in rows)
