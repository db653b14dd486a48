"""The population of training pictures: which slice, in which view, in which style."""

from __future__ import annotations

import numpy as np

from .appearance import STYLES, draw_appearance
from .thorax import draw_slice
from .window import Picture, View, look

ASL = {"asl": 0.10, "asl-unusual": 0.10}
"""Shares of the pictures that the physics of ASL colours: those of the paper, and any others."""

PIXEL = 3.0
"""Pixels (mm) of the network; see `uncertainty.grid`."""

CAUTION = 0.35
"""Share of a pixel that outlines of the paper's ASL images lie inside the muscle on either side:
a little less than the observers keep (`observer`), so that masks suit both them and truth."""


def draw_style(rng: np.random.Generator) -> str:
    """One of all styles."""
    shares = {**STYLES, **ASL}
    return str(rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))


def draw_pictures(rng: np.random.Generator, side: int, style: str, count: int = 1) -> list[Picture]:
    """Pictures of one slice of a new subject, each in another view and with other grey levels.

    Args:
        rng: of everything.
        side: pixels of the network.
        style: see `draw_style`.
        count: how many.
    """
    typical = style == "asl"
    pixel = 2.6 + 1.2 * rng.beta(1.2, 2.0) if typical else PIXEL
    half = int(side * pixel * 0.72) + 8
    labels, _ = draw_slice(rng, half, typical=typical, caution=CAUTION * pixel * typical)
    pictures = []
    for _ in range(count):
        view, appearance = draw_view(rng, side, pixel, typical), draw_appearance(rng, style)
        pictures.append(look(rng, labels, view, appearance, curved=not typical))
    return pictures


def draw_view(rng: np.random.Generator, side: int, pixel: float, typical: bool) -> View:
    """Any turn, mirrored or not; the heart off the middle as a search may miss it by 25 mm, and
    further in whole fields."""
    width = side * pixel
    zoom = np.exp(rng.normal(0, 0.10) + rng.normal(0, 0.04, 2)) if not typical else np.ones(2)
    acquired = np.full(2, pixel)
    if not typical:
        acquired = np.exp(rng.uniform(np.log(0.9), np.log(3.3))) * np.ones(2)
        if rng.random() < 0.4:
            acquired[rng.integers(2)] *= rng.uniform(1.0, 1.8)
    spread = 8.0 if width < 240 else 20.0
    offset = np.clip(rng.normal(0, spread, 2), -0.17 * width, 0.17 * width)
    return View(
        side=side,
        pixel=pixel,
        acquired=tuple(acquired.tolist()),
        offset=tuple(offset.tolist()),
        turn=float(rng.uniform(0, 2 * np.pi)),
        mirrored=bool(rng.random() < 0.5),
        zoom=tuple(zoom.tolist()),
        unrest=float(rng.uniform(0.5, 4.0) if not typical else rng.uniform(0.3, 1.5)),
        field=_field(rng, side, offset / pixel, typical),
    )


def _field(
    rng: np.random.Generator, side: int, heart: np.ndarray, typical: bool
) -> tuple[slice, slice]:
    """What a field of 80 mm to 400 mm leaves to see of a window: a part, or mostly all of it."""
    kind = rng.random()
    if kind < (0.75 if typical else 0.5):
        return slice(0, side), slice(0, side)
    if kind < 0.75:  # the field ends on some sides
        ends = np.clip(rng.uniform(-0.25, 0.25, (2, 2)) * side, 0, None).astype(int)
        return tuple(slice(int(low), side - int(high)) for low, high in ends)
    sizes = rng.uniform(27, side) * np.exp(rng.normal(0, 0.1, 2))
    spans = []
    for size, off in zip(sizes, heart[::-1], strict=True):
        size = int(np.clip(size, 26, side))
        middle = side / 2 + off + rng.normal(0, 0.1) * size
        first = int(np.clip(middle - size / 2, 0, side - size))
        spans.append(slice(first, first + size))
    return spans[0], spans[1]
