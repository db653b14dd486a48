"""A map of tissues to be painted on, with the centre of the left ventricle in its middle."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

ANGLES = 1440
"""Steps of a full turn in which functions of angle are tabulated."""

Profile = Callable[[np.ndarray], np.ndarray]


@lru_cache(maxsize=4)
def polar_grid(half: int) -> tuple[np.ndarray, np.ndarray]:
    """Radius (mm) and number of the angle at points 1 mm apart, (2 half, 2 half); y points up."""
    at = np.arange(-half, half, dtype=np.float32) + 0.5
    x, y = np.meshgrid(at, -at)
    turn = np.mod(np.arctan2(y, x) / (2 * np.pi) * ANGLES, ANGLES).astype(np.int16) % ANGLES
    return np.hypot(x, y), turn


def tabulated(profile: Profile) -> np.ndarray:
    """A function of angle (radians) at every step, float32 (ANGLES,)."""
    return profile((np.arange(ANGLES) + 0.5) * 2 * np.pi / ANGLES).astype(np.float32)


class Canvas:
    """Labels at points 1 mm apart, uint8 (2 half, 2 half); x to the right, y up, in mm."""

    def __init__(self, half: int) -> None:
        self.half = half
        self.labels = np.zeros((2 * half, 2 * half), np.uint8)

    def axes_of(self, x: float, y: float, turn: float) -> tuple[np.ndarray, np.ndarray]:
        """Position (mm) of every point along and across a direction, from a middle."""
        at = np.arange(-self.half, self.half, dtype=np.float32) + 0.5
        dx, dy = at - np.float32(x), -at - np.float32(y)
        cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        u = (dx * cosine)[None] + (dy * sine)[:, None]
        v = (-dx * sine)[None] + (dy * cosine)[:, None]
        return u, v

    def blob(
        self,
        label: int,
        x: float,
        y: float,
        semi_axes: tuple[float, float],
        turn: float = 0.0,
        *,
        lobes: tuple[int, float, float] = (0, 0.0, 0.0),
        inside: tuple[int, ...] | None = None,
    ) -> None:
        """An ellipse, or one whose border swings: `lobes` are number, share of radius, phase.

        Args:
            label: of the tissue.
            x, y: of the middle, mm.
            semi_axes: mm.
            turn: of the first axis, radians.
            lobes: of the border.
            inside: labels that it may lie on; None is everywhere.
        """
        reach = max(semi_axes) * (1 + lobes[1]) + 1
        half = self.half
        top, bottom = (_within(half - y + s * reach, 2 * half) for s in (-1, 1))
        left, right = (_within(half + x + s * reach, 2 * half) for s in (-1, 1))
        if top >= bottom or left >= right:
            return
        dx = np.arange(left, right, dtype=np.float32) + (0.5 - half - x)
        dy = (half - 0.5 - y) - np.arange(top, bottom, dtype=np.float32)
        cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        u = (dx * cosine)[None] + (dy * sine)[:, None]
        v = (-dx * sine)[None] + (dy * cosine)[:, None]
        u, v = u / np.float32(semi_axes[0]), v / np.float32(semi_axes[1])
        squared = u * u + v * v
        if lobes[0]:
            count, depth, phase = lobes
            limit = 1 + np.float32(depth) * np.cos(count * np.arctan2(v, u) + np.float32(phase))
            covered = squared <= limit * limit
        else:
            covered = squared <= 1
        region = self.labels[top:bottom, left:right]
        if inside is not None:
            covered &= _among(region, inside)
        region[covered] = label

    def ring(
        self,
        labels: tuple[int, int],
        x: float,
        y: float,
        semi_axes: tuple[float, float],
        thickness: float,
        turn: float = 0.0,
        *,
        lobes: tuple[int, float, float] = (0, 0.0, 0.0),
        inside: tuple[int, ...] | None = None,
    ) -> None:
        """An organ of wall and content; the content's border has the lobes."""
        self.blob(labels[0], x, y, semi_axes, turn, inside=inside)
        within = tuple(max(1.0, a - thickness) for a in semi_axes)
        self.blob(labels[1], x, y, within, turn, lobes=lobes, inside=(labels[0],))


def _within(position: float, size: int) -> int:
    return int(min(max(position, 0), size))


def _among(region: np.ndarray, labels: tuple[int, ...]) -> np.ndarray:
    table = np.zeros(256, bool)
    table[list(labels)] = True
    return table[region]
