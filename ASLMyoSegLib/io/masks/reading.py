"""Masks that others drew, in whatever format, on the grid of a series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...errors import SeriesError
from ...series import ASLSeries
from ...words import counted
from ..dicom.reading import Source
from ..frames import frames_of_file
from ..statement import Hints
from .dicom_objects import find_mask_objects, read_dicom_masks
from .label_maps import read_label_map
from .segments import Marked, choose, on_grid

NO_HINTS = Hints()
INSIDE = 0.9
"""Least share of a mask that lies within the images, of what lies in their slices."""


def read_masks(
    path: str | Path,
    series: ASLSeries,
    segment: str | None = None,
    sources: Sequence[Source] = (),
    *,
    anyway: bool = False,
    hints: Hints = NO_HINTS,
    notes: list[str] | None = None,
) -> np.ndarray:
    """Masks of a series, bool (frame, slice, y, x).

    They are laid on the images' grid by where they lie in the patient; pictures and arrays, which
    say no place, pixel by pixel. A mask without frames serves all of them, as does a DICOM object
    that was drawn on the images of one frame only. Of one for each frame, those of M0 may lack.

    Args:
        path: a label map (NIfTI, NRRD, MetaImage, a picture, a MATLAB file, of one frame or as many
            as the series or its file), a segmentation of Slicer (``.seg.nrrd``), a DICOM
            segmentation or RT structure set, or a folder of these two.
        series: the images.
        segment: which to take of several, by its name or number; None takes the only one, or the
            one called myocardium, by name or by SNOMED CT.
        sources: of `series_sources`, by which DICOM objects tell on which frames they were drawn,
            and whether they were drawn on these images at all.
        anyway: whether DICOM objects that were not are taken too.
        hints: what a person states of the series' file, such as the axes of its arrays.
        notes: what is assumed is added.

    Raises:
        SeriesError: where the file is damaged or unclear, or its mask cannot be one of the series.
    """
    path = Path(path)
    notes = [] if notes is None else notes
    objects = find_mask_objects(path)
    segments = (
        read_dicom_masks(path, objects, series, sources, anyway, notes)
        if objects
        else read_label_map(path, series, hints, notes)
    )
    chosen = choose(path, segments, segment)
    if chosen.empty:
        raise SeriesError(
            f"{path}: {chosen.name!r} marks nothing in the slices of the series; choose another "
            "segment, or outline the muscle on the images."
        )
    frames = len(series.images)
    alone = len(chosen.masks) == 1
    if not objects and not alone:
        chosen = replace(chosen, masks=_of_series(path, chosen.masks, series, notes))
    masks = np.zeros(series.images.shape, bool)
    for frame, marked in chosen.masks.items():
        _check_slices(path, chosen.name, marked, series)
        _check_place(path, chosen.name, marked, series)
        masks[slice(None) if frame is None or alone else frame] |= _on_images(marked, series)
    masks[:, _blank(series)] = False
    if not masks.any():
        raise SeriesError(
            f"{path}: nothing that {chosen.name!r} marks lies in a slice of the series; it was "
            "drawn on images of another place or patient."
        )
    for frame in range(frames):
        if masks[frame].all((1, 2)).any():
            raise SeriesError(
                f"{path}: {chosen.name!r} marks every pixel of frame {frame}; give a mask of the "
                "muscle alone."
            )
    return masks


def _of_series(
    path: Path, masks: Mapping[int | None, Marked], series: ASLSeries, notes: list[str]
) -> dict[int | None, Marked]:
    """Masks of frames by the frames of the series: there may be one of each, one of each frame of
    its file, or one of each control and label."""
    drawn, frames = [masks[frame] for frame in sorted(masks)], range(len(series.images))
    count, kept = frames_of_file(series)
    pairs = [frame for frame in frames if series.volume_types[frame] != "m0scan"]
    if len(drawn) == len(frames):
        return dict(zip(frames, drawn, strict=True))
    if len(drawn) == count:
        return {frame: drawn[of_file] for frame, of_file in enumerate(kept)}
    if len(drawn) == len(pairs):
        notes.append(f"{path.name} has masks of control and label in turn, and none of M0.")
        return dict(zip(pairs, drawn, strict=True))
    raise SeriesError(
        f"{path}: has masks of {counted(len(drawn), 'frame')}, where the series has "
        f"{len(frames)}; give one for all, or one for each."
    )


def _blank(series: ASLSeries) -> np.ndarray:
    """Slices in which no image shows anything, bool (slice,)."""
    return (series.images.min((2, 3)) == series.images.max((2, 3))).all(0)


def _on_images(marked: Marked, series: ASLSeries) -> np.ndarray:
    """The mask on the images as they stand, bool (slice, y, x)."""
    array, geometry = marked
    shape, stored = series.images.shape[1:], series.on_file
    if array.shape == stored.stored_shape(shape) and not geometry.difference(stored.geometry):
        return stored.standing(array) >= 0.5
    return on_grid(marked, series.geometry, shape)


def _check_slices(path: Path, name: str, marked: Marked, series: ASLSeries) -> None:
    """Refuse a mask that has the series' grid, but marks more slices than the series has."""
    array, geometry = marked
    slices, *_ = series.on_file.stored_shape(series.images.shape[1:])
    beyond = len(array) > slices and array[slices:].any()
    if beyond and not geometry.difference(series.on_file.geometry):
        its = counted(int(array.any((1, 2)).sum()), "slice")
        raise SeriesError(
            f"{path}: {name!r} marks {its}, where the series has {slices} on the same "
            "grid; cut it to these."
        )


def _check_place(path: Path, name: str, marked: Marked, series: ASLSeries) -> None:
    """Refuse a mask of which much lies beside the images, in the slices that it shares with them.

    What lies above and below is left out: masks of whole hearts may be laid on a single slice.
    """
    array, geometry = marked
    voxels = np.argwhere(array >= 0.5)[:, ::-1]  # as (x, y, slice)
    points = voxels @ geometry.axes.T + geometry.origin
    pixels = (points - np.array(series.geometry.origin)) @ np.linalg.inv(series.geometry.axes).T
    slices, rows, columns = series.images.shape[1:]
    shared = np.abs(pixels[:, 2] - (slices - 1) / 2) <= slices / 2
    inside = (np.abs(pixels[:, :2] * 2 - (columns - 1, rows - 1)) <= (columns, rows)).all(1)
    if shared.any() and inside[shared].mean() < INSIDE:
        share = 100 * (1 - inside[shared].mean())
        raise SeriesError(
            f"{path}: {share:.0f} % of what {name!r} marks in the series' slices lies outside of "
            "the images; it was drawn on images of another place or patient, or lost its geometry."
        )
