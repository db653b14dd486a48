"""Which pixels of a series belong to which AHA segment, what segments are called, and how sure that
is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..geometry import off_usual, order_is_known
from ..series import ASLSeries, RVInsertion
from ..words import numbered
from .aha import AHA_NAMES, RING_SEGMENTS, Orientation, centre_of, rings_of, segment_labels

CONTRARY = 90.0
"""Degrees that the septum of the RV points may be turned against the left of the picture: images
are turned by up to 45 against the standard display, hearts by some 30."""


def segment_maps(
    series: ASLSeries,
    masks: np.ndarray,
    rv_insertion: RVInsertion | None,
    rings: Sequence[str] | None = None,
    reach: np.ndarray | None = None,
) -> np.ndarray:
    """AHA segment of each pixel of each frame's mask, about the frame's own centre.

    Args:
        series: the images that the masks, bool (frame, slice, y, x), are of.
        masks: of any number of frames.
        rv_insertion: fixes rotation and sense of turning; None takes the standard display.
        rings: of the slices; None takes those of the masks (`rings_in`).
        reach: bool like the masks, pixels that get a number; None: those of the masks.

    Returns:
        int like the masks, 0 outside of them and of what they reach.
    """
    spacing = series.geometry.spacing[1::-1]
    reach = masks if reach is None else reach
    segments = np.zeros(masks.shape, int)
    for k, ring in enumerate(rings or rings_in(series, masks)):
        if not ring:
            continue
        orientation = orientation_of(series, masks, rv_insertion, k)
        for frame, mask in enumerate(masks[:, k]):
            if mask.any():
                wide, centre = reach[frame, k], centre_of(mask, spacing)
                segments[frame, k] = segment_labels(wide, ring, orientation, centre, spacing)
    return segments


def rings_in(series: ASLSeries, masks: np.ndarray) -> tuple[str, ...]:
    """Ring of each slice by the extent of its masks, bool (frame, slice, y, x); empty where there
    is none."""
    return rings_of(masks.any((0, 2, 3)), series.geometry)


def orientation_of(
    series: ASLSeries, masks: np.ndarray, rv_insertion: RVInsertion | None, k: int
) -> Orientation:
    """How slice k is turned, by RV points about the middle of all frames' centres."""
    spacing = series.geometry.spacing[1::-1]
    centres = [centre_of(mask, spacing) for mask in masks[:, k] if mask.any()]
    if rv_insertion is None or not centres:
        return Orientation()
    points = (np.median(centres, axis=0), rv_insertion.anterior[k], rv_insertion.inferior[k])
    return Orientation.of_insertions(*(point * spacing for point in points))


def segment_names(rings: Sequence[str], sides: str) -> dict[int, str]:
    """Names of the segments that slices of these rings show, by AHA number.

    Args:
        rings: of the slices, empty where a slice shows none.
        sides: of an `MBFResult`; where these are unknown, names say no wall.
    """
    numbers = [n for ring, its in RING_SEGMENTS.items() if ring in rings for n in its]
    return {n: AHA_NAMES[n] if sides != "unknown" else f"segment {n}" for n in numbers}


def question_sides(
    series: ASLSeries, masks: np.ndarray, rv_insertion: RVInsertion | None
) -> list[str]:
    """Sentences on what of the segments' places is assumed, or contradicts itself."""
    questions = []
    drawn = masks.any((0, 2, 3))
    if drawn.sum() > 1 and not order_is_known(series.geometry):
        questions.append(
            "Slices are taken to be in order from base to apex, as their position in the patient "
            "does not tell: basal and apical segments are exchanged if they are not."
        )
    if rv_insertion is not None:
        return questions + _contradictions(series, masks, rv_insertion)
    others = "global flow does not depend on them."
    place = "place the RV insertion points to be sure"
    if series.sides == "unknown":
        questions.append(
            "Sides unknown: nothing says how the images lie in the patient, and no RV insertion "
            "points were given, so segments are named by number, as if anterior were up and the "
            f"septum left in the file; {place}; {others}"
        )
    elif series.sides == "assumed":
        questions.append(
            "Sides assumed: no RV insertion points were given, and by their header the images are "
            f"turned by {off_usual(series.geometry):.0f} degrees against a usual short axis; "
            f"anterior is taken to be where front or head are, septal where right is; {place}; "
            f"{others}"
        )
    else:
        questions.append(
            "Rotation unknown: no RV insertion points were given, so sectors follow the standard "
            "display of the patient (anterior up, septum on the left), as the header places the "
            f"images, and may be turned by a sector; {others}"
        )
    return questions


def _contradictions(series: ASLSeries, masks: np.ndarray, points: RVInsertion) -> list[str]:
    """A word on RV points with which the patient's sides would not be where the header has them."""
    if not series.geometry.known:
        return []
    drawn = np.flatnonzero(masks.any((0, 2, 3)))
    found = {int(k): orientation_of(series, masks, points, k) for k in drawn}
    mirrored = [k for k, turned in found.items() if turned.turning < 0]
    turned = {k: abs(o.septum - 180) for k, o in found.items() if abs(o.septum - 180) > CONTRARY}
    questions = []
    if mirrored:
        questions.append(
            f"RV insertion points of {numbered('slice', mirrored)} contradict the orientation in "
            "the header: by them the image is mirrored, so that anterior and inferior change "
            "places against it. Segments follow the points; are these exchanged?"
        )
    elif turned and series.sides == "geometry":
        questions.append(
            f"RV insertion points of {numbered('slice', list(turned))} contradict the orientation "
            f"in the header: by them the septum is turned by {max(turned.values()):.0f} degrees "
            "from the patient's right. Segments follow the points; are these right?"
        )
    return questions
