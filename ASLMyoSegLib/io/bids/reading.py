"""ASL series as BIDS keeps them: image, JSON side-car, and a table that says what each frame is."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import SeriesError
from ...series import Geometry
from ...words import shortened
from ..files import files_beneath, is_aside, read_text
from ..frames import check_types, no_magnitude, volume_types_of
from ..statement import DIFFERENT, Hints, RawSeries
from .derivatives import is_result
from .m0 import separate_m0
from .rules import check_m0, open_questions
from .side_cars import SideCars, find_m0scan, find_side_cars, inherited, volume_name
from .values import refuse_other_images, understood
from .writing import OURS

SUFFIXES = ("_asl.nii.gz", "_asl.nii")
TIME_KEYS = ("PostLabelingDelay", "InversionTime")


def find_bids(folder: Path) -> tuple[list[Path], list[str]]:
    """Every ``*_asl.nii[.gz]`` beneath a folder, sorted, and why others are none; no derivatives,
    nothing hidden."""
    found, left_out = [], []
    for file in sorted(files_beneath(folder)):
        called = file.name.endswith(SUFFIXES) and not is_aside(file.relative_to(folder))
        if not called or file.is_dir() or is_result(file):
            continue
        if kind := no_magnitude(file.name):
            left_out.append(f"{file}: is an image of {kind}, no magnitude.")
        else:
            found.append(file)
    return found, left_out


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
    refuse_other_images(beside)
    notes = list(beside.notes)
    values = understood(beside, notes)
    types = None
    if beside.context.is_file() or beside.context.is_symlink():
        types = _context(beside, path, hints, notes)
        if hints.volume_types is None:
            check_types(types, str(beside.context))
            if len(types) == len(images):
                check_m0(beside, values, types)
    stated = types if hints.volume_types is None else hints.volume_types
    if stated is not None and beside.values and path.name.endswith(SUFFIXES):
        notes += open_questions(beside, values, stated, images.shape[1])
    m0 = separate_m0(path, images, geometry, beside, values, stated or ())
    metadata = {key: value for key, value in values.items() if key not in OURS}
    if m0:
        notes += m0.notes
        metadata["M0Scan"] = m0.says
    if notes:
        metadata["Notes"] = notes
    key = next((k for k in TIME_KEYS if k in values), TIME_KEYS[0])
    problem = _two_times(beside, values)
    return RawSeries(
        images=images,
        geometry=geometry,
        name=volume_name(path),
        volume_types=types,
        inversion_time=None if problem else values.get(key, beside.values.get(key)),
        metadata=metadata,
        types_from=str(beside.context),
        times_from=beside.where(key),
        times_problem=problem,
        m0=m0.frames if m0 else None,
        m0_from=m0.file.name if m0 else "",
    )


def _two_times(beside: SideCars, values: Mapping[str, Any]) -> str:
    """How the two fields of inversion times contradict each other; empty where they do not."""
    times = [np.atleast_1d(np.array(values[key], float)) for key in TIME_KEYS if key in values]
    if len(times) < 2:
        return ""
    ours, theirs = (np.unique(t[t > 0]) for t in times)
    if ours.shape == theirs.shape and np.allclose(ours, theirs, rtol=DIFFERENT):
        return ""
    said = " and ".join(f"{key} {shortened(values[key])} s" for key in TIME_KEYS)
    return f"{beside.where(TIME_KEYS[0])}: {said} contradict each other"


def _context(beside: SideCars, path: Path, hints: Hints, notes: list[str]) -> tuple[str, ...]:
    """What the table says, where it is needed or can be read."""
    try:
        return volume_types_of(read_context(beside.context), beside.context.name, notes)
    except SeriesError:
        if hints.volume_types is None:
            raise
        return ()


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
