"""The bullseye of the AHA segments (Cerqueira et al., Circulation 2002;105:539-542)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Wedge

COLOUR_MAP = "viridis"
RINGS = (
    # first segment, number of segments, angle where the first starts, inner and outer radius
    (1, 6, 60.0, 0.75, 1.0),
    (7, 6, 60.0, 0.5, 0.75),
    (13, 4, 45.0, 0.22, 0.5),
)
MID_ONLY = ((7, 6, 60.0, 0.45, 1.0),)
"""A single mid slice fills the disc, so that its numbers can be read."""


def draw_bullseye(
    values: Mapping[int, float],
    noise: Mapping[int, float],
    *,
    title: str = "Myocardial blood flow",
    maximum: float | None = None,
    rotation_known: bool = True,
) -> Figure:
    """Draw MBF (mL/g/min) by AHA segment: number, value and physiological noise in each sector.

    Args:
        values: MBF by segment number; NaN is drawn hatched.
        noise: physiological noise by segment number.
        title: above the disc.
        maximum: end of the colour scale; None takes 2, 4 or 6, whichever holds all values.
        rotation_known: otherwise the picture says that the sectors' rotation is assumed.
    """
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.add_subplot()
    finite = [v for v in values.values() if np.isfinite(v)]
    top = maximum or next((m for m in (2.0, 4.0, 6.0) if max(finite, default=0.0) <= m), 10.0)
    colours = ScalarMappable(Normalize(0.0, top), COLOUR_MAP)
    mid_only = bool(values) and all(7 <= number <= 12 for number in values)
    for first, count, start, inner, outer in MID_ONLY if mid_only else RINGS:
        width = 360.0 / count
        for k in range(count):
            number, low = first + k, start + k * width
            value = values.get(number)
            _draw_sector(axes, colours, (inner, outer, low, width), value)
            if value is not None:
                middle, radius = np.radians(low + width / 2), (inner + outer) / 2
                at = (radius * np.cos(middle), radius * np.sin(middle))
                size = 1.5 if mid_only else 1.0
                _write_sector(axes, colours, at, number, value, noise.get(number, np.nan), size)
    if not mid_only:
        axes.add_patch(Circle((0, 0), RINGS[-1][3], facecolor="#f2f2f2", edgecolor="white", lw=1.5))
        axes.text(0, 0, "17\nnot imaged", ha="center", va="center", fontsize=6.5, color="#888888")
    for name, x, y, turn in (
        ("anterior", 0, 1.08, 0),
        ("inferior", 0, -1.08, 0),
        ("septal", -1.08, 0, 90),
        ("lateral", 1.08, 0, -90),
    ):
        axes.text(x, y, name, ha="center", va="center", rotation=turn, color="#444444", fontsize=10)
    axes.set(xlim=(-1.16, 1.16), ylim=(-1.16, 1.16), aspect="equal")
    axes.axis("off")
    axes.set_title(title, fontsize=12)
    if not rotation_known:
        axes.text(
            0, -1.2, "rotation assumed: no RV insertion points", ha="center", va="top", fontsize=8,
            color="#a33c00",
        )  # fmt: skip
    figure.colorbar(colours, ax=axes, shrink=0.75, label="MBF (mL/g/min)")
    return figure


def save_bullseye(figure: Figure, png: str | Path, svg: str | Path) -> None:
    """Write both files; the same figure gives the same bytes."""
    figure.savefig(png, dpi=150, metadata={"Software": None})
    with mpl.rc_context({"svg.hashsalt": "aslmyoseg", "svg.fonttype": "none"}):
        figure.savefig(svg, metadata={"Date": None})


def _draw_sector(
    axes: mpl.axes.Axes,
    colours: ScalarMappable,
    shape: tuple[float, float, float, float],
    value: float | None,
) -> None:
    inner, outer, low, width = shape
    known = value is not None and np.isfinite(value)
    axes.add_patch(
        Wedge(
            (0, 0),
            outer,
            low,
            low + width,
            width=outer - inner,
            facecolor=colours.to_rgba(value) if known else "#f2f2f2",
            edgecolor="white",
            lw=1.5,
        )
    )
    if value is not None and not known:
        axes.add_patch(
            Wedge((0, 0), outer, low, low + width, width=outer - inner, fill=False, hatch="///",
                  edgecolor="#bbbbbb", lw=0)
        )  # fmt: skip


def _write_sector(
    axes: mpl.axes.Axes,
    colours: ScalarMappable,
    at: tuple[float, float],
    number: int,
    value: float,
    noise: float,
    size: float,
) -> None:
    known = np.isfinite(value)
    red, green, blue, _ = colours.to_rgba(value if known else 0.0)
    bright = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 or not known
    ink = "black" if bright else "white"
    x, y = at
    axes.text(
        x, y + 0.072 * size, str(number), ha="center", va="center", fontsize=7.5 * size, color=ink
    )
    text = f"{value:.2f}" if known else "n/a"
    axes.text(x, y, text, ha="center", va="center", fontsize=10.5 * size, weight="bold", color=ink)
    if known and np.isfinite(noise):
        axes.text(
            x,
            y - 0.072 * size,
            f"± {noise:.2f}",
            ha="center",
            va="center",
            fontsize=7.5 * size,
            color=ink,
        )
