"""The heart in a short-axis slice, of any size, phase of the beat and level, as it is painted.

Everything is in the heart's own frame, as radiologists display it: mm from the middle of the left
ventricle, angles counter-clockwise from the right, right ventricle around 180 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .anatomy import Harmonics, Sector
from .canvas import ANGLES, Canvas, polar_grid, tabulated
from .tissues import Tissue

LEVELS = {"base": 0.26, "mid": 0.44, "apex": 0.30}
"""Share of the slices through the ventricle."""


@dataclass(frozen=True)
class Ventricle:
    """Radii are float32 by step of angle (`canvas.tabulated`), mm.

    Attributes:
        endocardium, epicardium: of the left ventricle's wall.
        rv: of the right ventricle's free wall, inside; the epicardium where there is none.
        rv_wall: thickness of that wall, mm.
        fat: of the fat around both.
        insertions: angles (radians) where the right ventricle begins, anterior and inferior.
        scars: parts of the wall, with their tissue.
        outflow: where the wall is open; None nearly always.
        papillaries: x, y, semi-axes, turn of each muscle or trabecula in the left cavity.
        level: `base`, `mid` or `apex`.
    """

    endocardium: np.ndarray
    epicardium: np.ndarray
    rv: np.ndarray
    rv_wall: float
    fat: np.ndarray
    insertions: tuple[float, float]
    scars: tuple[tuple[Sector, Tissue], ...]
    outflow: Sector | None
    papillaries: tuple[tuple[float, float, tuple[float, float], float], ...]
    level: str

    @property
    def radius(self) -> float:
        """Mean epicardial radius, mm."""
        return float(self.epicardium.mean())

    def paint(self, canvas: Canvas, rng: np.random.Generator, caution: float = 0.0) -> None:
        """Onto a canvas that has the neighbours on it already.

        Args:
            canvas: to be painted on.
            rng: of what is drawn beside the wall.
            caution: mm that the wall's borders lie further inside, as cautious observers draw it;
                what is left out becomes papillary muscle, which looks the same.
        """
        radius, turn = polar_grid(canvas.half)
        outer = self.rv + np.where(self.rv > self.epicardium + 0.5, self.rv_wall, 0.0)
        reach = min(int(np.ceil((outer + self.fat).max())) + 2, canvas.half)
        box = (slice(canvas.half - reach, canvas.half + reach),) * 2
        radius, turn, labels = radius[box], turn[box], canvas.labels[box]
        labels[radius < (outer + self.fat)[turn]] = Tissue.HEART_FAT
        labels[radius < outer.astype(np.float32)[turn]] = Tissue.RV_WALL
        labels[radius < np.where(self.rv > self.epicardium + 0.5, self.rv, 0.0)[turn]] = (
            Tissue.RV_BLOOD
        )
        self._trabeculate(canvas, rng)
        inner, rim = self.endocardium + caution, self.epicardium - caution
        labels[radius < self.epicardium[turn]] = Tissue.PAPILLARY
        wall = (radius < rim[turn]) & (radius >= inner[turn])
        labels[wall] = Tissue.WALL
        angles = (np.arange(ANGLES) + 0.5) * 2 * np.pi / ANGLES
        for sector, tissue in self.scars:
            spans = sector.spans(angles)
            thickness = self.epicardium - self.endocardium
            low, high = (self.endocardium + d * thickness for d in sector.depths)
            low = np.where(spans, low, 1e3).astype(np.float32)
            high = np.where(spans, high, -1).astype(np.float32)
            labels[wall & (radius >= low[turn]) & (radius < high[turn])] = tissue
        if self.outflow:
            open_ = self.outflow.spans(angles, margin=0.0)[turn] & (radius < self.epicardium[turn])
            labels[open_] = Tissue.LV_BLOOD
        labels[radius < self.endocardium[turn]] = Tissue.LV_BLOOD
        for x, y, axes, lean in self.papillaries:
            canvas.blob(Tissue.PAPILLARY, x, y, axes, lean, inside=(Tissue.LV_BLOOD,))
        self._vessels(canvas, rng)

    def _trabeculate(self, canvas: Canvas, rng: np.random.Generator) -> None:
        """Trabeculae and the moderator band of the right ventricle."""
        for _ in range(rng.integers(0, 9)):
            angle = rng.uniform(*self.insertions)
            step = int(angle / (2 * np.pi) * ANGLES) % ANGLES
            depth = self.rv[step] - self.epicardium[step]
            away = self.rv[step] - depth * rng.beta(1, 3)
            size = rng.uniform(0.8, 3.5)
            canvas.blob(
                Tissue.RV_WALL,
                away * np.cos(angle),
                away * np.sin(angle),
                (size * rng.uniform(1, 3), size),
                rng.uniform(0, np.pi),
                inside=(Tissue.RV_BLOOD,),
            )

    def _vessels(self, canvas: Canvas, rng: np.random.Generator) -> None:
        """Coronary arteries and veins in the fat of the grooves and elsewhere."""
        free = rng.uniform(0, 2 * np.pi, rng.integers(0, 3))
        for angle in (*self.insertions, *free):
            step = int(angle / (2 * np.pi) * ANGLES) % ANGLES
            away = self.epicardium[step] + rng.uniform(1.5, 5)
            size = rng.uniform(0.8, 2.4)
            canvas.blob(
                Tissue.ARTERY,
                away * np.cos(angle),
                away * np.sin(angle),
                (size, size),
                inside=(Tissue.HEART_FAT,),
            )

    @staticmethod
    def draw(rng: np.random.Generator, typical: bool = False) -> Ventricle:
        """Another heart; a typical one is round, open and of the paper's patients."""
        level = str(rng.choice(list(LEVELS), p=list(LEVELS.values())))
        cavity, thickness = _typical_size(rng) if typical else _size(rng)
        if level == "apex":
            nearly_closed = not typical and rng.random() < 0.2
            cavity *= rng.uniform(0.05, 0.4) if nearly_closed else rng.uniform(0.4, 0.9)
            thickness *= rng.uniform(0.8, 1.0) if typical else rng.uniform(0.65, 1.05)
        elif level == "base":
            cavity *= rng.uniform(0.95, 1.15)
            thickness *= rng.uniform(0.75, 1.0)
        if not typical and cavity + thickness < 9:
            cavity, thickness = rng.uniform(1, 4), rng.uniform(7, 11)
        thickness = max(thickness, 3.0)
        endocardium, epicardium = _borders(rng, cavity, thickness, 0.5 if typical else 1.0)
        insertions, rv, rv_wall = _right_ventricle(rng, epicardium, level, typical)
        return Ventricle(
            endocardium,
            epicardium,
            rv,
            rv_wall,
            _fat(rng, insertions),
            insertions,
            () if typical else _lesions(rng),
            _outflow(rng) if level == "base" and rng.random() < 0.2 and not typical else None,
            _papillaries(rng, endocardium, level),
            level,
        )


