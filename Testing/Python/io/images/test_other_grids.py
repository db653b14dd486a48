"""The shipped model on hearts that are scaled, shifted, padded or embedded in larger images."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import shift, zoom

from ASLMyoSegLib.network import LoadedModel, load_model
from ASLMyoSegLib.phantom import simulate_subject
from ASLMyoSegLib.series import ASLSeries, Geometry
from ASLMyoSegLib.uncertainty.sampler import segment
from ASLMyoSegLib.uncertainty.scores import dice

LEAST_DICE = 0.75
"""Of each image; on its own grid the subject scores 0.88 to 0.96."""

Arrays = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return load_model()


@pytest.fixture(scope="module")
def subject() -> tuple[ASLSeries, np.ndarray]:
    """M0, control and label of a heart that was not trained on, with the reference masks."""
    series, truth = simulate_subject(99, 1, "rest")
    return series.only(range(3)), truth.observer[:3]


def scaled(down: float, across: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(images: np.ndarray) -> np.ndarray:
        factors = (1, 1, down, across)
        return zoom(images, factors, order=1, grid_mode=True, mode="nearest")

    return change


def embedded(top: int, left: int, noise: float) -> Callable[[np.ndarray], np.ndarray]:
    """In 256x256 pixels; `noise` is a share of the largest value."""

    def change(images: np.ndarray) -> np.ndarray:
        around = np.random.default_rng(0).rayleigh(noise, (*images.shape[:2], 256, 256))
        around *= images.max()
        rows, columns = images.shape[2:]
        around[..., top : top + rows, left : left + columns] = images
        return around

    return change


def shifted(down: float, right: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda images: shift(images, (0, 0, down, right), order=1)


CHANGES = {
    "256x256 of the same field": (scaled(8 / 3, 8 / 3), (3 / 8, 3 / 8)),
    "fewer and larger pixels": (scaled(0.6, 0.6), (1 / 0.6, 1 / 0.6)),
    "pixels that are not square": (scaled(1, 1.7), (1, 1 / 1.7)),
    "a small heart": (scaled(0.75, 0.75), (1, 1)),
    "a large heart": (scaled(1.4, 1.4), (1, 1)),
    "shifted up and right": (shifted(-12, 18), (1, 1)),
    "shifted down by parts of a pixel": (shifted(15.5, 0.3), (1, 1)),
    "cropped": (lambda images: images[..., 14:82, 12:84], (1, 1)),
    "padded to one side": (lambda a: np.pad(a, ((0, 0), (0, 0), (0, 70), (31, 0))), (1, 1)),
    "in the middle of 256x256": (embedded(80, 80, 0.01), (1, 1)),
    "in a corner of black 256x256": (embedded(0, 0, 0.0), (1, 1)),
    "in a corner of noisy 256x256": (embedded(0, 0, 0.03), (1, 1)),
    "at a side of noisy 256x256": (embedded(100, 155, 0.02), (1, 1)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_heart_is_found_wherever_and_however_large_it_lies_in_the_image(
    subject: tuple[ASLSeries, np.ndarray], model: LoadedModel, change: str
):
    series, reference = subject
    how, (down, across) = CHANGES[change]
    width, height, thickness = series.geometry.spacing
    pixels = (width * across, height * down, thickness)
    images = np.ascontiguousarray(how(series.images), np.float32)
    changed = dataclasses.replace(series, images=images, geometry=Geometry(pixels))
    found = segment(changed, model, trials=4, seed=0, device="cpu").mean >= 0.5
    where = how(reference.astype(float)) >= 0.5
    assert found.shape == images.shape
    assert dice(found, where).min() > LEAST_DICE
