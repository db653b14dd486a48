"""Anatomy: a short-axis slice of a thorax as a map of tissues, different in every subject.

The heart lives in its own polar frame, as radiologists display the short axis: millimetres from
the centre of the left ventricle, angles counter-clockwise from the right of the picture, septum
and right ventricle around 180 degrees. `SliceAnatomy.draw` turns the frame by the subject's
rotation and puts it into the field of view.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .population import TYPICAL, Population

AIR, LUNG, FAT, MUSCLE, LIVER, BONE, STOMACH, RV_WALL, RV_BLOOD, LV_BLOOD, PAPILLARY = range(11)
MYOCARDIUM = 20
"""Label of AHA segment s of the left ventricle's wall is ``MYOCARDIUM + s``."""
SCAR = MYOCARDIUM + 17
"""Label of scarred muscle of any segment."""
ORGANS = range(PAPILLARY + 1, MYOCARDIUM)
"""Labels of organs of any kind, which only unusual subjects have."""

RINGS = {
    # first segment, angle where it starts, degrees a segment, scale of cavity, scale of wall
    "basal": (1, 60.0, 60.0, 1.08, 0.95),
    "mid": (7, 60.0, 60.0, 1.0, 1.0),
    "apical": (13, 45.0, 90.0, 0.62, 0.9),
}


@dataclass(frozen=True)
class Harmonics:
    """A smooth periodic function of angle: ``mean + sum a_k cos(k angle - phase_k)``."""

    mean: float
    amplitude: np.ndarray
    phase: np.ndarray

    def __call__(self, angle: np.ndarray) -> np.ndarray:
        value = np.full(np.shape(angle), self.mean)
        for order, (a, p) in enumerate(zip(self.amplitude, self.phase, strict=True), start=1):
            value += a * np.cos(order * angle - p)
        return value

    @staticmethod
    def draw(rng: np.random.Generator, mean: float, spread: list[float]) -> Harmonics:
        """Amplitudes with the given standard deviations (mm) and any phase."""
        amplitude = np.abs(rng.normal(0.0, spread))
        return Harmonics(mean, amplitude, rng.uniform(0, 2 * np.pi, len(spread)))

    def exaggerated(self, factor: float) -> Harmonics:
        """Its departures from the mean multiplied, as far as that leaves half of the mean."""
        most = 0.5 * self.mean / max(float(self.amplitude.sum()), 1e-6)
        return Harmonics(self.mean, self.amplitude * min(factor, most), self.phase)


