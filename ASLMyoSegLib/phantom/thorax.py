"""What lies around the heart in a short-axis slice: organs where organs are.

The frame is the heart's (see `ventricle`). Below it lies the diaphragm with liver, stomach, spleen
and bowel; to the left and above the chest wall; lung elsewhere; aorta and spine behind.
"""

from __future__ import annotations

import numpy as np

from .canvas import Canvas
from .tissues import Tissue
from .ventricle import Ventricle

ABDOMEN = (Tissue.FAT, Tissue.LIVER, Tissue.SPLEEN, Tissue.BOWEL_WALL, Tissue.BOWEL, Tissue.LUNG)


def paint_neighbours(
    canvas: Canvas, rng: np.random.Generator, reach: float, clutter: float
) -> None:
    """Everything but the heart.

    Args:
        canvas: an empty one.
        rng: of everything.
        reach: mm from the heart's middle to its border, which the neighbours touch.
        clutter: share of pictures that hold organs of any kind at any place besides.
    """
    _paint_chest(canvas, rng, reach)
    _paint_mediastinum(canvas, rng, reach)
    _paint_abdomen(canvas, rng, reach)
    _paint_back(canvas, rng, reach)
    if rng.random() < clutter:
        for _ in range(rng.integers(1, 7)):
            size = rng.uniform(5, 38)
            place = _polar(reach + size * rng.uniform(0.8, 1.6) + rng.uniform(0, 50), rng)
            _paint_organ(canvas, rng, *place, size)


def paint_other_level(canvas: Canvas, rng: np.random.Generator) -> None:
    """What lies in the heart's place above the base, or below the apex: no ventricle's muscle."""
    if rng.random() < 0.5:  # below the apex: fat, a dome of the liver, or nothing
        size = rng.uniform(5, 40)
        tissue = rng.choice([Tissue.HEART_FAT, Tissue.LIVER, Tissue.LUNG, Tissue.RV_BLOOD])
        canvas.blob(int(tissue), 0, 0, (size, size * rng.uniform(0.4, 1)), rng.uniform(0, 3))
        return
    size = rng.uniform(30, 55)
    canvas.blob(Tissue.HEART_FAT, 0, 0, (size, size * rng.uniform(0.7, 1)), rng.uniform(0, 3))
    for tissue in (Tissue.VEIN, Tissue.ARTERY, Tissue.ARTERY, Tissue.VEIN, Tissue.RV_BLOOD):
        x, y = rng.normal(0, 24, 2)
        size = rng.uniform(8, 26)
        axes = (size, size * rng.uniform(0.5, 1.0))
        wall = rng.uniform(0.8, 3.0)
        canvas.ring((Tissue.VESSEL_WALL, tissue), x, y, axes, wall, rng.uniform(0, 3))


def draw_slice(
    rng: np.random.Generator, half: int, *, typical: bool = False, caution: float = 0.0
) -> tuple[np.ndarray, Ventricle | None]:
    """Labels of a new slice, uint8 (2 half, 2 half) at 1 mm, and its heart, where it has one.

    Args:
        rng: of everything.
        half: of the canvas, mm.
        typical: whether the heart is one of the paper's, at a level that it has muscle in.
        caution: see `Ventricle.paint`.
    """
    canvas = Canvas(half)
    if not typical and rng.random() < 0.09:
        paint_neighbours(canvas, rng, rng.uniform(10, 40), 0.6)
        paint_other_level(canvas, rng)
        return canvas.labels, None
    ventricle = Ventricle.draw(rng, typical)
    paint_neighbours(canvas, rng, ventricle.radius, 0.15 if typical else 0.35)
    ventricle.paint(canvas, rng, caution)
    if ventricle.level == "base" and rng.random() < 0.5:
        _paint_great_vessels(canvas, rng, ventricle)
    return canvas.labels, ventricle


def _polar(away: float, rng: np.random.Generator, degrees: float | None = None):
    angle = rng.uniform(0, 2 * np.pi) if degrees is None else np.radians(degrees)
    return away * np.cos(angle), away * np.sin(angle)


