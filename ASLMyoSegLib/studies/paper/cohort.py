"""The simulated cohort, as large and divided as the paper's: 478 images of 22 subjects to learn
from, 438 and 40; 144 of 6 others to test on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ...io.files import replacing
from ...network.preparation import normalise
from ...phantom.subject import contrast_to_noise, simulate_subject
from ...series import ASLSeries, Geometry, RVInsertion
from ...training.dataset import Examples

SEED = 2020
TRAINING = [
    *((subject, "rest") for subject in range(1, 23)),
    *((subject, "stress") for subject in range(1, 19)),
]
"""40 scans of 12 images, of which one pair is left out: 478 images of 22 subjects."""
TESTING = [(subject, state) for subject in range(23, 29) for state in ("rest", "stress")]
VALIDATION_IMAGES = 40
KINDS = ("control", "label")
SHIFT = 3
"""Pixels by which the window of a scan misses the middle of its heart at most, along each axis."""

Told = Callable[[int, int], None]
"""Called with what is done, and of how much."""


@dataclass(frozen=True)
class Scan:
    """A simulated scan and its truth.

    Attributes:
        series: the images.
        masks: bool (frame, slice, y, x), as a person drew them.
        insertion: of the right ventricle.
        contrast: float (frame,), contrast-to-noise ratio; NaN for M0.
    """

    series: ASLSeries
    masks: np.ndarray
    insertion: RVInsertion
    contrast: np.ndarray

    @property
    def frames(self) -> list[int]:
        """Those that count: control and labelled images."""
        return [i for i, kind in enumerate(self.series.volume_types) if kind in KINDS]

    def window(self, side: int | None) -> tuple[slice, slice]:
        """Rows and columns that a network sees of every frame.

        The heart is somewhere about the middle, not in it.
        """
        if side is None:
            return slice(None), slice(None)
        rng = np.random.default_rng(list(self.series.name.encode()))
        middle = np.argwhere(self.masks.any((0, 1))).mean(0) + rng.integers(-SHIFT, SHIFT + 1, 2)
        first = np.clip(middle.round().astype(int) - side // 2, 0, self.masks.shape[-1] - side)
        rows, columns = (slice(int(f), int(f) + side) for f in first)
        return rows, columns


@dataclass(frozen=True)
class Cohort:
    """All scans.

    Attributes:
        training: what networks learn from.
        testing: what they never see.
    """

    training: list[Scan]
    testing: list[Scan]

    def examples(self, kinds: tuple[str, ...], side: int | None) -> tuple[Examples, Examples]:
        """Training and validation images of some kinds, normalised, and masks.

        Of 478 images 40 are drawn for validation, as in the paper: of both kinds, whatever is
        asked for.
        """
        images, masks, types = [], [], []
        for scan in self.training:
            prepared, drawn = network_view(scan, scan.frames, side)
            images.append(prepared)
            masks.append(drawn)
            types += [scan.series.volume_types[f] for f in scan.frames]
        stacked, drawn = torch.cat(images)[:-2], torch.cat(masks)[:-2]
        order = np.random.default_rng(SEED).permutation(len(stacked))
        wanted = np.isin(np.array(types[:-2])[order], kinds)
        held_out = np.arange(len(order)) < VALIDATION_IMAGES
        learned, judged = (order[wanted & part] for part in (~held_out, held_out))
        return Examples(stacked[learned], drawn[learned]), Examples(stacked[judged], drawn[judged])


def network_view(
    scan: Scan, frames: list[int], side: int | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Images of frames as a network sees them, and their masks, float32 (n, 1, y, x)."""
    rows, columns = scan.window(side)
    images = normalise(torch.from_numpy(scan.series.images[frames]))
    masks = torch.from_numpy(scan.masks[frames].astype(np.float32))
    return images[:, :, rows, columns].contiguous(), masks[:, :, rows, columns].contiguous()


def read_cohort(folder: Path, told: Told | None = None) -> Cohort:
    """The cohort; scans that are not in `folder` yet are simulated and kept there.

    Raises:
        OutputError: where the folder cannot be written.
    """
    scans = []
    for number, (subject, condition) in enumerate([*TRAINING, *TESTING]):
        path = folder / f"sub-{subject:02d}_{condition}.npz"
        if not path.is_file():
            _simulate(subject, condition, path)
        scans.append(_read(path))
        if told:
            told(number + 1, len(TRAINING) + len(TESTING))
    return Cohort(scans[: len(TRAINING)], scans[len(TRAINING) :])


def _simulate(subject: int, condition: str, path: Path) -> None:
    series, truth = simulate_subject(SEED, subject, condition)
    contrast = np.full(len(series.images), np.nan)
    for kind, values in contrast_to_noise(series, truth).items():
        contrast[list(series.frames_of(kind))] = values
    content = {
        "images": series.images,
        "volume_types": np.array(series.volume_types),
        "inversion_time": series.inversion_time,
        "spacing": np.array(series.geometry.spacing),
        "direction": np.array(series.geometry.direction),
        "name": np.array(series.name),
        "field": np.array(series.metadata["MagneticFieldStrength"]),
        "masks": truth.observer,
        "anterior": truth.rv_insertion.anterior,
        "inferior": truth.rv_insertion.inferior,
        "contrast": contrast,
    }
    with replacing(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **content)


def _read(path: Path) -> Scan:
    with np.load(path, allow_pickle=False) as content:
        series = ASLSeries(
            images=content["images"],
            volume_types=tuple(content["volume_types"].tolist()),
            inversion_time=content["inversion_time"],
            geometry=Geometry(
                tuple(content["spacing"].tolist()),
                direction=tuple(content["direction"].tolist()),
            ),
            name=str(content["name"]),
            metadata={"MagneticFieldStrength": float(content["field"])},
        )
        insertion = RVInsertion(content["anterior"], content["inferior"])
        return Scan(series, content["masks"], insertion, content["contrast"])
