"""What a network says of the test images: many passes over each, the paper's way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ...network import LoadedModel
from ...network.precision import choose_device
from ...uncertainty.latent_engine import AnyEngine, AnyPrepared, engine_for
from ...uncertainty.scores import THRESHOLD, dice, false_negatives, false_positives
from .cohort import Scan, network_view

Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Passes:
    """The passes over all frames of all test scans, in the window that was seen.

    Attributes:
        mean: float32 (scan, frame, y, x), of the passes' probabilities.
        std: same shape, the uncertainty map.
        dice: float32 (scan, frame, pass), of each pass's mask.
    """

    mean: np.ndarray
    std: np.ndarray
    dice: np.ndarray


@dataclass(frozen=True)
class TestTable:
    """One row for each control and labelled test image; every array is (image,).

    Attributes:
        scan: index of its scan.
        frame: index in the scan.
        kind: control or label.
        contrast: contrast-to-noise ratio.
        dice: of the mask of the mean.
        fp: pixels marked that are not in the reference.
        fn: pixels of the reference that are not marked.
        mcd: MCD Uncertainty; NaN where the mask is empty.
        dice_uncertainty: deviation over passes of Dice.
    """

    scan: np.ndarray
    frame: np.ndarray
    kind: np.ndarray
    contrast: np.ndarray
    dice: np.ndarray
    fp: np.ndarray
    fn: np.ndarray
    mcd: np.ndarray
    dice_uncertainty: np.ndarray

    def only(self, kind: str) -> np.ndarray:
        """Which rows are of a kind, bool (image,)."""
        return self.kind == kind


def run_passes(
    model: LoadedModel, scans: list[Scan], window: int | None, trials: int, told: Told | None = None
) -> Passes:
    """Passes over every frame of test scans, M0 too, whose mask flow needs."""
    device = choose_device("auto")
    parts = []
    for number, scan in enumerate(scans):
        images, references = network_view(scan, list(range(len(scan.masks))), window)
        engine = engine_for(model.network, *images.shape[-2:], device)
        for frame, (image, reference) in enumerate(zip(images, references[:, 0], strict=True)):
            prepared = engine.prepare(image[None], number, frame)
            parts.append(_summary(_batches(engine, prepared, trials), reference.numpy() >= 0.5))
        if told:
            told(number + 1, len(scans))
    frames = len(scans[0].masks)
    mean, std, scores = (
        np.stack(part).astype(np.float32).reshape(len(scans), frames, *part[0].shape)
        for part in zip(*parts, strict=True)
    )
    return Passes(mean, std, scores)


def single_passes(
    model: LoadedModel, image: torch.Tensor, trials: int, told: Told | None = None
) -> np.ndarray:
    """Probabilities of every pass over one image (1, 1, y, x), float16 (pass, y, x)."""
    engine = engine_for(model.network, *image.shape[-2:], choose_device("auto"))
    parts: list[np.ndarray] = []
    for maps in _batches(engine, engine.prepare(image, 0, 0), trials):
        parts.append(maps.astype(np.float16))
        if told:
            told(sum(map(len, parts)), trials)
    return np.concatenate(parts)


def score(passes: Passes, scans: list[Scan], window: int | None) -> TestTable:
    """The scores of all images that count."""
    rows = []
    for number, (scan, masks) in enumerate(
        zip(scans, predicted_masks(passes, scans, window), strict=True)
    ):
        for frame in scan.frames:
            own, reference = masks[frame, 0], scan.masks[frame, 0]
            pixels = int((passes.mean[number, frame] >= THRESHOLD).sum())
            total = float(passes.std[number, frame].sum(dtype=np.float64))
            rows.append(
                (
                    number,
                    frame,
                    scan.series.volume_types[frame],
                    scan.contrast[frame],
                    float(dice(own, reference)),
                    int(false_positives(own, reference)),
                    int(false_negatives(own, reference)),
                    total / pixels if pixels else np.nan,
                    float(passes.dice[number, frame].std(dtype=np.float64)),
                )
            )
    return TestTable(*(np.array(column) for column in zip(*rows, strict=True)))


def predicted_masks(passes: Passes, scans: list[Scan], window: int | None) -> list[np.ndarray]:
    """Of each scan, bool (frame, slice, y, x); nothing is marked outside of the window."""
    found = []
    for scan, mean in zip(scans, passes.mean, strict=True):
        masks = np.zeros(scan.masks.shape, bool)
        masks[(slice(None), 0, *scan.window(window))] = mean >= THRESHOLD
        found.append(masks)
    return found


def _batches(engine: AnyEngine, prepared: AnyPrepared, trials: int) -> Iterator[np.ndarray]:
    """Probabilities (pass, y, x), batch after batch."""
    done = 0
    while done < trials:
        count = min(engine.batch, trials - done)
        yield engine.passes(prepared, count)[:, 0].float().cpu().numpy()
        done += count


def _summary(
    batches: Iterator[np.ndarray], reference: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, deviation and every pass's Dice."""
    count, total, squares, scores = 0, 0.0, 0.0, []
    for maps in batches:
        count += len(maps)
        total = total + maps.sum(0, dtype=np.float64)
        squares = squares + np.square(maps, dtype=np.float64).sum(0)
        scores.append(dice(maps >= THRESHOLD, reference))
    mean = total / count
    return mean, np.sqrt(np.maximum(squares / count - mean**2, 0)), np.concatenate(scores)
