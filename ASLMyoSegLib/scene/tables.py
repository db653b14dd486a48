"""Table nodes: columns of text, and the table of flow."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from ..perfusion.doubt import unsettled_segments
from ..series import MBFResult, SegmentFlow
from .mrml import vtk

MBF, PN, INTERVAL = "MBF (mL/g/min)", "PN (mL/g/min)", "90 % interval"
CONSTANTS = "ASLMyoSeg.constants"
ROTATION_KNOWN = "ASLMyoSeg.rotation_known"
SIDES = "ASLMyoSeg.sides"
UNSETTLED = "ASLMyoSeg.unsettled"
WHOLE = "ASLMyoSeg.whole"
"""Attribute of a table of flow: the flow of the whole with all that is known of its error."""


def fill_table(table: Any, columns: dict[str, list[str]]) -> None:
    """Make a table node hold these columns of text and nothing else."""
    modifying = table.StartModify()
    table.RemoveAllColumns()
    for title, values in columns.items():
        column = vtk.vtkStringArray()
        column.SetName(title)
        for value in values:
            column.InsertNextValue(value)
        table.AddColumn(column)
    table.EndModify(modifying)


def read_column(table: Any, title: str) -> list[str] | None:
    """One column as text; None where there is no such column."""
    column = table.GetTable().GetColumnByName(title)
    if column is None:
        return None
    return [column.GetVariantValue(i).ToString() for i in range(table.GetNumberOfRows())]


def write_flow(table: Any, result: MBFResult) -> None:
    """Fill a table with the flow of the whole and of each segment."""
    parts = (result.whole, *result.segments)
    fill_table(
        table,
        {
            "AHA": [str(s.aha) for s in parts],
            "segment": [s.name for s in parts],
            MBF: [_text(s.mbf) for s in parts],
            INTERVAL: [_interval(s) for s in parts],
            PN: [_text(s.pn) for s in parts],
            "pixels": [f"{s.pixels:.1f}" for s in parts],
        },
    )
    table.SetAttribute(CONSTANTS, json.dumps(result.settings))
    table.SetAttribute(ROTATION_KNOWN, str(int(result.rotation_known)))
    table.SetAttribute(SIDES, result.sides)
    table.SetAttribute(WHOLE, json.dumps(asdict(result.whole)))
    table.SetAttribute(UNSETTLED, json.dumps(sorted(unsettled_segments(result))))


def read_flow(table: Any | None) -> dict[int, tuple[float, float]]:
    """MBF and PN (mL/g/min) by AHA segment, 0 the whole; empty where there is no flow."""
    columns = [read_column(table, title) for title in ("AHA", MBF, PN)] if table else [None]
    if None in columns:
        return {}
    return {
        int(float(aha)): (_value(mbf), _value(pn)) for aha, mbf, pn in zip(*columns, strict=True)
    }


def read_whole(table: Any | None) -> SegmentFlow | None:
    """The flow of the whole; None in tables of earlier versions, and where there is none."""
    text = table.GetAttribute(WHOLE) if table else None
    if not text:
        return None
    content = json.loads(text)
    return SegmentFlow(**{**content, "pairs": tuple(content["pairs"])})


def read_unsettled(table: Any | None) -> frozenset[int]:
    """Segments whose flow may be that of their whole ring."""
    return frozenset(json.loads(table.GetAttribute(UNSETTLED) or "[]")) if table else frozenset()


def read_constants(table: Any | None) -> dict[str, Any]:
    """Constants, kinetics and weights with which the flow of a table was measured, as
    `perfusion.quantify` takes them; empty where there is none."""
    return json.loads(table.GetAttribute(CONSTANTS) or "{}") if table else {}


def _interval(segment: SegmentFlow) -> str:
    low, high = segment.low, segment.high
    return f"{low:.2f} to {high:.2f}" if np.isfinite([low, high]).all() else ""


def _text(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else ""


def _value(text: str) -> float:
    return float(text) if text else np.nan
