"""A small series of which everything is known, for the tests of scenes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ASLMyoSegLib.perfusion.kinetics import difference_magnetisation
from ASLMyoSegLib.scene import SeriesScene, nodes
from ASLMyoSegLib.scene.mrml import PrivateScene, slicer
from ASLMyoSegLib.series import ASLSeries, Geometry, Posterior, RVInsertion

SIZE, CENTRE = 40, (19.0, 21.0)
TYPES = ("m0scan", *("control", "label") * 3)
TIME = 1.5
M0, LABEL = 1000.0, 400.0
BASE = np.array([-0.55, 0.6, 0.58]) / np.linalg.norm([-0.55, 0.6, 0.58])
LATERAL = np.array([0.6, 0.55, 0.0]) / np.hypot(0.6, 0.55)
OBLIQUE = Geometry(
    (2.0, 2.5, 8.0),
    (10.0, -40.0, 25.0),
    tuple(np.column_stack([LATERAL, np.cross(BASE, LATERAL), BASE]).ravel()),
)
"""A short axis that stands."""


def ring(slices: int = 1, frames: int = len(TYPES)) -> np.ndarray:
    """Masks of a wall, bool (frame, slice, y, x)."""
    y, x = np.mgrid[:SIZE, :SIZE]
    radius = np.hypot(y - CENTRE[0], x - CENTRE[1])
    return np.broadcast_to((radius > 7) & (radius < 12), (frames, slices, SIZE, SIZE)).copy()


def make_series(mbf: float = 1.5, slices: int = 1, name: str = "sub-01_acq-rest") -> ASLSeries:
    """Images whose wall has this flow (mL/g/min) everywhere, at known scale."""
    difference = float(difference_magnetisation(mbf, TIME, t1_tissue=1.25))
    levels = {"m0scan": M0, "control": LABEL + M0 * difference, "label": LABEL}
    rng = np.random.default_rng(5)
    images = rng.uniform(20, 60, (len(TYPES), slices, SIZE, SIZE))
    for image, wall, kind in zip(images, ring(slices), TYPES, strict=True):
        image[wall] = levels[kind]
    times = np.array([np.nan if kind == "m0scan" else TIME for kind in TYPES])
    metadata = {"MagneticFieldStrength": 3.0, "RepetitionTimePreparation": 10.0}
    return ASLSeries(images.astype(np.float32), TYPES, times, OBLIQUE, name, metadata)


def make_posterior(masks: np.ndarray, doubt: float = 0.1) -> Posterior:
    """What passes might have said: sure of the masks, but for `doubt` on them."""
    mean = np.where(masks, 0.9, 0.02).astype(np.float32)
    std = np.where(masks, doubt, 0.01).astype(np.float32)
    counts = np.full(masks.shape[:2], 32)
    packed = np.zeros((32, *masks.shape[:2], SIZE * SIZE // 8), np.uint8)
    interval = np.stack([np.full(counts.shape, 0.1), np.full(counts.shape, 0.2)], -1)
    model = {"name": "test", "sha256": "0" * 64}
    return Posterior(mean, std, counts, packed, 7, "cpu", model, interval)


def make_points(slices: int = 1) -> RVInsertion:
    """RV insertions of the standard display: on the borders of segments 1|2 and 3|4."""
    angles = np.radians([120.0, 240.0])
    points = np.stack([CENTRE[0] - 13 * np.sin(angles), CENTRE[1] + 13 * np.cos(angles)], 1)
    return RVInsertion(np.repeat(points[:1], slices, 0), np.repeat(points[1:], slices, 0))


@contextmanager
def loaded(slices: int = 1, mbf: float = 1.5) -> Iterator[SeriesScene]:
    """A segmented series in a scene of its own."""
    with PrivateScene() as private:
        yield load(private.scene, slices, mbf)


def load(scene: Any, slices: int = 1, mbf: float = 1.5, name: str = "sub-01_acq-rest"):
    """A segmented series with landmarks in a scene."""
    one = SeriesScene.create(scene, make_series(mbf, slices, name))
    one.show_posterior(make_posterior(ring(slices)))
    one.set_landmarks(make_points(slices))
    return one


def draw(one: SeriesScene, mask: np.ndarray) -> None:
    """Edit the frame shown as the Segment Editor does: through the proxy, at the proxy's extent."""
    labelmap = nodes._labelmap(mask, one.geometry())
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    assert logic.SetBinaryLabelmapToSegment(
        labelmap, one.mask_node, nodes.SEGMENT_ID, logic.MODE_REPLACE
    )


def half(mask: np.ndarray) -> np.ndarray:
    """A mask of which a person took the right half away."""
    return mask & (np.arange(SIZE) < CENTRE[1])