def _typical_size(rng: np.random.Generator) -> tuple[float, float]:
    return rng.uniform(17, 28), float(np.clip(rng.normal(11, 1.6), 8, 15))


def _size(rng: np.random.Generator) -> tuple[float, float]:
    """Cavity radius and wall (mm): relaxed, contracted, dilated, thick, closed or small hearts."""
    kind = rng.random()
    if kind < 0.40:
        cavity, wall = rng.uniform(16, 28), 9.0 * np.exp(0.22 * rng.normal())
    elif kind < 0.68:
        cavity, wall = rng.uniform(6, 21), 12.5 * np.exp(0.22 * rng.normal())
    elif kind < 0.80:
        cavity, wall = rng.uniform(26, 38), 7.5 * np.exp(0.3 * rng.normal())
    elif kind < 0.93:
        cavity, wall = rng.uniform(3, 20), rng.uniform(14, 30)
    else:
        cavity, wall = rng.uniform(1, 9), rng.uniform(8, 16)
    scale = rng.uniform(0.65, 0.95) if rng.random() < 0.22 else rng.uniform(0.9, 1.1)
    return cavity * scale, float(np.clip(wall, 3.2, 30.0)) * scale


def _borders(
    rng: np.random.Generator, cavity: float, thickness: float, unrest: float
) -> tuple[np.ndarray, np.ndarray]:
    """Endocardium and epicardium whose distance is never under 2 mm."""
    share = cavity * rng.uniform(0.3, 1.3) * unrest
    endocardium = tabulated(
        Harmonics.draw(rng, cavity, [0.02 * share, 0.09 * share, 0.04 * share, 0.02 * share, 0.012])
    )
    spread = thickness * rng.uniform(0.3, 1.4) * unrest
    wall = tabulated(Harmonics.draw(rng, thickness, [0.16 * spread, 0.10 * spread, 0.05 * spread]))
    angles = (np.arange(ANGLES) + 0.5) * 2 * np.pi / ANGLES

    def bump(middle: float, width: float) -> np.ndarray:
        away = np.angle(np.exp(1j * (angles - middle)))
        return np.exp(-0.5 * (away / width) ** 2).astype(np.float32)

    if unrest >= 1 and rng.random() < 0.12:  # a flat or bent septum
        endocardium *= 1 - rng.uniform(0.05, 0.35) * bump(np.pi, rng.uniform(0.4, 0.8))
    if unrest >= 1 and rng.random() < 0.15:  # a part thinned by an old infarct, or thick
        wall *= 1 + rng.uniform(-0.6, 0.9) * bump(rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.9))
    endocardium = np.maximum(endocardium, 0.0)
    return endocardium, endocardium + np.maximum(wall, 2.5)


