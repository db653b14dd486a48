"""Label maps of any image format, and Slicer's segmentations, which are NRRD with named labels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...errors import SeriesError
from ...series import ASLSeries, Geometry
from ...words import counted
from ..frames import frames_of_file
from ..images.axes import read_any
from ..images.headers import read_header
from ..images.matlab import read_matlab_mask
from ..images.pictures import is_picture
from ..statement import Hints
from ..terminology import SLICER_TAG
from .seg_nrrd import FRAME_TAG, LABELMAP
from .segments import Segment

MOST_LABELS = 64
"""Different values above which an image is no label map."""
WHOLE = 0.03
"""Share of a label by which programs that scale and round change it: 2.0235 is label 2."""
SHADES = 8
"""Different grey values above which a picture of masks is one of soft edges."""


def read_label_map(path: Path, series: ASLSeries, hints: Hints, notes: list[str]) -> list[Segment]:
    """The segments of a label map; of a map without names, each value is one.

    Args:
        path: an image of any format, a picture, or a MATLAB file.
        series: on whose pixels a map lies that says no place.
        hints: the axes of arrays in MATLAB files.
        notes: what is assumed is added.

    Raises:
        SeriesError: where the file is damaged, or its pixels are no labels.
    """
    array, geometry = _on_grid_of(path, series, hints, notes)
    fields = _fields(path)
    if any(re.fullmatch(r"segment[0-9]+_id", key) for key in fields):
        return _slicer_segments(path, array, geometry, fields)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise SeriesError(f"{path}: has pixels that are NaN or infinite; export the mask anew.")
    values = np.unique(array)
    whole = np.round(values)
    if is_picture(path) and len(values) > SHADES and values[0] >= 0:
        notes.append(f"{path.name} has soft edges: muscle is what is brighter than half.")
        return [Segment("picture", _by_frame(array / float(values[-1]), geometry))]
    if array.dtype.kind == "f" and (values != whole).any():
        if (np.abs(values - whole) <= WHOLE * np.maximum(np.abs(whole), 1)).all():
            array, values = np.round(array), np.unique(whole)
            notes.append(f"{path.name} has labels that are not whole numbers; they are rounded.")
        elif 0 <= values[0] <= values[-1] <= 1 + WHOLE:
            return [Segment("probability", _by_frame(array, geometry))]
    if (values != np.round(values)).any() or values[0] < 0 or len(values) > MOST_LABELS + 1:
        raise SeriesError(
            f"{path}: is an image with values from {values[0]:g} to {values[-1]:g}, no mask; give "
            "one that is 0 outside of the muscle."
        )
    return [
        Segment(f"label {value:g}", _by_frame(array == value, geometry), (f"{value:g}",))
        for value in values[values != 0]
    ]


def _on_grid_of(
    path: Path, series: ASLSeries, hints: Hints, notes: list[str]
) -> tuple[np.ndarray, Geometry]:
    """Pixels, (frame, slice, y, x) or (slice, y, x), and where they lie: on those of the series
    where the file does not say it."""
    place = series.on_file.geometry
    shape = series.on_file.stored_shape(series.images.shape[1:])
    if path.suffix.lower() == ".mat":
        array = read_matlab_mask(path, (frames_of_file(series)[0], *shape), hints)
        notes.append(f"{path.name} says no place: it is taken to lie on the pixels of the series.")
        return array, place
    array, geometry = read_any(path, notes)
    if array.shape[-3:] == shape and not (geometry.known and place.known):
        lost = path.name if place.known else "The series"
        notes.append(f"{lost} says no place: masks are taken to lie on the pixels of the series.")
        return array, place
    if array.ndim == 4 or (array.ndim == 3 and np.isfinite(geometry.spacing).all()):
        return array, geometry
    if array.shape[-2:] != shape[1:]:
        raise SeriesError(
            f"{path}: has {array.shape[-1]}x{array.shape[-2]} pixels and says no place, but "
            f"the series {shape[2]}x{shape[1]}; export the mask on the images."
        )
    pages = 1 if array.ndim == 2 else len(array)
    slices, frames = shape[0], frames_of_file(series)[0]
    if pages not in (slices, frames * slices):
        raise SeriesError(
            f"{path}: has masks of {counted(pages, 'slice')} and says no place, where the series "
            f"has {slices}; give one of each."
        )
    notes.append(f"{path.name} says no place: it is taken to lie on the pixels of the series.")
    array = array.reshape(-1, *shape)
    return array[0] if len(array) == 1 else array, place


def _by_frame(array: np.ndarray, geometry: Geometry) -> dict[int | None, tuple]:
    if array.ndim == 3:
        return {None: (array, geometry)}
    return {frame: (volume, geometry) for frame, volume in enumerate(array)}


def _fields(path: Path) -> dict[str, str]:
    """What an NRRD header says of segments, by lower-case name."""
    header = read_header(path)
    fields = header.fields if header else {}
    return {k: v.removeprefix("=").strip() for k, v in fields.items() if k.startswith("segment")}


def _slicer_segments(
    path: Path, array: np.ndarray, geometry: Geometry, fields: Mapping[str, str]
) -> list[Segment]:
    """Segments by name, of which each is a value in one of the layers of the image."""
    source = fields.get("segmentation_sourcerepresentation") or fields.get(
        "segmentation_masterrepresentation", LABELMAP
    )
    if source != LABELMAP:
        raise SeriesError(
            f"{path}: holds a {source.lower()}; in Slicer, make the binary labelmap the source "
            "representation and save again."
        )
    layers = array if array.ndim == 4 else array[np.newaxis]
    found: dict[str, Segment] = {}
    numbers = (k[7:-3] for k in fields if re.fullmatch(r"segment[0-9]+_id", k))
    ordered = sorted(numbers, key=int)  # as written: a damaged file has 00 for 0
    # Files of Slicer 4 have a layer for each segment, and say neither layers nor labels.
    several = len(ordered) > 1
    old = several and len(layers) == len(ordered)
    for k, number in enumerate(ordered):
        prefix = f"segment{number}_"
        name = fields.get(f"{prefix}name", fields[f"{prefix}id"])
        tags = dict(
            tag.split(":", 1)
            for tag in fields.get(f"{prefix}tags", "").split("|")
            if ":" in tag
        )  # fmt: skip
        if several and not old and f"{prefix}labelvalue" not in fields:
            raise SeriesError(
                f"{path}: does not say which label its segment {name!r} has (LabelValue), which "
                "Slicer needs as well; save it again, or give --masks a label map."
            )
        try:
            layer = layers[int(fields.get(f"{prefix}layer", k if old else 0))]
            mask = layer == int(fields.get(f"{prefix}labelvalue", 1))
            frame = int(tags[FRAME_TAG]) if FRAME_TAG in tags else None
        except (ValueError, IndexError):
            raise SeriesError(
                f"{path}: layer or label of its segment {name!r} cannot be; save it again."
            ) from None
        parts = [part.split("^") for part in tags.get(SLICER_TAG, "").split("~")]
        codes = tuple(part[1] for part in parts if len(part) == 3 and part[0] == "SCT")
        # Masks of frames are segments of their own in Slicer, and one here.
        key = number if frame is None else "frames"
        earlier = found[key].masks if key in found else {}
        label = name if frame is None else name.split(",")[0]
        found[key] = Segment(
            label, {**earlier, frame: (mask, geometry)}, (fields[f"{prefix}id"],), codes
        )
    return list(found.values())
