"""Flow of a simulated data set against the true one: the program's, and that of observers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import QuantificationError
from ..io.files import read_json
from ..perfusion.quantify import quantify
from ..series import ASLSeries, Posterior, RVInsertion
from .agreement import agreement_with_truth

PAPER = {"kinetics": "paper", "weights": "mask"}
"""The paper's way to measure flow."""
MEASURED = {"kinetics": "general", "weights": "mask"}
"""Flow of an observer's masks, with the same model as the program's."""


def read_true_flow(dataset: Path, derivatives: Path, name: str) -> dict[int, float]:
    """True MBF (mL/g/min) by AHA segment of a series; empty where nobody knows it.

    Args:
        dataset: its root.
        derivatives: folder of the series under ``derivatives/observer``.
        name: of the series.

    Raises:
        SeriesError: where the file is damaged.
    """
    below = derivatives.relative_to(dataset / "derivatives" / "observer")
    file = dataset / "derivatives" / "truth" / below / f"{name}_mbf.json"
    if not file.is_file():
        return {}
    return {int(number): float(mbf) for number, mbf in read_json(file)["segments"].items()}


class FlowTruth:
    """Flow measured in several ways, beside the truth, of one series after the other."""

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[float, ...]]] = {}

    def add(
        self,
        series: ASLSeries,
        truth: dict[int, float],
        points: RVInsertion | None,
        posterior: Posterior,
        masks: np.ndarray,
        observers: dict[str, np.ndarray],
    ) -> None:
        """Measure one series.

        Args:
            series: the images.
            truth: MBF by AHA segment; none where it is not known.
            points: RV insertions.
            posterior: of the program.
            masks: of the program, bool (frame, slice, y, x).
            observers: masks of each, by name.
        """
        if not truth:
            return
        self._measure("program", series, truth, points, masks, posterior=posterior)
        for name, drawn in {"program": masks, **observers}.items():
            self._measure(f"{name}, paper's way", series, truth, points, drawn, **PAPER)
        for name, drawn in observers.items():
            self._measure(name, series, truth, points, drawn, **MEASURED)

    def _measure(
        self,
        way: str,
        series: ASLSeries,
        truth: dict[int, float],
        points: RVInsertion | None,
        masks: np.ndarray,
        **how: Any,
    ) -> None:
        rows = self._rows.setdefault(way, [])
        try:
            segments = quantify(series, masks, points, **how).segments
        except QuantificationError:
            return
        rows += [(truth[s.aha], s.mbf, s.low, s.high) for s in segments if s.aha in truth]

    def agreement(self) -> dict[str, Any] | None:
        """Of the program, and under `others` of all other ways; None where no truth was known."""
        if not self._rows:
            return None
        found = {
            way: agreement_with_truth(np.array(rows, float).reshape(-1, 4))
            for way, rows in self._rows.items()
        }
        return {**found.pop("program"), "others": found}
