"""The frame table of a series: what each frame is, how sure its mask is, and how it came to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import SeriesError
from ..series import STATUSES
from .tables import fill_table, read_column


@dataclass(frozen=True)
class FrameRow:
    """One frame.

    Attributes:
        frame: index, from 0.
        volume_type: `control`, `label` or `m0scan`.
        inversion_time: s; NaN for `m0scan`.
        status: one of `STATUSES`.
        scores: MCD Uncertainty of each slice's automatic mask; NaN where it is empty.
        intervals: where each score lies with 95 % confidence, (low, high) per slice; NaN unknown.
        passes: stochastic passes of each slice; 0 before segmentation.
        pixels: of the mask in use, per slice.
        fingerprint: of the mask that was stored last; one that differs has been edited since.
        kept: that mask, packed (`sequences.packed`), to be put back where a segment was deleted, or
            a step is undone; empty in scenes of earlier versions.
        contours: the curves that the mask was drawn by (`contours.Wall`), as JSON; empty for none.
    """

    frame: int
    volume_type: str
    inversion_time: float
    status: str = "automatic"
    scores: tuple[float, ...] = ()
    intervals: tuple[tuple[float, float], ...] = ()
    passes: tuple[int, ...] = ()
    pixels: tuple[int, ...] = ()
    fingerprint: str = ""
    kept: str = ""
    contours: str = ""

    @property
    def score(self) -> float:
        """The frame's: that of its most doubtful slice; NaN where a slice has none."""
        return float(np.max(self.scores)) if self.scores else np.nan

    @property
    def reviewed(self) -> bool:
        """Whether a person has corrected or accepted the mask."""
        return self.status != "automatic"


_COLUMNS = {
    "frame": lambda r: str(r.frame),
    "volume type": lambda r: r.volume_type,
    "inversion time (s)": lambda r: _number(r.inversion_time, 6),
    "status": lambda r: r.status,
    "MCD Uncertainty": lambda r: _listed(r.scores, 6),
    "95 % from": lambda r: _listed([low for low, _ in r.intervals], 6),
    "95 % to": lambda r: _listed([high for _, high in r.intervals], 6),
    "passes": lambda r: " ".join(map(str, r.passes)),
    "mask pixels": lambda r: " ".join(map(str, r.pixels)),
    "stored mask": lambda r: r.fingerprint,
    "kept mask": lambda r: r.kept,
    "contours": lambda r: r.contours,
}
_LATER = ("kept mask", "contours")
"""Columns that scenes of earlier versions lack."""


def write_rows(table: Any, rows: Sequence[FrameRow]) -> None:
    """Put rows into a table node, in place of what it holds."""
    fill_table(table, {title: [text(r) for r in rows] for title, text in _COLUMNS.items()})


def read_rows(table: Any, where: str) -> tuple[FrameRow, ...]:
    """Rows of a table node.

    Args:
        table: vtkMRMLTableNode.
        where: begins the message of an error.

    Raises:
        SeriesError: where a person or a program has spoilt the table.
    """
    texts = {}
    for title in _COLUMNS:
        texts[title] = read_column(table, title)
        if texts[title] is None and title in _LATER:
            texts[title] = [""] * table.GetNumberOfRows()
        if texts[title] is None:
            raise SeriesError(f"{where}: its frame table has no column {title!r}.")
    try:
        rows = tuple(_row(*cells) for cells in zip(*texts.values(), strict=True))
    except ValueError as error:
        raise SeriesError(f"{where}: its frame table has a wrong value ({error}).") from None
    for row in rows:
        if row.status not in STATUSES:
            raise SeriesError(
                f"{where}: status {row.status!r} is unknown; use {', '.join(STATUSES)}."
            )
    return rows


def _row(
    frame: str,
    volume_type: str,
    time: str,
    status: str,
    scores: str,
    low: str,
    high: str,
    passes: str,
    pixels: str,
    *masks: str,
) -> FrameRow:
    return FrameRow(
        int(float(frame)),
        volume_type,
        _value(time),
        status,
        _values(scores),
        tuple(zip(_values(low), _values(high), strict=True)),
        tuple(int(v) for v in _values(passes)),
        tuple(int(v) for v in _values(pixels)),
        *masks,
    )


def _number(value: float, digits: int) -> str:
    return "" if np.isnan(value) else f"{value:.{digits}f}"


def _listed(values: Sequence[float], digits: int) -> str:
    return " ".join(f"{v:.{digits}f}" for v in values)


def _value(text: str) -> float:
    return float(text) if text else np.nan


def _values(text: str) -> tuple[float, ...]:
    return tuple(float(v) for v in text.split())
