"""Acquisition: a multi-coil SENSE 2 image with noise, from a signed high-resolution signal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

MATRIX = 96
OVERSAMPLING = 4
COILS = 8


@dataclass(frozen=True)
class Receiver:
    """Coils of one session.

    Attributes:
        sensitivity: complex (coil, y, x), of the acquired matrix.
        unfold: complex (y / 2, x, 2, coil), SENSE 2 reconstruction of each pair of pixels.
        shading: float (y, x), what coil shading the reconstruction leaves, about 1 at the heart.
        noise: standard deviation of the noise of a coil image, real and imaginary part each.
    """

    sensitivity: np.ndarray
    unfold: np.ndarray
    shading: np.ndarray
    noise: float

    def noise_sd(self) -> np.ndarray:
        """Standard deviation of the noise of the image, (y, x), per real part."""
        power = np.sqrt((np.abs(self.unfold) ** 2).sum(-1)) * self.noise
        return np.concatenate([power[..., 0], power[..., 1]]) * self.shading


def draw_receiver(rng: np.random.Generator, noise: float, centre: tuple[int, int]) -> Receiver:
    """A coil array around the body; `centre` (y, x) is the pixel where shading is 1."""
    row, column = np.mgrid[:MATRIX, :MATRIX] / MATRIX - 0.5
    angles = 2 * np.pi * (np.arange(COILS) + rng.uniform(-0.25, 0.25, COILS)) / COILS
    distance = rng.uniform(0.55, 0.75, COILS)
    maps = []
    for angle, away in zip(angles, distance, strict=True):
        dy, dx = row - away * np.sin(angle), column - away * np.cos(angle)
        reach = rng.uniform(0.35, 0.55)
        phase = rng.uniform(0, 2 * np.pi) + 2.0 * (dy * np.cos(angle) - dx * np.sin(angle))
        maps.append(np.exp(1j * phase) / (1 + (dy**2 + dx**2) / reach**2))
    sensitivity = np.array(maps)
    total = np.sqrt((np.abs(sensitivity) ** 2).sum(0))
    sensitivity /= total[centre]
    shading = (total / total[centre]) ** rng.uniform(0.3, 0.9)
    half = MATRIX // 2
    pairs = np.stack([sensitivity[:, :half], sensitivity[:, half:]], axis=-1)
    pairs = pairs.transpose(1, 2, 0, 3)
    return Receiver(sensitivity, np.linalg.pinv(pairs), shading, noise)


def acquire(rng: np.random.Generator, signal: np.ndarray, receiver: Receiver) -> np.ndarray:
    """Magnitude image, float32 (y, x), of a signed signal drawn `OVERSAMPLING` times finer."""
    blocks = signal.reshape(MATRIX, OVERSAMPLING, MATRIX, OVERSAMPLING)
    coil = receiver.sensitivity * blocks.mean((1, 3))
    half = MATRIX // 2
    folded = coil[:, :half] + coil[:, half:]
    noise = rng.normal(0.0, receiver.noise, (2, *folded.shape))
    folded = folded + noise[0] + 1j * noise[1]
    pairs = np.einsum("yxpc,cyx->pyx", receiver.unfold, folded)
    image = np.abs(np.concatenate([pairs[0], pairs[1]]))
    return (image * receiver.shading).astype(np.float32)


def draw_padding(rng: np.random.Generator, most: float) -> Callable[[np.ndarray], np.ndarray]:
    """What blackens some sides of images, each up to a share of the field; others stay as they are.

    Some images are lifted first, as those are whose grey levels stand for signed values.
    """
    before, after = (MATRIX * rng.uniform(-most, most, (2, 2))).clip(0).astype(int)
    lift = rng.uniform(0.0, 0.15) if rng.random() < 0.2 else 0.0

    def pad(image: np.ndarray) -> np.ndarray:
        padded = np.zeros_like(image)
        inside = tuple(slice(b, MATRIX - a) for b, a in zip(before, after, strict=True))
        padded[inside] = image[inside] + lift
        return padded

    return pad


def smooth_field(
    rng: np.random.Generator, shape: tuple[int, int], correlation: float
) -> np.ndarray:
    """A random field of unit variance whose correlation length is a fraction of the image."""
    coarse = 32
    field = gaussian_filter(rng.normal(size=(coarse, coarse)), correlation * coarse, mode="wrap")
    field /= field.std()
    rows = np.linspace(0, coarse - 1, shape[0])
    columns = np.linspace(0, coarse - 1, shape[1])
    along = np.array([np.interp(rows, np.arange(coarse), line) for line in field.T]).T
    return np.array([np.interp(columns, np.arange(coarse), line) for line in along])
