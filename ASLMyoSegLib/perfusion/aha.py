"""The AHA segments of a short-axis mask (Cerqueira et al., Circulation 2002;105:539-542).

Angles are degrees, counter-clockwise from the right of the picture as radiologists display the
short axis: anterior up, septum on the left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry import Geometry, apex_first

_SIX = ("anterior", "anteroseptal", "inferoseptal", "inferior", "inferolateral", "anterolateral")
_FOUR = ("anterior", "septal", "inferior", "lateral")
RING_NAMES = ("basal", "mid", "apical")
AHA_NAMES = {
    **{1 + k: f"basal {name}" for k, name in enumerate(_SIX)},
    **{7 + k: f"mid {name}" for k, name in enumerate(_SIX)},
    **{13 + k: f"apical {name}" for k, name in enumerate(_FOUR)},
    17: "apex",
}
RING_SEGMENTS = {
    "basal": tuple(range(1, 7)),
    "mid": tuple(range(7, 13)),
    "apical": tuple(range(13, 17)),
}


@dataclass(frozen=True)
class Orientation:
    """How a slice is turned against the standard display.

    Attributes:
        septum: angle of the middle of the septum in the picture, degrees; 180 in the standard.
        turning: 1 where angles run as in the standard display, -1 where the picture is mirrored.
    """

    septum: float = 180.0
    turning: int = 1

    @staticmethod
    def of_insertions(
        centre: np.ndarray, anterior: np.ndarray, inferior: np.ndarray
    ) -> Orientation:
        """From the centre of the LV and the two RV insertions, each (y, x) in pixels or mm."""
        first, second = (_angle(*(point - centre)) for point in (anterior, inferior))
        opening = np.mod(second - first, 360.0)
        # The septum is the shorter way between the insertions.
        if opening <= 180.0:
            return Orientation(float(np.mod(first + opening / 2, 360.0)), 1)
        return Orientation(float(np.mod(second + (360.0 - opening) / 2, 360.0)), -1)

    def standard(self, angle: np.ndarray) -> np.ndarray:
        """Angles of the standard display, 0 to 360, of angles in the picture."""
        return np.mod(180.0 + self.turning * (angle - self.septum), 360.0)


def rings_of(drawn: np.ndarray, geometry: Geometry) -> tuple[str, ...]:
    """Ring of each slice by the extent of the masks: one slice is mid, more are shared out in
    thirds from the first that is drawn to the last.

    Args:
        drawn: bool (slice,), which have a mask.
        geometry: of the slices. Where it does not tell which end is the apex (`order_is_known`),
            the base is taken to come first.

    Returns:
        Empty words for slices that are not drawn.
    """
    places = np.flatnonzero(drawn)
    rings = [""] * len(drawn)
    if len(places) == 1:
        rings[places[0]] = "mid"
        return tuple(rings)
    for place in places:
        from_base = places[-1] - place if apex_first(geometry) else place - places[0]
        rings[place] = RING_NAMES[3 * from_base // max(np.ptp(places) + 1, 3)]
    return tuple(rings)


def segment_labels(
    mask: np.ndarray,
    ring: str,
    orientation: Orientation | None = None,
    centre: np.ndarray | None = None,
    spacing: tuple[float, float] = (1.0, 1.0),
) -> np.ndarray:
    """AHA segment number of each pixel of a mask, int (y, x), 0 outside.

    Args:
        mask: bool (y, x).
        ring: `basal`, `mid` or `apical`.
        orientation: None is the standard display.
        centre: (y, x) in pixels; None takes `centre_of`.
        spacing: pixel size (y, x), any unit.
    """
    labels = np.zeros(mask.shape, int)
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return labels
    middle = centre_of(mask, spacing) if centre is None else centre
    angle = _angle((rows - middle[0]) * spacing[0], (columns - middle[1]) * spacing[1])
    standard = (orientation or Orientation()).standard(angle)
    numbers = RING_SEGMENTS[ring]
    width = 360.0 / len(numbers)
    start = 60.0 if len(numbers) == 6 else 45.0
    sector = np.minimum(np.mod(standard - start, 360.0) // width, len(numbers) - 1)
    labels[rows, columns] = numbers[0] + sector.astype(int)
    return labels


def centre_of(mask: np.ndarray, spacing: tuple[float, float]) -> np.ndarray:
    """Centre (y, x) in pixels of the circle that fits the wall best (least squares, Kasa 1976).

    A ring that is thicker on one side, or broken, pulls its centroid aside but not its circle.

    Args:
        mask: bool (y, x).
        spacing: pixel size (y, x), any unit: a circle is round in the patient, not in pixels.
    """
    places = np.argwhere(mask) * spacing
    centroid = places.mean(0)
    if len(places) < 8:
        return centroid / spacing
    y, x = (places - centroid).T
    design = np.stack([y, x, np.ones_like(y)], axis=1)
    solution, *_ = np.linalg.lstsq(design, y**2 + x**2, rcond=None)
    shift = solution[:2] / 2
    # A blob that is no ring can put the circle anywhere: then the centroid is the better guess.
    reach = np.hypot(y, x).max()
    middle = centroid + shift if np.hypot(*shift) < 0.5 * reach else centroid
    return middle / spacing


def _angle(down: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Angle in the picture, degrees, of offsets in rows (downwards) and columns."""
    return np.degrees(np.arctan2(-down, right))
