"""A small picture of a frame about the heart, with its outline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZE = 168
"""Pixels of the picture, twice of what it is shown at."""
AROUND = 1.7
"""Width of the picture over that of the heart."""
LINE = (255, 225, 77)


def draw_frame(one: Any, frame: int, path: Path) -> None:
    """Write a picture of the slice in the middle of a frame.

    Args:
        one: a `SeriesScene`.
        frame: whose picture.
        path: of the file; its ending tells the format.
    """
    image = one.volume("images", frame).astype(float)
    k = len(image) // 2
    mask = one.mask(frame)[k]
    rows, columns = _square(mask)
    grey = _stretched(image[k])[rows, columns]
    shown = Image.fromarray(grey).resize((SIZE, SIZE), Image.Resampling.BICUBIC).convert("RGB")
    large = Image.fromarray((mask[rows, columns] * 255).astype(np.uint8))
    inside = np.asarray(large.resize((SIZE, SIZE), Image.Resampling.BICUBIC)) > 127
    edge = inside & ~_eroded(inside)
    pixels = np.array(shown)
    pixels[edge] = LINE
    Image.fromarray(pixels).save(path)


def _square(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a square about the mask; the whole image where there is none."""
    if not mask.any():
        return slice(None), slice(None)
    places = np.argwhere(mask)
    low, high = places.min(0), places.max(0)
    half = int(np.ceil(AROUND * (high - low).max() / 2)) + 1
    middle = np.clip((low + high) // 2, half, np.maximum(np.array(mask.shape) - half - 1, half))
    return tuple(slice(max(int(m) - half, 0), int(m) + half + 1) for m in middle)


def _stretched(image: np.ndarray) -> np.ndarray:
    low, high = np.percentile(image, (1, 99.5))
    return np.clip((image - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)


def _eroded(inside: np.ndarray) -> np.ndarray:
    padded = np.pad(inside, 1)
    return padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:] & inside