def _paint_chest(canvas: Canvas, rng: np.random.Generator, reach: float) -> None:
    """Skin, fat, muscle, ribs and sternum about the lungs; the wall nearest left or above."""
    skin, muscle = rng.choice([rng.uniform(3, 12), rng.uniform(8, 40)]), rng.uniform(6, 20)
    size = rng.uniform(95, 150)
    axes = (size, size * rng.uniform(1.0, 1.5))
    near = reach + rng.uniform(2, 45) if rng.random() < 0.8 else rng.uniform(60, 110)
    toward = rng.normal(150, 35)
    # The body's middle lies away from the wall that is near.
    x, y = _polar(near - axes[0], rng, toward)
    u, v = canvas.axes_of(x, y, np.radians(toward) + rng.normal(0, 0.25))
    depth = size * (np.sqrt((u / axes[0]) ** 2 + (v / axes[1]) ** 2) - 1)
    labels = canvas.labels
    labels[depth < skin + muscle] = Tissue.FAT
    labels[depth < muscle] = Tissue.MUSCLE
    if rng.random() < 0.3:  # fat between the muscle's layers
        layer = muscle * rng.uniform(0.4, 0.7)
        labels[(depth > layer) & (depth < layer + 2)] = Tissue.FAT
    labels[depth < 0] = Tissue.LUNG
    wall = (depth >= 0) & (depth < muscle)
    along = np.arctan2(v[wall] / axes[1], u[wall] / axes[0]) * (axes[1] / (2 * np.pi))
    every, middle = rng.uniform(3.5, 9), muscle * rng.uniform(0.3, 0.6)
    wide, thick = every * rng.uniform(1.2, 2.4), muscle * rng.uniform(0.25, 0.45)
    position = np.mod(along + rng.uniform(0, every), every) / every - 0.5
    squared = (position * every * 2 * np.pi / wide) ** 2 + ((depth[wall] - middle) / thick) ** 2
    ribs = labels[wall]
    ribs[squared < 1] = Tissue.CORTEX
    ribs[squared < 0.5] = Tissue.MARROW
    labels[wall] = ribs


def _paint_mediastinum(canvas: Canvas, rng: np.random.Generator, reach: float) -> None:
    """Fat and soft tissue in front of and above the heart, the right side's lung beyond."""
    lung = (Tissue.LUNG,)
    for _ in range(rng.integers(0, 4)):
        size = rng.uniform(12, 50)
        at = _polar(reach + rng.uniform(0, 25), rng, rng.normal(150, 45))
        tissue = Tissue.FAT if rng.random() < 0.8 else Tissue.MUSCLE
        axes = (size, size * rng.uniform(0.3, 0.9))
        canvas.blob(tissue, *at, axes, rng.uniform(0, 3), inside=lung)
    if rng.random() < 0.35:  # right atrium or great veins beside the right ventricle
        size = rng.uniform(12, 32)
        at = _polar(reach + rng.uniform(15, 50), rng, rng.normal(190, 35))
        canvas.ring((Tissue.VESSEL_WALL, Tissue.VEIN), *at, (size, size * 0.8), 1.5)


def _paint_abdomen(canvas: Canvas, rng: np.random.Generator, reach: float) -> None:
    """Liver left, stomach and spleen right, bowel and fat between, under the diaphragm."""
    if rng.random() < 0.08:
        return
    gap = rng.uniform(-4, 10) if rng.random() < 0.75 else rng.uniform(10, 40)
    below, lean = reach + gap, rng.normal(-95, 18)
    dome = rng.uniform(70, 230)
    x, y = _polar(below + dome, rng, lean)
    axes, turn = (dome, dome * rng.uniform(0.85, 1.2)), np.radians(lean)
    canvas.blob(Tissue.MUSCLE, x, y, (axes[0], axes[1]), turn, inside=(Tissue.LUNG,))
    rind = rng.uniform(0.5, 4)
    within = (axes[0] - rind, axes[1] - rind)
    canvas.blob(Tissue.FAT, x, y, within, turn, inside=(Tissue.MUSCLE, Tissue.LUNG))
    inside = (*ABDOMEN, Tissue.STOMACH, Tissue.STOMACH_WALL)
    if rng.random() < 0.85:
        size = rng.uniform(45, 110)
        at = _polar(below + size * rng.uniform(0.75, 1.0), rng, rng.normal(-118, 16))
        shape = (size, size * rng.uniform(0.6, 1.0))
        canvas.blob(Tissue.LIVER, *at, shape, rng.uniform(-0.5, 0.5), inside=(Tissue.FAT,))
    for _ in range(rng.integers(0, 6) if rng.random() < 0.6 else 0):
        size = rng.uniform(6, 20)
        at = _polar(below + size + rng.uniform(0, 60), rng, rng.normal(-80, 35))
        _paint_hollow(canvas, rng, (Tissue.BOWEL_WALL, Tissue.BOWEL), at, size, inside)
    if rng.random() < 0.45:
        size = rng.uniform(20, 45)
        at = _polar(below + size * rng.uniform(0.6, 1.2), rng, rng.normal(-45, 18))
        shape = (size, size * rng.uniform(0.4, 0.8))
        canvas.blob(Tissue.SPLEEN, *at, shape, rng.uniform(0, 3), inside=inside)
    if rng.random() < 0.8:
        size = rng.uniform(10, 42)
        at = _polar(below + size * rng.uniform(0.7, 1.3), rng, rng.normal(-72, 20))
        _paint_hollow(canvas, rng, (Tissue.STOMACH_WALL, Tissue.STOMACH), at, size, inside)
    if rng.random() < 0.2:
        size = rng.uniform(18, 32)
        at = _polar(below + size + rng.uniform(20, 60), rng, rng.normal(-70, 30))
        shape = (size, size * rng.uniform(0.6, 0.9))
        canvas.blob(Tissue.KIDNEY, *at, shape, rng.uniform(0, 3), inside=inside)
        core = (size * 0.6, shape[1] * 0.5)
        canvas.blob(Tissue.MEDULLA, *at, core, rng.uniform(0, 3), inside=(Tissue.KIDNEY,))


