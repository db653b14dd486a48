"""Where images lie in the patient, and how they are brought to stand as radiologists look at them.

A short-axis image stands when it is seen from the apex: anterior wall up, septum and right
ventricle, which are on the patient's right, on the left of the picture. Axes are then x from the
septal to the lateral wall, y from the anterior to the inferior one, and slices from apex to base.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import permutations, product

import numpy as np

GRID_TOLERANCE = 1e-2
"""How far (mm, or cosines) two grids may differ and still be called the same."""
TOWARDS_APEX = np.array([0.6, -0.6, -0.53])
"""Direction of the usual long axis from base to apex in LPS: left, forward, down."""
AXES = ("x", "y", "slice")
SMALLEST = 16
"""Side of an image, in pixels, below which no heart can be looked for: an axis of fewer voxels
counts slices."""
THICK = 1.5
"""How much farther apart than pixels slices lie, where that has to tell which axis is theirs."""
UNUSUAL = 40.0
"""Degrees from the usual short axis above which the sides of an image are an assumption: hearts
lie within some 25 (azimuth and elevation), and half way to the next turn are 45."""
LEFTWARDS = 0.1
"""Small preference for rows that run to the patient's left, where two turns are as near."""


@dataclass(frozen=True)
class Geometry:
    """Where the voxels of one frame lie, in LPS (the convention of DICOM and ITK).

    Attributes:
        spacing: voxel size along x, y, slice in mm.
        origin: centre of the first voxel in mm.
        direction: 3x3 direction cosines, row-major.
        known: whether origin and direction are the patient's; files may not say them.
    """

    spacing: tuple[float, float, float]
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    known: bool = True

    @property
    def axes(self) -> np.ndarray:
        """Steps of one voxel along x, y and slice as columns, (3, 3), mm in LPS."""
        return np.array(self.direction).reshape(3, 3) * np.array(self.spacing)

    @property
    def normal(self) -> np.ndarray:
        """Direction in which slices follow each other."""
        return np.array(self.direction[2::3])

    def difference(self, other: Geometry) -> str:
        """`spacing`, `origin` or `direction`, by which another grid differs; empty where none does.

        What neither knows (NaN) is no difference.
        """
        for name in ("spacing", "origin", "direction"):
            ours, theirs = getattr(self, name), getattr(other, name)
            if not np.allclose(ours, theirs, atol=GRID_TOLERANCE, equal_nan=True):
                return name
        return ""


