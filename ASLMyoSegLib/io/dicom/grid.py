"""Where the frames of a DICOM series lie in space, and in which order they were taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import SeriesError
from ...series import Geometry
from .order import Order
from .record import Frame, not_numbers

TOLERANCE = 1e-3
"""Between cosines, and relative to lengths: what scanners round."""
NEAR = 0.05
"""mm within which frames are of the same slice."""
TIME_AXIS, EVEN, LEAST = 0.5, 0.1, 0.02
"""Spread of trigger times, relative to the last, above which they count on from frame to frame; by
how much of themselves even steps differ; and the least of these, relative to the last time."""
DAY = 86_400
FIELDS = {
    "acquisition": "acquisition number (0020,0012)",
    "temporal": "position in time (0020,0100)",
    "time": "acquisition time (0008,0032)",
    "trigger": "trigger time (0018,1060)",
    "instance": "instance number (0020,0013)",
    "content": "content time (0008,0033)",
}
OF_PAIRS = ("temporal", "content")
"""What may not be of single frames as they were acquired: positions of pairs, and times at which
images were computed."""
PLACE = (
    ("position", "position (0020,0032)", "ImagePositionPatient"),
    ("orientation", "orientation (0020,0037)", "ImageOrientationPatient"),
)
SPACING = ("spacing", "pixel spacing (0028,0030)", "PixelSpacing")


def stacked(path: Path, frames: Sequence[Frame]) -> tuple[list[list[Frame]], Geometry]:
    """Frames by slice, along the normal of the image plane, and their grid.

    Raises:
        SeriesError: where a frame lacks its geometry, or they do not lie in one regular grid.
    """
    frames = _placed(frames)
    _check_alike(path, frames)
    first = frames[0]
    along, down = _axes(first.orientation)
    normal = np.cross(along, down)
    positions = np.array([frame.position for frame in frames])
    heights = positions @ normal
    order = np.argsort(heights, kind="stable")
    starts = np.flatnonzero(np.diff(heights[order], prepend=-np.inf) > NEAR)
    groups = np.split(order, starts[1:])
    origins = np.array([positions[group[0]] for group in groups])
    step = _step(path, frames, groups, origins, normal)
    for group, origin in zip(groups, origins, strict=True):
        apart = np.linalg.norm(positions[group] - origin, axis=1).max()
        if apart > 2 * NEAR:
            raise SeriesError(
                f"{path.parent}: images of one slice lie up to {apart:.2f} mm apart; they cannot "
                "be one series without resampling."
            )
    geometry = Geometry(
        spacing=(first.spacing[1], first.spacing[0], step),
        origin=tuple(float(v) for v in origins[0]),
        direction=tuple(float(v) for v in np.column_stack((along, down, normal)).ravel()),
    )
    return [[frames[i] for i in group] for group in groups], geometry


def ordered(path: Path, slices: list[list[Frame]]) -> tuple[list[list[Frame]], list[str]]:
    """Volumes in the order of acquisition: the frames of all slices at each time; and sentences
    where fields contradict each other.

    Raises:
        SeriesError: where slices have different numbers of frames, or two are of the same time.
    """
    counts = [len(frames) for frames in slices]
    if len(set(counts)) > 1:
        raise SeriesError(
            f"{path.parent}: {counts} images in the {len(slices)} slices of one series; files are "
            "missing, or are there twice."
        )
    orders = {id(f): f.order._asdict() for frames in slices for f in frames}
    said = [n for n in Order._fields if all(order[n] is not None for order in orders.values())]
    if not counts_on([[frame.order.trigger for frame in frames] for frames in slices]):
        said = [name for name in said if name != "trigger"]
    notes, doubts = [], []
    for name in {"time", "content"} & set(said):
        goes_on = _past_midnight([order[name] for order in orders.values()])
        if max(goes_on.values()) > max(goes_on):
            notes.append("Times pass midnight without another date; later ones go on from there.")
        for order in orders.values():
            order[name] = goes_on[order[name]]

    def key(frame: Frame) -> tuple[Any, ...]:
        return tuple(orders[id(frame)][name] for name in said)

    in_time = [sorted(frames, key=key) for frames in slices]
    pairs = [(t, *pair) for frames in in_time for t, pair in enumerate(pairwise(frames))]
    for t, before, after in pairs:
        if key(before) == key(after):
            raise SeriesError(
                f"{before.file}: frame {before.index} and frame {after.index} of "
                f"{after.file.name} have the same position, acquisition and instance number, so "
                "that nothing tells their order; export the series with the times or the numbers "
                "of its images."
            )
        first, then = orders[id(before)], orders[id(after)]
        chosen = next(name for name in said if first[name] != then[name])
        doubts += [
            f"Frame {t} goes before frame {t + 1} by {FIELDS[chosen]}, which is believed, but "
            f"after it by {FIELDS[name]}."
            for name in said
            if name not in OF_PAIRS and _leading(first[name]) > _leading(then[name])
        ]
    return [list(volume) for volume in zip(*in_time, strict=True)], [*notes, *doubts[:1]]


def counts_on(slices: Sequence[Sequence[float | None]]) -> bool:
    """Whether trigger times, of each slice, count on from frame to frame: they spread wide, or go
    on by even steps. Else they are delays after the R wave, which jitter."""
    if any(time is None for times in slices for time in times):
        return False
    longest = max(abs(time) for times in slices for time in times)
    for times in slices:
        steps = np.diff(np.sort(np.array(times, float)))
        even = len(steps) > 1 and steps.min() > max((1 - EVEN) * steps.max(), LEAST * longest)
        if steps.sum() > TIME_AXIS * longest or even:
            return True
    return False


def _past_midnight(times: Sequence[float]) -> dict[float, float]:
    """Times, s, and what they are once those go on that passed midnight without another date."""
    said = sorted(set(times))
    dated = {time: time % DAY if said[0] < DAY else time for time in said}  # some lack a date
    clock = sorted(dated.values())
    if clock[0] // DAY == clock[-1] // DAY and clock[-1] - clock[0] > DAY / 2:
        start = clock[int(np.diff(clock).argmax()) + 1]  # after the longest pause
        return {time: at + DAY * (at < start) for time, at in dated.items()}
    return dated


def _leading(value: Any) -> float:
    """Of an instance, its number alone: frames within an object may have any order."""
    return value[0] if isinstance(value, tuple) else value


def _placed(frames: Sequence[Frame]) -> Sequence[Frame]:
    """Frames whose geometry is complete, but that none need say its pixel size."""
    required = (*PLACE, SPACING)
    if not any(frame.spacing for frame in frames):  # a person may state it
        frames = [replace(frame, spacing=(np.nan, np.nan)) for frame in frames]
        required = PLACE
    for frame in frames:
        _check_geometry(frame, required)
    return frames


def _check_alike(path: Path, frames: Sequence[Frame]) -> None:
    first = frames[0]
    for name, text in (("orientation", "orientations"), ("spacing", "pixel sizes")):
        ours = np.array(getattr(first, name))
        for frame in frames:
            if not np.allclose(
                getattr(frame, name), ours, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True
            ):
                raise SeriesError(
                    f"{path.parent}: {first.file.name} and {frame.file.name} are of one series, "
                    f"but of different {text}; separate them."
                )


def _check_geometry(frame: Frame, required: tuple[tuple[str, str, str], ...]) -> None:
    for name, what, keyword in required:
        if getattr(frame, name) is None and keyword in frame.unclear:
            problem = not_numbers(keyword, frame.unclear[keyword])
            raise SeriesError(f"{frame.file}: {problem}; export it again.")
        if getattr(frame, name) is None:
            raise SeriesError(
                f"{frame.file}: frame {frame.index} has no {what}; export the images as the "
                "scanner made them."
            )
    axes = np.array(frame.orientation).reshape(2, 3)
    if not np.allclose(axes @ axes.T, np.eye(2), atol=10 * TOLERANCE):
        raise SeriesError(
            f"{frame.file}: the orientation (0020,0037) {frame.orientation} is no pair of "
            "directions at right angles; export it again."
        )
    thickness = np.nan if frame.thickness is None else frame.thickness
    if np.nanmin([*frame.spacing, thickness, np.inf]) <= 0:
        raise SeriesError(
            f"{frame.file}: voxels of {frame.spacing[1]:g}x{frame.spacing[0]:g}x{thickness:g} mm "
            "(0028,0030; 0018,0050); export it again."
        )


def _axes(orientation: tuple[float, ...]) -> np.ndarray:
    """Directions of a row and of a column, at right angles beyond what files round."""
    along, down = np.array(orientation).reshape(2, 3)
    along /= np.linalg.norm(along)
    down -= (down @ along) * along
    return np.array([along, down / np.linalg.norm(down)])


def _step(
    path: Path,
    frames: Sequence[Frame],
    groups: list[np.ndarray],
    origins: np.ndarray,
    normal: np.ndarray,
) -> float:
    """Distance between slices, mm; of one slice, how thick it is, NaN where nothing says it."""
    if len(groups) == 1:
        return np.nan if frames[0].thickness is None else frames[0].thickness
    steps = np.diff(origins, axis=0)
    heights = steps @ normal
    step = float(heights.mean())
    if np.abs(heights - step).max() > max(NEAR, 0.01 * step):
        raise SeriesError(
            f"{path.parent}: slices are {heights.min():.2f} to {heights.max():.2f} mm apart; one "
            "is missing, or they are no regular stack."
        )
    if np.abs(steps - np.outer(heights, normal)).max() > max(NEAR, 0.01 * step):
        raise SeriesError(
            f"{path.parent}: slices are shifted against each other within their plane, as radial "
            "views are; give a stack of parallel slices."
        )
    return step
