"""Label maps of any image format, and Slicer's segmentations, which are NRRD with named labels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...errors import SeriesError
from ...series import Geometry
from ..images.headers import read_header
from ..images.nifti import read_volume
from ..terminology import SLICER_TAG
from .seg_nrrd import FRAME_TAG, LABELMAP
from .segments import Segment

MOST_LABELS = 64
"""Different values above which an image is no label map."""


def read_label_map(path: Path) -> list[Segment]:
    """The segments of a label map; of a map without names, each value is one.

    Raises:
        SeriesError: where the file is damaged, or its pixels are no labels.
    """
    array, geometry = read_volume(path)
    fields = _fields(path)
    if any(re.fullmatch(r"segment[0-9]+_id", key) for key in fields):
        return _slicer_segments(path, array, geometry, fields)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise SeriesError(f"{path}: has pixels that are NaN or infinite; export the mask anew.")
    values = np.unique(array)
    fractions = array.dtype.kind == "f" and (values != np.round(values)).any()
    if fractions and 0 <= values[0] <= values[-1] <= 1:
        return [Segment("probability", _by_frame(array, geometry))]
    if fractions or values[0] < 0 or len(values) > MOST_LABELS + 1:
        raise SeriesError(
            f"{path}: is an image with values from {values[0]:g} to {values[-1]:g}, no mask; give "
            "one that is 0 outside of the muscle."
        )
    return [
        Segment(f"label {value:g}", _by_frame(array == value, geometry), (f"{value:g}",))
        for value in values[values != 0]
    ]


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
    for number in sorted(numbers, key=int):  # as written: a damaged file has 00 for 0
        prefix = f"segment{number}_"
        name = fields.get(f"{prefix}name", fields[f"{prefix}id"])
        tags = dict(
            tag.split(":", 1)
            for tag in fields.get(f"{prefix}tags", "").split("|")
            if ":" in tag
        )  # fmt: skip
        try:
            layer = layers[int(fields.get(f"{prefix}layer", 0))]
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