def _right_ventricle(
    rng: np.random.Generator, epicardium: np.ndarray, level: str, typical: bool
) -> tuple[tuple[float, float], np.ndarray, float]:
    """Angles of insertion, inner radius of the free wall, thickness of that wall."""
    lower, upper = np.radians(rng.uniform(42, 78, 2))
    insertions = (np.pi - lower, np.pi + upper)
    depth = rng.uniform(14, 36) if typical else rng.uniform(5, 48)
    if level == "apex":
        depth *= (
            rng.uniform(0.3, 0.8) if typical else rng.choice([0.0, 1.0]) * rng.uniform(0.1, 0.9)
        )
    angles = (np.arange(ANGLES) + 0.5) * 2 * np.pi / ANGLES
    along = np.clip((angles - insertions[0]) / (insertions[1] - insertions[0]), 0.0, 1.0)
    along = along ** np.exp(rng.normal(0, 0.25))
    swell = np.sin(np.pi * along) ** rng.uniform(0.45, 1.3)
    if rng.random() < 0.4:
        swell *= 1 + rng.uniform(-0.3, 0.3) * np.sin(rng.integers(2, 5) * np.pi * along)
    rv = epicardium + (depth * swell).astype(np.float32)
    thickness = rng.uniform(1.5, 4.5) if rng.random() < 0.85 else rng.uniform(4, 9)
    return insertions, rv, thickness


def _fat(rng: np.random.Generator, insertions: tuple[float, float]) -> np.ndarray:
    """Thickness of the fat around the heart, more of it where both ventricles meet."""
    mean = rng.choice([rng.uniform(0.0, 2.0), rng.uniform(1.0, 9.0)])
    fat = tabulated(Harmonics.draw(rng, mean, [0.5 * mean, 0.4 * mean, 0.25 * mean, 0.5]))
    angles = (np.arange(ANGLES) + 0.5) * 2 * np.pi / ANGLES
    for angle in insertions:
        away = np.angle(np.exp(1j * (angles - angle)))
        groove = rng.uniform(0, 7) * np.exp(-0.5 * (away / rng.uniform(0.1, 0.25)) ** 2)
        fat = fat + groove.astype(np.float32)
    return np.maximum(fat, 0.0)


def _lesions(rng: np.random.Generator) -> tuple[tuple[Sector, Tissue], ...]:
    """Infarcts from the inside outwards, some with a dark core; scars inside; ischaemia."""
    lesions = []
    if rng.random() < 0.6:
        for _ in range(rng.integers(1, 4)):
            middle, width = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 1.3)
            if rng.random() < 0.75:
                depths = (0.0, rng.uniform(0.25, 1.0))
            else:
                depths = (rng.uniform(0.2, 0.5), rng.uniform(0.55, 1.0))
            lesions.append((Sector(middle, width, depths), Tissue.SCAR))
            if rng.random() < 0.35:
                core = (depths[0], depths[0] + (depths[1] - depths[0]) * rng.uniform(0.4, 0.8))
                core = Sector(middle, width * rng.uniform(0.3, 0.8), core)
                lesions.append((core, Tissue.OBSTRUCTION))
    if rng.random() < 0.2:
        depths = (0.0, rng.uniform(0.3, 1.0))
        width = np.pi if rng.random() < 0.3 else rng.uniform(0.3, 1.2)
        lesions.append((Sector(rng.uniform(0, 2 * np.pi), width, depths), Tissue.ISCHAEMIA))
    return tuple(lesions)


def _outflow(rng: np.random.Generator) -> Sector:
    """The outflow tract opens the wall, mostly between septum and anterior wall."""
    return Sector(np.radians(rng.normal(120.0, 40.0)), rng.uniform(0.2, 0.8))


def _papillaries(
    rng: np.random.Generator, endocardium: np.ndarray, level: str
) -> tuple[tuple[float, float, tuple[float, float], float], ...]:
    """Two papillary muscles, at the wall or free of it, and trabeculae along the border."""
    blobs = []
    cavity = float(endocardium.mean())
    if level != "base" or rng.random() < 0.4:
        for degrees in (rng.normal(40, 18), rng.normal(-65, 18)):
            angle = np.radians(degrees)
            size = cavity * rng.uniform(0.08, 0.3)
            edge = endocardium[int(angle / (2 * np.pi) * ANGLES) % ANGLES]
            away = edge - size * rng.uniform(0.2, 1.8)
            lean = angle + rng.normal(0, 0.4)
            axes = (size, size * rng.uniform(0.5, 1.0))
            blobs.append((away * np.cos(angle), away * np.sin(angle), axes, lean))
    many = 26 if rng.random() < 0.3 else 8
    for _ in range(rng.integers(0, many)):
        angle, size = rng.uniform(0, 2 * np.pi), rng.uniform(0.6, 2.4)
        edge = endocardium[int(angle / (2 * np.pi) * ANGLES) % ANGLES]
        away = max(edge - rng.uniform(0.0, 3.0), 0.0)
        axes = (size * rng.uniform(1, 2.5), size)
        blobs.append((away * np.cos(angle), away * np.sin(angle), axes, angle))
    return tuple(blobs)
