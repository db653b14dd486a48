"""The bullseye of the AHA segments (Cerqueira et al., Circulation 2002;105:539-542)."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Wedge

from .sectors import ASSUMED, HUB, Sector, is_mid_only, scale_end, sectors

COLOUR_MAP = "viridis"
UNSETTLED = "#ffffff66"
"""Of the hatching that lets the colour beneath be seen."""
SVG = {"svg.hashsalt": "aslmyoseg", "svg.fonttype": "none"}
"""The same figure gives the same bytes, and text stays text."""
WALLS = ("anterior", "inferior", "septal", "lateral")
EDGES = ("top of image", "bottom of image", "left of image", "right of image")
"""What stands around the disc where nobody knows which wall is which."""


def draw_bullseye(
    values: Mapping[int, float],
    spread: Mapping[int, float],
    *,
    title: str = "Myocardial blood flow",
    maximum: float | None = None,
    sides: str = "points",
    unsettled: Collection[int] = (),
) -> Figure:
    """Draw MBF (mL/g/min) by AHA segment: number, value and what it may be off in each sector.

    Args:
        values: MBF by segment number; NaN is drawn hatched on grey.
        spread: half of the 90 % interval by segment number, or another spread; NaN where unknown.
        title: above the disc.
        maximum: end of the colour scale; None takes one that holds all values.
        sides: whence they are known, as of an `MBFResult`; where it is not by points, they are
            drawn faintly and the picture says what is assumed.
        unsettled: segments that are hatched, as their flow may be that of their ring.
    """
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.add_subplot()
    top = maximum or scale_end(values.values())
    colours = ScalarMappable(Normalize(0.0, top), COLOUR_MAP)
    mid_only = is_mid_only(values)
    size = 1.5 if mid_only else 1.0
    for sector in sectors(values):
        value = values.get(sector.aha)
        _draw_sector(axes, colours, sector, value)
        if sector.aha in unsettled:
            axes.add_patch(_hatching(sector, UNSETTLED))
        if value is not None:
            _write_sector(axes, colours, sector, value, spread.get(sector.aha, np.nan), size)
    if not mid_only:
        axes.add_patch(Circle((0, 0), HUB, facecolor="#f2f2f2", edgecolor="white", lw=1.5))
        axes.text(0, 0, "17\nnot imaged", ha="center", va="center", fontsize=6.5, color="#888888")
    places = ((0, 1.08, 0), (0, -1.08, 0), (-1.08, 0, 90), (1.08, 0, -90))
    names = EDGES if sides == "unknown" else WALLS
    ink = "#b4b4b4" if sides in ASSUMED else "#444444"
    for name, (x, y, turn) in zip(names, places, strict=True):
        axes.text(x, y, name, ha="center", va="center", rotation=turn, color=ink, fontsize=10)
    axes.set(xlim=(-1.16, 1.16), ylim=(-1.16, 1.16), aspect="equal")
    axes.axis("off")
    axes.set_title(title, fontsize=12)
    if sides in ASSUMED:
        axes.text(0, -1.2, ASSUMED[sides], ha="center", va="top", fontsize=8, color="#a33c00")
    if unsettled:
        axes.text(
            0, -1.3, "±: half of the 90 % interval; hatched: perhaps the flow of the whole ring",
            ha="center", va="top", fontsize=8, color="#444444",
        )  # fmt: skip
    figure.colorbar(colours, ax=axes, shrink=0.75, label="MBF (mL/g/min)")
    return figure


def bullseye_svg(figure: Figure) -> str:
    """The picture as an element that can stand in an HTML page."""
    buffer = io.StringIO()
    with mpl.rc_context(SVG):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def save_bullseye(figure: Figure, png: str | Path, svg: str | Path) -> None:
    """Write both files; the same figure gives the same bytes."""
    figure.savefig(png, dpi=150, metadata={"Software": None})
    with mpl.rc_context(SVG):
        figure.savefig(svg, metadata={"Date": None})


def _draw_sector(
    axes: mpl.axes.Axes,
    colours: ScalarMappable,
    sector: Sector,
    value: float | None,
) -> None:
    known = value is not None and np.isfinite(value)
    end, depth = sector.start + sector.width, sector.outer - sector.inner
    axes.add_patch(
        Wedge(
            (0, 0),
            sector.outer,
            sector.start,
            end,
            width=depth,
            facecolor=colours.to_rgba(value) if known else "#f2f2f2",
            edgecolor="white",
            lw=1.5,
        )
    )
    if value is not None and not known:
        axes.add_patch(_hatching(sector, "#bbbbbb"))


def _hatching(sector: Sector, colour: str) -> Wedge:
    end, depth = sector.start + sector.width, sector.outer - sector.inner
    return Wedge(
        (0, 0),
        sector.outer,
        sector.start,
        end,
        width=depth,
        fill=False,
        hatch="///",
        edgecolor=colour,
        lw=0,
    )


def _write_sector(
    axes: mpl.axes.Axes,
    colours: ScalarMappable,
    sector: Sector,
    value: float,
    spread: float,
    size: float,
) -> None:
    known = np.isfinite(value)
    red, green, blue, _ = colours.to_rgba(value if known else 0.0)
    bright = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 or not known
    ink = "black" if bright else "white"
    x, y = sector.middle
    axes.text(
        x,
        y + 0.072 * size,
        str(sector.aha),
        ha="center",
        va="center",
        fontsize=7.5 * size,
        color=ink,
    )
    text = f"{value:.2f}" if known else "n/a"
    axes.text(x, y, text, ha="center", va="center", fontsize=10.5 * size, weight="bold", color=ink)
    if known and np.isfinite(spread):
        axes.text(
            x,
            y - 0.072 * size,
            f"± {spread:.2f}",
            ha="center",
            va="center",
            fontsize=7.5 * size,
            color=ink,
        )
