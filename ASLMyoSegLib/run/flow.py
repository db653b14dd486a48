"""Flow of a segmented series, or in words why there is none; how it is to be measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import QuantificationError, SeriesError
from ..io.images.grids import apart, laid_on
from ..io.images.nifti import read_volume
from ..perfusion.quantify import quantify
from ..series import ASLSeries, MBFResult, Posterior, RVInsertion, Segmentation
from ..words import numbered

NARROWEST, WIDEST = 150.0, 600.0
"""Fields of view, mm, between which a chest is imaged."""


@dataclass(frozen=True)
class FlowOptions:
    """How a person wants flow to be measured; see `perfusion.quantify`.

    Attributes:
        kinetics: `general` or `paper`; None takes the default.
        weights: `posterior` or `mask`; None takes the default.
        haematocrit: 0 to 1; None where nobody knows.
        t1_myocardium: native, s, or the file of a map of it; None takes that of the field strength.
    """

    kinetics: str | None = None
    weights: str | None = None
    haematocrit: float | None = None
    t1_myocardium: float | Path | None = None

    def stated(self) -> dict[str, Any]:
        """What is not left open, as it stands in ``summary.json``."""
        t1 = self.t1_myocardium
        return self._known(t1.name if isinstance(t1, Path) else t1)

    def arguments(self, series: ASLSeries) -> dict[str, Any]:
        """Those of `perfusion.quantify` that are not left open.

        Raises:
            SeriesError: where the T1 map is damaged or lies elsewhere.
        """
        t1 = self.t1_myocardium
        return self._known(_read_t1_map(t1, series) if isinstance(t1, Path) else t1)

    def _known(self, t1_myocardium: Any) -> dict[str, Any]:
        found = {
            "kinetics": self.kinetics,
            "weights": self.weights,
            "haematocrit": self.haematocrit,
            "t1_myocardium": t1_myocardium,
        }
        return {name: value for name, value in found.items() if value is not None}


DEFAULT_OPTIONS = FlowOptions()


def measure_flow(
    series: ASLSeries,
    segmentation: Segmentation,
    points: RVInsertion | None,
    posterior: Posterior | None = None,
    arguments: Mapping[str, Any] | None = None,
    masks: np.ndarray | None = None,
) -> tuple[MBFResult | None, tuple[str, ...]]:
    """Flow, or the reason why there is none; what reading noted, and images without muscle.

    Args:
        series: the images.
        segmentation: the masks in use.
        points: RV insertions; None where nobody placed them.
        posterior: what the network said; it tells weights.
        arguments: further ones of `perfusion.quantify`.
        masks: of which flow is measured, where they are not all of the segmentation's.
    """
    empty = [int(i) for i in np.flatnonzero(~segmentation.masks.any((2, 3)).all(1))]
    notes = (*series.notes, *size_doubts(series))
    if empty:
        notes += (f"No myocardium was found in {numbered('frame', empty)}: outline it by hand.",)
    try:
        measured = segmentation.masks if masks is None else masks
        result = quantify(series, measured, points, posterior=posterior, **(arguments or {}))
    except QuantificationError as error:
        return None, (*notes, f"No blood flow: {error}")
    return result, (*notes, *result.warnings)


def size_doubts(series: ASLSeries) -> tuple[str, ...]:
    """What is to be said where pixels cannot be of the size that files tell."""
    rows, columns = series.images.shape[2:]
    x, y = series.geometry.spacing[:2]
    lost = x == y == 1.0
    if (
        not lost
        and max(x * columns, y * rows) >= NARROWEST
        and min(x * columns, y * rows) <= WIDEST
    ):
        return ()
    why = "; files that lost their geometry have pixels of 1 mm" if lost else ""
    return (
        f"Pixels of {x:.4g}x{y:.4g} mm make a field of {x * columns:.4g}x{y * rows:.4g} mm, where "
        f"that of a chest is {NARROWEST:.0f} to {WIDEST:.0f} mm{why}: where it is wrong, state the "
        "pixel size with --pixel-size.",
    )


def _read_t1_map(path: Path, series: ASLSeries) -> np.ndarray:
    """A map of T1 in s, (slice, y, x), on the grid of the series."""
    volume, place = read_volume(path)
    if volume.ndim == 4 and len(volume) == 1:
        volume = volume[0]
    shape = series.images.shape[1:]
    if volume.ndim != 3:
        raise SeriesError(f"{path}: has {len(volume)} frames, where one T1 map is needed.")
    if volume.shape == shape and not series.geometry.difference(place):
        return volume
    lack = apart(volume.shape, place, shape, series.geometry)
    if lack:
        raise SeriesError(f"{path}: {lack}; resample the T1 map on the grid of the series.")
    return laid_on(volume, place, shape, series.geometry)
