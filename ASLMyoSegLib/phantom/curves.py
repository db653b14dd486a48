"""Grey-level curves of any shape, since a curve means nothing."""

from __future__ import annotations

import numpy as np


def bend(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """An image through a random curve; range about 0 to 1, float32.

    Powers, bent histograms, clipped ends, inversion, and now and then a curve that turns back, as
    magnitudes of signed images do.
    """
    low, high = np.percentile(image, (0.2, 99.8))
    image = (image - low) / max(high - low, 1e-6)
    if rng.random() < 0.25:  # saturated, as coloured maps and pictures are
        top, bottom = rng.uniform(0.5, 1.0), rng.choice([0.0, rng.uniform(0, 0.15)])
        image = (image - bottom) / (top - bottom)
    if rng.random() < 0.97:
        image = np.clip(image, 0.0, 1.0)
    kind = rng.random()
    if kind < 0.45:
        image = np.maximum(image, 0.0) ** np.float32(np.exp(rng.uniform(-0.9, 0.9)))
    elif kind < 0.75:
        knots = np.cumsum(rng.gamma(1.5, size=rng.integers(3, 8)))
        knots = np.concatenate([[0.0], knots / knots[-1]])
        image = np.interp(image, np.linspace(0, 1, len(knots)), knots)
    if rng.random() < 0.08:
        image = np.abs(image - rng.uniform(0.05, 0.35))
    if rng.random() < 0.12:
        image = 1 - image
    if rng.random() < 0.2:
        image = image + rng.uniform(0, 0.6)
    return image.astype(np.float32)