@dataclass(frozen=True)
class Stored:
    """How images that stand lie in their file: axes were swapped and flipped, so nothing is lost.

    >>> upside_down = Stored(Geometry((2.0, 2.0, 8.0)), ("x", "-y", "-slice"))

    Attributes:
        geometry: of the file's own grid.
        axes: which axis of the file x, y and slice are, with a minus where they run against it.
    """

    geometry: Geometry
    axes: tuple[str, str, str] = AXES

    @property
    def directions(self) -> np.ndarray:
        """Directions in LPS of x, y and slice as they stand, as columns."""
        signs = [-1.0 if word.startswith("-") else 1.0 for word in self.axes]
        return np.reshape(self.geometry.direction, (3, 3))[:, self._sources] * signs

    def standing_geometry(self, shape: tuple[int, ...]) -> Geometry:
        """Of images (slice, y, x) that stand."""
        spacing = np.array(self.geometry.spacing)[self._sources]
        last = np.array(shape[::-1]) - 1
        against = np.array([word.startswith("-") for word in self.axes])
        origin = np.array(self.geometry.origin) - self.directions @ (spacing * last * against)
        return replace(
            self.geometry,
            spacing=tuple(spacing.tolist()),
            origin=tuple(origin.tolist()),
            direction=tuple(self.directions.ravel().tolist()),
        )

    def standing(self, array: np.ndarray) -> np.ndarray:
        """What lies as in the file, (..., slice, y, x), brought to stand."""
        return np.flip(array.transpose(self._order(array.ndim)), self._flipped)

    def as_stored(self, array: np.ndarray) -> np.ndarray:
        """What stands, (..., slice, y, x), laid as in the file."""
        back = np.argsort(self._order(array.ndim))
        return np.ascontiguousarray(np.flip(array, self._flipped).transpose(back))

    def standing_points(self, points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Points (slice, 2) of the file as (y, x), in pixels, on images (slice, y, x) that stand.

        Args:
            points: one per slice, in the file's order.
            shape: of the images that stand.
        """
        return self._mirrored(points[:, self._in_plane], shape)

    def stored_points(self, points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """The reverse of `standing_points`."""
        return self._mirrored(points, shape)[:, self._in_plane]

    def stored_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Of the file, of images (slice, y, x) that stand."""
        return tuple(shape[i] for i in np.argsort(self._order(3)))

    def stored_sides(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Rows and columns of an image of the file, of images (slice, y, x) that stand."""
        rows, columns = (shape[1 + i] for i in self._in_plane)
        return rows, columns

    def _mirrored(self, points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        mirrored = points.copy()
        for column, word in enumerate((self.axes[1], self.axes[0])):
            if word.startswith("-"):
                mirrored[:, column] = shape[1 + column] - 1 - mirrored[:, column]
        return mirrored[::-1] if self.axes[2].startswith("-") else mirrored

    @property
    def _in_plane(self) -> list[int]:
        """Which of the file's two axes that are not the slices' are y and x; swapped, or not."""
        x, y, _ = self._sources
        return [0, 1] if y > x else [1, 0]

    def _order(self, dimensions: int) -> list[int]:
        places = [dimensions - 1 - axis for axis in self._sources[::-1]]
        return [*range(dimensions - 3), *places]

    @property
    def _sources(self) -> list[int]:
        """Number of the file's axis that x, y and slice are."""
        return [AXES.index(word.lstrip("-")) for word in self.axes]

    @property
    def _flipped(self) -> tuple[int, ...]:
        return tuple(-1 - i for i, word in enumerate(self.axes) if word.startswith("-"))


@lru_cache(maxsize=64)
def bring_to_stand(
    geometry: Geometry, shape: tuple[int, int, int], slices_known: bool = False
) -> Stored:
    """How to swap and flip images so that they stand.

    Of all swaps and flips that keep right and left hands apart it is the one after which the axes
    lie nearest to those of a usual heart. Where nothing is known of the patient, images stay.

    Args:
        geometry: of the file.
        shape: (slice, y, x) of the file.
        slices_known: whether its third axis is that of the slices; else that is the one too short
            to be of an image, or with voxels far apart, and the third where neither tells.
    """
    if not geometry.known:
        return Stored(geometry)
    across = 2 if slices_known else _slice_axis(geometry, shape)
    turns = [
        Stored(geometry, tuple(sign + AXES[axis] for sign, axis in zip(signs, order, strict=True)))
        for order in permutations(range(3))
        for signs in product(("", "-"), repeat=3)
        if order[2] == across
    ]
    return max(turns, key=_likeness)


def sides_of(geometry: Geometry) -> str:
    """Whence the sides of images that stand are known.

    Returns:
        `geometry` where they lie as a short axis does; `assumed` where they are so far from it
        that sides are none too sure; `unknown` where nothing tells how they lie in the patient.
    """
    if not geometry.known:
        return "unknown"
    return "geometry" if off_usual(geometry) <= UNUSUAL else "assumed"


def off_usual(geometry: Geometry) -> float:
    """Degrees by which images that stand are turned against the usual short axis."""
    turned = np.trace(np.reshape(geometry.direction, (3, 3)).T @ _USUAL)
    return float(np.degrees(np.arccos(np.clip((turned - 1) / 2, -1, 1))))


def order_is_known(geometry: Geometry) -> bool:
    """Whether slices follow the usual long axis within 45 degrees, up or down."""
    return geometry.known and bool(abs(geometry.normal @ TOWARDS_APEX) > np.sqrt(0.5))


def _likeness(turn: Stored) -> float:
    """How near axes lie to those of a usual heart; none are that change right and left hands."""
    axes = turn.directions
    score = np.trace(axes.T @ _USUAL) + LEFTWARDS * axes[0, 0]
    return float(score) if np.linalg.det(axes) > 0 else -np.inf


def apex_first(geometry: Geometry) -> bool:
    """Whether slices are known to follow each other from apex to base."""
    return order_is_known(geometry) and bool(geometry.normal @ TOWARDS_APEX < 0)


def _slice_axis(geometry: Geometry, shape: tuple[int, ...]) -> int:
    short = [axis for axis in range(3) if shape[2 - axis] < SMALLEST]
    if short:
        return short[0] if len(short) == 1 else 2
    far = int(np.argmax(geometry.spacing))
    pixel = max(size for axis, size in enumerate(geometry.spacing) if axis != far)
    return far if geometry.spacing[far] > THICK * pixel else 2


def _usual_axes() -> np.ndarray:
    """Axes of a usual heart's short axis that stands, as columns in LPS: x level, to the left."""
    base = -TOWARDS_APEX / np.linalg.norm(TOWARDS_APEX)
    lateral = np.cross([0.0, 0.0, 1.0], -base)
    lateral /= np.linalg.norm(lateral)
    return np.column_stack([lateral, np.cross(base, lateral), base])


_USUAL = _usual_axes()