def _paint_back(canvas: Canvas, rng: np.random.Generator, reach: float) -> None:
    """Descending aorta, gullet, spine."""
    toward = rng.normal(-25, 30)
    near = reach + rng.uniform(8, 45)
    if rng.random() < 0.8:
        size = rng.uniform(7, 15)
        at = _polar(near + size, rng, toward)
        wall = rng.uniform(1.0, 2.5)
        canvas.ring((Tissue.VESSEL_WALL, Tissue.ARTERY), *at, (size, size * 0.95), wall)
        if rng.random() < 0.4:
            at = _polar(near + rng.uniform(-4, 6), rng, toward + rng.uniform(12, 30))
            canvas.ring((Tissue.ORGAN_WALL, Tissue.ORGAN), *at, (7, 5), rng.uniform(2, 4))
    if rng.random() < 0.55:
        size = rng.uniform(14, 24)
        at = _polar(near + rng.uniform(18, 45) + size, rng, toward + rng.normal(0, 15))
        shape = (size, size * rng.uniform(0.7, 1.0))
        canvas.blob(Tissue.MUSCLE, *at, (size + 12, size + 9), rng.uniform(0, 3))
        canvas.ring((Tissue.CORTEX, Tissue.MARROW), *at, shape, 2.0, rng.uniform(0, 3))
    if rng.random() < 0.3:
        size = rng.uniform(8, 16)
        at = _polar(reach + rng.uniform(15, 50), rng, rng.normal(-150, 25))
        canvas.ring((Tissue.VESSEL_WALL, Tissue.VEIN), *at, (size, size * 0.8), 1.2)


def _paint_great_vessels(canvas: Canvas, rng: np.random.Generator, ventricle: Ventricle) -> None:
    """Outflow tracts, roots and atria beside the base of the heart."""
    outside = (
        Tissue.LUNG,
        Tissue.FAT,
        Tissue.HEART_FAT,
        Tissue.MUSCLE,
        Tissue.RV_BLOOD,
        Tissue.RV_WALL,
        Tissue.VESSEL_WALL,
    )
    for tissue, degrees in (
        (Tissue.RV_BLOOD, 115),
        (Tissue.ARTERY, 150),
        (Tissue.VEIN, 210),
        (Tissue.VEIN, 20),
    ):
        if rng.random() < 0.5:
            size = rng.uniform(8, 22)
            away = ventricle.radius + size + rng.uniform(-2, 14)
            at = _polar(away, rng, rng.normal(degrees, 18))
            axes, wall = (size, size * rng.uniform(0.7, 1)), rng.uniform(0.8, 2.5)
            labels = (Tissue.VESSEL_WALL, tissue)
            canvas.ring(labels, *at, axes, wall, rng.uniform(0, 3), inside=outside)


def _paint_organ(canvas: Canvas, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    """A ring-like or a solid organ of any kind."""
    pairs = (
        (Tissue.ORGAN_WALL, Tissue.ORGAN),
        (Tissue.STOMACH_WALL, Tissue.STOMACH),
        (Tissue.BOWEL_WALL, Tissue.BOWEL),
        (Tissue.VESSEL_WALL, Tissue.VEIN),
        (Tissue.ORGAN, Tissue.ORGAN_WALL),
        (Tissue.SPLEEN, Tissue.SPLEEN),
    )
    _paint_hollow(canvas, rng, pairs[rng.integers(len(pairs))], (x, y), size, None)


def _paint_hollow(
    canvas: Canvas,
    rng: np.random.Generator,
    labels: tuple[Tissue, Tissue],
    at: tuple[float, float],
    size: float,
    inside: tuple[int, ...] | None,
) -> None:
    """A hollow organ with a thin or a thick wall, smooth or with folds that reach inwards."""
    axes = (size, size * rng.uniform(0.45, 1.0))
    wall = axes[1] * rng.uniform(0.08, 0.65)
    lobes = (0, 0.0, 0.0)
    if rng.random() < 0.5:
        lobes = (int(rng.integers(3, 14)), rng.uniform(0.08, 0.45), rng.uniform(0, 6))
    canvas.ring(labels, *at, axes, wall, rng.uniform(0, 3), lobes=lobes, inside=inside)
    if rng.random() < 0.3:  # something floats in it
        core = tuple(0.4 * max(1.0, a - wall) for a in axes)
        tissue = int(rng.choice([labels[0], Tissue.ORGAN, Tissue.AIR]))
        canvas.blob(tissue, *at, core, rng.uniform(0, 3), inside=(labels[1],))
