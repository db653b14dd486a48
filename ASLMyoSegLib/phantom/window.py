"""Pictures for training: a window about a heart, as a scanner would have taken it.

Labels are drawn 1 mm apart; a window looks at them turned, mirrored, bent, off the middle, and
three times finer than the network's pixels, from which come the grey levels and the exact share of
muscle in each pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch.nn.functional import interpolate

from .appearance import Appearance
from .curves import bend
from .tissues import LEFT_VENTRICULAR_WALL, Tissue

FINE = 3
"""Points a side of a pixel of the network."""
BANK = 1024
"""Points a side of the fields that textures and bends are cut from."""


@dataclass(frozen=True)
class View:
    """How a window looks at a heart.

    Attributes:
        side: pixels of the network.
        pixel: mm, of the network's pixels.
        acquired: mm, (y, x), of the scanner's pixels.
        offset: mm, (x, y), from the window's middle to the heart's.
        turn: radians.
        mirrored: whether left is right.
        zoom: (along x, along y).
        unrest: mm, how far outlines are bent.
        field: rows and columns from, to (of `side`) that are seen; black beyond.
    """

    side: int
    pixel: float
    acquired: tuple[float, float]
    offset: tuple[float, float]
    turn: float
    mirrored: bool
    zoom: tuple[float, float]
    unrest: float
    field: tuple[slice, slice]


@dataclass(frozen=True)
class Picture:
    """A window as the network sees it.

    Attributes:
        image: float32 (side, side); normalised where it is seen, darkest value beyond.
        share: float32 (side, side), of each pixel that is muscle of the left ventricle.
    """

    image: np.ndarray
    share: np.ndarray


@lru_cache(maxsize=1)
def fields() -> dict[float, np.ndarray]:
    """Random fields of unit variance by correlation length (points), to cut pieces from."""
    rng = np.random.default_rng(20)
    made = {}
    for length in (0.8, 2.0, 5.0, 14.0, 40.0):
        field = gaussian_filter(rng.normal(size=(BANK, BANK)), length, mode="wrap")
        made[length] = (field / field.std()).astype(np.float32)
    return made


def piece(rng: np.random.Generator, length: float, side: int) -> np.ndarray:
    """A random piece of a field, (side, side)."""
    row, column = rng.integers(0, BANK - side, 2)
    cut = fields()[length][row : row + side, column : column + side]
    return cut[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]


def look(
    rng: np.random.Generator, labels: np.ndarray, view: View, appearance: Appearance, curved: bool
) -> Picture:
    """The picture of a label map (1 mm, uint8) in a view.

    Args:
        rng: of texture, shading, noise and curve.
        labels: of `thorax.draw_slice`.
        view: of it.
        appearance: grey levels.
        curved: whether the grey curve is drawn too, and shading is strong at times.
    """
    seen = _sampled(rng, labels, view)
    side = view.side
    wall = np.zeros(256, np.float32)
    wall[list(LEFT_VENTRICULAR_WALL)] = 1
    share = wall[seen].reshape(side, FINE, side, FINE).mean((1, 3))
    image = _coloured(rng, seen, appearance)
    image = image * _shading(rng, len(seen), curved)
    image = _acquired(rng, image, view, appearance, curved)
    rows, columns = view.field
    inside = image[rows, columns]
    if curved:
        inside = bend(rng, inside)
    inside = (inside - inside.mean()) / max(float(inside.std()), 1e-6)
    image = np.full((side, side), inside.min(), np.float32)
    image[rows, columns] = inside
    beyond = np.zeros_like(share)
    beyond[rows, columns] = share[rows, columns]
    return Picture(image, beyond)


def _sampled(rng: np.random.Generator, labels: np.ndarray, view: View) -> np.ndarray:
    """Labels at the fine points of a window."""
    count, half = view.side * FINE, len(labels) // 2
    step = view.pixel / FINE
    at = ((np.arange(count) + 0.5) * step - count * step / 2).astype(np.float32)
    x, y = at[None] - view.offset[0], at[:, None] - view.offset[1]
    if view.mirrored:
        x = -x
    x, y = x / view.zoom[0], y / view.zoom[1]
    cosine, sine = np.float32(np.cos(view.turn)), np.float32(np.sin(view.turn))
    u, v = x * cosine - y * sine, x * sine + y * cosine
    # Organs are bent more than the heart, whose outline has its own shape.
    away = np.minimum(0.3 + (u * u + v * v) * np.float32(1 / 70**2), 1.0) * view.unrest
    u = u + away * piece(rng, 14.0, count)
    v = v + away * piece(rng, 14.0, count)
    column = np.clip(u + half, 0, 2 * half - 1).astype(np.int32)
    row = np.clip(v + half, 0, 2 * half - 1).astype(np.int32)
    seen = labels[row, column]
    for tissue, vessel, most in (
        (Tissue.LUNG, Tissue.LUNG_VESSEL, 3.2),
        (Tissue.LIVER, Tissue.LIVER_VESSEL, 3.0),
    ):
        threshold = rng.uniform(1.7, most)
        seen[(seen == tissue) & (piece(rng, 2.0, count) > threshold)] = vessel
    return seen


def _coloured(rng: np.random.Generator, seen: np.ndarray, appearance: Appearance) -> np.ndarray:
    count = len(seen)
    texture = np.ones((count, count), np.float32)
    for strength, length in zip(appearance.texture, (0.8, 2.0, 5.0), strict=True):
        texture += strength[seen] * piece(rng, length, count)
    signal = appearance.signal[seen] * texture
    return signal + appearance.added[seen] * piece(rng, 2.0, count)


def _shading(rng: np.random.Generator, count: int, curved: bool) -> np.ndarray:
    """Coils: a smooth field, and one that is near."""
    strength = rng.uniform(0, 0.45) if curved and rng.random() < 0.4 else rng.uniform(0, 0.2)
    logarithm = strength * piece(rng, 40.0, count)
    at = np.linspace(-1, 1, count, dtype=np.float32)
    if rng.random() < 0.7:
        slope = rng.uniform(0, 0.9 if curved else 0.4)
        turn = rng.uniform(0, 2 * np.pi)
        ramp = slope * (np.cos(turn) * at[None] + np.sin(turn) * at[:, None])
        logarithm = logarithm + ramp.astype(np.float32)
    return np.exp(logarithm)


def _acquired(
    rng: np.random.Generator,
    image: np.ndarray,
    view: View,
    appearance: Appearance,
    curved: bool,
) -> np.ndarray:
    """Through the scanner's pixels and noise to the network's pixels, (side, side)."""
    width = view.side * view.pixel
    size = tuple(max(16, min(len(image), round(width / mm))) for mm in view.acquired)
    scanned = (_truncated if rng.random() < 0.5 else _resized)(image, size)
    level = float(np.abs(appearance.signal[[Tissue.WALL, Tissue.LV_BLOOD]]).max())
    noise = level * np.exp(rng.uniform(np.log(0.006), np.log(0.14 if curved else 0.06)))
    # The noise is stronger in smaller pixels, but so is what averaging takes from it.
    noise = noise * np.float32(3.0 / np.sqrt(np.prod(view.acquired)))
    first = scanned + noise * rng.standard_normal(size, np.float32)
    if appearance.magnitude:
        first = np.hypot(first, noise * rng.standard_normal(size, np.float32))
    return _resized(first, (view.side, view.side))


def _truncated(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The middle of k-space alone, which leaves Gibbs' ringing."""
    space = np.fft.fftshift(np.fft.fft2(image))
    first = [n // 2 - s // 2 for n, s in zip(image.shape, size, strict=True)]
    part = space[first[0] : first[0] + size[0], first[1] : first[1] + size[1]]
    scanned = np.fft.ifft2(np.fft.ifftshift(part)).real * (np.prod(size) / image.size)
    return scanned.astype(np.float32)


def _resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if image.shape == size:
        return image
    tensor = torch.from_numpy(np.ascontiguousarray(image))[None, None]
    resized = interpolate(tensor, size, mode="bilinear", align_corners=False, antialias=True)
    return resized[0, 0].numpy()
