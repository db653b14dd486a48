"""Dice by set on a folder of real images, while a training runs: measured, never learned from."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import numpy as np

from ..errors import OutputError, SeriesError
from ..io.images.axes import read_any
from ..network import LoadedModel, MCDUNet
from ..series import ASLSeries, Geometry
from ..uncertainty.sampler import segment
from ..uncertainty.scores import THRESHOLD

EVERY = 1800.0
"""Seconds from one look to the next."""
MOST = 24
"""Images of a set, spread over it."""
TRIALS = 8


class Watch:
    """Looks at a model every half hour and writes what it sees, a line of JSON each time."""

    def __init__(self, folder: str | Path, output: Path) -> None:
        """Read the images.

        Args:
            folder: with INDEX.csv, whose columns are file, mask, set, spacing_x, spacing_y (mm).
            output: of the training; lines go into ``<output>.watch.jsonl``.

        Raises:
            SeriesError: where the folder is no such one.
        """
        self._images = read_watched(folder)
        self._file = output.with_name(f"{output.name}.watch.jsonl")
        self._looked = -float("inf")

    def after(self, network: MCDUNet, facts: dict[str, float], last: bool) -> None:
        """After an epoch: write its facts; look where it is time, and at the last one."""
        line: dict[str, object] = {"time": time.strftime("%Y-%m-%dT%H:%M:%S"), **facts}
        if last or time.monotonic() - self._looked > EVERY:
            line["dice"] = dice_by_set(network, self._images)
            self._looked = time.monotonic()
        try:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise OutputError(f"{self._file}: cannot be written ({error.strerror}).") from None


def read_watched(folder: str | Path) -> list[tuple[str, ASLSeries, np.ndarray]]:
    """Set, image and mask (y, x) of those that an INDEX.csv lists with a mask, `MOST` a set.

    Raises:
        SeriesError: where there is no index, or what it lists cannot be read.
    """
    index = Path(folder) / "INDEX.csv"
    rows: dict[str, list[dict[str, str]]] = {}
    try:
        with index.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["mask"]:
                    rows.setdefault(row["set"], []).append(row)
    except (OSError, UnicodeDecodeError, KeyError) as error:
        raise SeriesError(
            f"{index}: cannot be read ({error}); its columns are file, mask, set, spacing_x, "
            "spacing_y."
        ) from None
    found = []
    for name, listed in rows.items():
        for row in listed[:: -(-len(listed) // MOST)]:
            image, mask = (_plane(index.parent / row[key]) for key in ("file", "mask"))
            try:
                geometry = Geometry((float(row["spacing_x"]), float(row["spacing_y"]), 8.0))
            except (KeyError, ValueError) as error:
                raise SeriesError(f"{index}: {row['file']} has no spacing ({error}).") from None
            image = np.ascontiguousarray(image, np.float32)[None, None]
            series = ASLSeries(image, ("m0scan",), np.array([np.nan]), geometry)
            found.append((name, series, mask > 0))
    return found


def dice_by_set(
    network: MCDUNet, images: list[tuple[str, ASLSeries, np.ndarray]]
) -> dict[str, dict[str, float]]:
    """Number, mean, 10th percentile and share below 0.5 of Dice coefficients, by set."""
    model = LoadedModel(network, "watched", "", {})
    found: dict[str, list[float]] = {}
    for name, series, wall in images:
        mask = segment(series, model, trials=TRIALS, seed=0).mean[0, 0] >= THRESHOLD
        total = int(mask.sum() + wall.sum())
        found.setdefault(name, []).append(2 * int((mask & wall).sum()) / max(total, 1))
    return {
        name: {
            "n": len(values),
            "mean": round(float(np.mean(values)), 4),
            "p10": round(float(np.percentile(values, 10)), 4),
            "below_half": round(float(np.mean(np.array(values) < 0.5)), 4),
        }
        for name, values in found.items()
    }


def _plane(path: Path) -> np.ndarray:
    """The only slice of a file, (y, x)."""
    array, _ = read_any(path)
    return array.reshape(array.shape[-2:])