@dataclass(frozen=True)
class Disc:
    """An ellipse of one tissue, mm and radians, in the heart's frame."""

    tissue: int
    x: float
    y: float
    semi_axes: tuple[float, float]
    turn: float = 0.0

    @staticmethod
    def away(
        tissue: int,
        distance: float,
        angle: float,
        semi_axes: tuple[float, float],
        turn: float = 0.0,
    ) -> Disc:
        """One whose middle lies at a distance (mm) and angle from the heart's."""
        return Disc(tissue, distance * np.cos(angle), distance * np.sin(angle), semi_axes, turn)

    def covers(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        u = (x - self.x) * np.cos(self.turn) + (y - self.y) * np.sin(self.turn)
        v = -(x - self.x) * np.sin(self.turn) + (y - self.y) * np.cos(self.turn)
        return (u / self.semi_axes[0]) ** 2 + (v / self.semi_axes[1]) ** 2 <= 1.0


@dataclass(frozen=True)
class Sector:
    """A part of the wall: angles about a middle (radians), depths from inside, 0, to outside, 1."""

    middle: float
    half_width: float
    depths: tuple[float, float] = (0.0, 1.0)

    def covers(self, angle: np.ndarray, depth: np.ndarray) -> np.ndarray:
        return self.spans(angle) & (depth >= self.depths[0]) & (depth <= self.depths[1])

    def spans(self, angle: np.ndarray, margin: float = 0.0) -> np.ndarray:
        """Whether angles lie in it, or within a margin of it (radians)."""
        return np.abs(np.angle(np.exp(1j * (angle - self.middle)))) < self.half_width + margin


@dataclass(frozen=True)
class SliceAnatomy:
    """One short-axis slice of one subject. Lengths mm, angles radians."""

    ring: str
    endocardium: Harmonics
    wall: Harmonics
    fat: Harmonics
    papillaries: tuple[Disc, ...]
    surroundings: tuple[Disc, ...]
    body: tuple[Disc, ...]
    insertions: tuple[float, float]
    rv_depth: float
    rv_shape: float
    rv_wall: float
    centre: tuple[float, float]
    rotation: float
    scars: tuple[Sector, ...] = ()
    outflow: Sector | None = None

    def to_polar(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Radius and angle in the heart's frame of points given in mm, y pointing up."""
        dx, dy = x - self.centre[0], y - self.centre[1]
        return np.hypot(dx, dy), np.mod(np.arctan2(dy, dx) - self.rotation, 2 * np.pi)

    def epicardium(self, angle: np.ndarray) -> np.ndarray:
        """Radius of the outer border of the left ventricle's wall."""
        return self.endocardium(angle) + self.wall(angle)

    def rv_outer(self, angle: np.ndarray) -> np.ndarray:
        """Radius of the right ventricle's free wall (inside), the epicardium elsewhere."""
        start, end = self.insertions
        along = np.clip((angle - start) / (end - start), 0.0, 1.0)
        return self.epicardium(angle) + self.rv_depth * np.sin(np.pi * along) ** self.rv_shape

    def insertion_points(self) -> np.ndarray:
        """Anterior and inferior RV insertion, (2, 2) as (x, y) in mm, y pointing up."""
        angle = np.array(self.insertions)
        radius, turned = self.epicardium(angle), angle + self.rotation
        return np.stack(
            [
                self.centre[0] + radius * np.cos(turned),
                self.centre[1] + radius * np.sin(turned),
            ],
            axis=1,
        )

    def segment(self, angle: np.ndarray) -> np.ndarray:
        """AHA segment number of each angle (Cerqueira 2002)."""
        first, start, width, _, _ = RINGS[self.ring]
        degrees = np.mod(np.degrees(angle) - start, 360.0)
        return first + np.minimum(degrees // width, 360.0 / width - 1).astype(int)

    def draw(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Tissue labels, int16, at points in mm (y pointing up)."""
        labels = np.full(x.shape, AIR, np.int16)
        for shape in self.body:
            labels[shape.covers(x, y)] = shape.tissue
        inside = labels == LUNG
        dx, dy = x - self.centre[0], y - self.centre[1]
        for shape in self.surroundings:
            labels[inside & shape.covers(dx, dy)] = shape.tissue
        radius, angle = self.to_polar(x, y)
        endo, epi, rv = self.endocardium(angle), self.epicardium(angle), self.rv_outer(angle)
        has_rv = rv > epi + 0.5
        outer = rv + np.where(has_rv, self.rv_wall, 0.0)
        # Fat fills the grooves where the right ventricle meets the left.
        groove = sum(
            5.0 * np.exp(-0.5 * (np.angle(np.exp(1j * (angle - a))) / 0.16) ** 2)
            for a in self.insertions
        )
        labels[(radius < outer + np.maximum(self.fat(angle), 0.0) + groove) & (labels != AIR)] = FAT
        labels[radius < outer] = RV_WALL
        labels[(radius < rv) & has_rv] = RV_BLOOD
        wall = radius < epi
        labels[wall] = MYOCARDIUM + self.segment(angle[wall])
        depth = (radius - endo) / (epi - endo)
        for scar in self.scars:
            labels[wall & scar.covers(angle, depth)] = SCAR
        if self.outflow:
            labels[wall & self.outflow.spans(angle)] = LV_BLOOD
        cavity = radius < endo
        labels[cavity] = LV_BLOOD
        hx, hy = radius * np.cos(angle), radius * np.sin(angle)
        for shape in self.papillaries:
            labels[cavity & shape.covers(hx, hy)] = PAPILLARY
        return labels


def draw_anatomy(
    rng: np.random.Generator, rings: tuple[str, ...], population: Population = TYPICAL
) -> tuple[SliceAnatomy, ...]:
    """The slices of a new subject, one per ring (`basal`, `mid`, `apical`)."""
    radius = rng.uniform(*population.cavity_radius)
    thickness = np.clip(
        rng.normal(population.wall_mean, population.wall_sd), *population.wall_limits
    )
    shape_seed, fat_mean = rng.integers(2**32), rng.uniform(0.5, 5.0)
    rotation = np.radians(np.clip(rng.normal(0.0, 22.0), -60, 60))
    centre = tuple(rng.uniform(-32.0, 32.0, 2))
    half_septum = np.radians(rng.uniform(48.0, 68.0))
    depth, rv_shape = rng.uniform(*population.rv_depth), rng.uniform(0.5, 1.1)
    rv_wall = rng.uniform(2.0, 4.5)
    body = _body(rng, population.body_shift)
    surroundings = _surroundings(rng, population.clutter)
    slices = []
    for ring in rings:
        _, _, _, cavity_scale, wall_scale = RINGS[ring]
        # The same subject keeps its shape from base to apex; each ring varies around it.
        shape = np.random.default_rng(shape_seed)
        endocardium = Harmonics.draw(shape, radius * cavity_scale, [0.0, 1.3, 0.6, 0.4, 0.25])
        wall = Harmonics.draw(shape, thickness * wall_scale, [0.9, 0.7, 0.4, 0.25])
        if population.irregularity > 1:
            endocardium = endocardium.exaggerated(shape.uniform(1, population.irregularity))
            wall = wall.exaggerated(shape.uniform(1, population.irregularity))
        fat = Harmonics.draw(rng, fat_mean, [1.5, 1.2, 0.8, 0.5])
        slices.append(
            SliceAnatomy(
                ring=ring,
                endocardium=endocardium,
                wall=wall,
                fat=fat,
                papillaries=_papillaries(rng, endocardium, cavity_scale, population.trabeculae),
                surroundings=surroundings,
                body=body,
                insertions=(np.pi - half_septum, np.pi + half_septum),
                rv_depth=depth * cavity_scale**1.5,
                rv_shape=rv_shape,
                rv_wall=rv_wall,
                centre=(centre[0] + rng.normal(0, 1.5), centre[1] + rng.normal(0, 1.5)),
                rotation=rotation,
                scars=_scars(rng, population.scars),
                outflow=_outflow(rng, population.outflow if ring == "basal" else 0.0),
            )
        )
    return tuple(slices)


def _scars(rng: np.random.Generator, most: int) -> tuple[Sector, ...]:
    """Infarcts from the inside outwards, and scars in the middle of the wall."""
    scars = []
    for _ in range(rng.integers(0, most + 1) if most else 0):
        inner = 0.0 if rng.random() < 0.7 else rng.uniform(0.0, 0.6)
        depths = (inner, inner + rng.uniform(0.25, 1.0))
        scars.append(Sector(rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 1.0), depths))
    return tuple(scars)


def _outflow(rng: np.random.Generator, share: float) -> Sector | None:
    """Where the outflow tract interrupts the wall, mostly between septum and anterior wall."""
    if share == 0.0 or rng.random() >= share:
        return None
    return Sector(np.radians(rng.normal(120.0, 40.0)), rng.uniform(0.25, 0.9))


def _papillaries(
    rng: np.random.Generator, endocardium: Harmonics, scale: float, trabeculae: int
) -> tuple[Disc, ...]:
    """Two papillary muscles at the free wall, and a few trabeculae along the border."""
    discs = []
    for degrees in (rng.normal(40, 14), rng.normal(-65, 14)):
        angle, size = np.radians(degrees), rng.uniform(2.5, 5.0) * scale
        at = float(endocardium(np.array(angle)) - size * rng.uniform(0.5, 1.6))
        axes = (size, size * rng.uniform(0.6, 1.0))
        discs.append(Disc.away(PAPILLARY, at, angle, axes, angle))
    for _ in range(rng.integers(0, trabeculae + 1)):
        angle, size = rng.uniform(0, 2 * np.pi), rng.uniform(0.7, 1.8)
        at = float(endocardium(np.array(angle)) - rng.uniform(0.0, 1.5))
        discs.append(Disc.away(PAPILLARY, at, angle, (size, size)))
    return tuple(discs)


def _body(rng: np.random.Generator, shift: float) -> tuple[Disc, ...]:
    """Skin and fat, the chest wall's muscle with ribs, and the lungs inside, about the field."""
    x, y = rng.uniform(-shift, shift), rng.uniform(-shift, shift)
    axes = np.array([rng.uniform(125, 185), rng.uniform(105, 150)])
    turn = rng.uniform(-0.5, 0.5)
    fat, muscle = rng.uniform(5, 25), rng.uniform(8, 20)
    discs = [
        Disc(FAT, x, y, tuple(axes), turn),
        Disc(MUSCLE, x, y, tuple(axes - fat), turn),
    ]
    middle = axes - fat - muscle / 2
    for angle in np.arange(0, 2 * np.pi, rng.uniform(0.3, 0.5)) + rng.uniform(0, 1):
        u, v = middle[0] * np.cos(angle), middle[1] * np.sin(angle)
        discs.append(
            Disc(
                BONE,
                x + u * np.cos(turn) - v * np.sin(turn),
                y + u * np.sin(turn) + v * np.cos(turn),
                (muscle * 0.45, muscle * 0.3),
                angle + turn + np.pi / 2,
            )
        )
    discs.append(Disc(LUNG, x, y, tuple(axes - fat - muscle), turn))
    return tuple(discs)


def _surroundings(rng: np.random.Generator, clutter: int) -> tuple[Disc, ...]:
    """Liver, stomach or spleen, great vessels and mediastinal fat around the heart.

    `clutter` is the most there is besides of organs of any tissue, size and place, half of them
    with another content inside their wall.
    """
    discs = []
    for _ in range(rng.integers(0, clutter + 1)):
        tissue, content = rng.choice([FAT, LIVER, LUNG, RV_BLOOD, *ORGANS], 2)
        size, lean = rng.uniform(6, 60), rng.uniform(0, 2 * np.pi)
        away = rng.uniform(25, 60) + size
        axes, turn = (size, size * rng.uniform(0.4, 1.0)), rng.uniform(0, 3)
        discs.append(Disc.away(int(tissue), away, lean, axes, turn))
        if rng.random() < 0.5:
            inside = rng.uniform(0.4, 0.9)
            within = (axes[0] * inside, axes[1] * inside)
            discs.append(Disc.away(int(content), away, lean, within, turn))
    if rng.random() < 0.7:
        size = rng.uniform(25, 60)
        discs.append(
            Disc(
                FAT, rng.normal(-40, 15), rng.normal(35, 20), (size, size * 0.6), rng.uniform(0, 3)
            )
        )
    liver = rng.uniform(55, 110)
    below = rng.uniform(30, 52) + liver * 0.85
    lean = np.radians(rng.normal(248, 14))
    discs.append(
        Disc.away(
            LIVER, below, lean, (liver, liver * rng.uniform(0.7, 1.0)), rng.uniform(-0.4, 0.4)
        )
    )
    if rng.random() < 0.6:
        size, lean = rng.uniform(20, 45), np.radians(rng.normal(300, 12))
        away = rng.uniform(38, 50) + size
        discs.append(
            Disc.away(STOMACH, away, lean, (size, size * rng.uniform(0.5, 1.0)), rng.uniform(0, 3))
        )
    lean, away = np.radians(rng.normal(-20, 25)), rng.uniform(52, 85)
    size = rng.uniform(9, 14)
    discs.append(Disc.away(LV_BLOOD, away, lean, (size, size)))
    for _ in range(rng.integers(8, 30)):
        angle, away, size = rng.uniform(0, 2 * np.pi), rng.uniform(45, 130), rng.uniform(0.8, 3.5)
        discs.append(Disc.away(RV_BLOOD, away, angle, (size, size * 2), angle))
    return tuple(discs)
