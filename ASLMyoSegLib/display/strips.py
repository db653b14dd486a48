"""A strip: all values of one measure along a line, each leading to what it is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from matplotlib.ticker import MaxNLocator

WIDTH, HEIGHT, MARGIN, MIDDLE, SPREAD = 340, 112, 18, 58, 22
NAMED = 3
"""Most outliers on each side whose names are written."""
FENCE = 1.5
"""Interquartile ranges beyond the quartiles from which a value is an outlier (Tukey 1977)."""


@dataclass(frozen=True)
class Point:
    """A value, what it is of, and where that is told (a link, escaped)."""

    value: float
    name: str
    link: str


def draw_strip(title: str, points: Sequence[Point]) -> str:
    """An SVG with one dot a value, the median, the quartiles as a box, and outliers by name.

    Empty where fewer than two values are known.
    """
    known = [point for point in points if np.isfinite(point.value)]
    if len(known) < 2:
        return ""
    values = np.array([point.value for point in known])
    ticks = MaxNLocator(5).tick_values(values.min(), values.max())
    scale = (WIDTH - 2 * MARGIN) / (ticks[-1] - ticks[0])

    def x(value: float) -> float:
        return MARGIN + (value - ticks[0]) * scale

    low, median, high = np.percentile(values, (25, 50, 75))
    parts = [
        f'<rect class="box" x="{x(low):.1f}" y="{MIDDLE - SPREAD - 4}" '
        f'width="{max(x(high) - x(low), 1):.1f}" height="{2 * SPREAD + 8}"/>',
        f'<line class="median" x1="{x(median):.1f}" x2="{x(median):.1f}" '
        f'y1="{MIDDLE - SPREAD - 4}" y2="{MIDDLE + SPREAD + 4}"/>',
    ]
    for tick in ticks:
        parts.append(f'<text class="tick" x="{x(tick):.1f}" y="{HEIGHT - 6}">{tick:g}</text>')
    for rank, point in enumerate(sorted(known, key=lambda p: p.value)):
        # A golden turn spreads neighbours evenly without chance.
        y = MIDDLE + SPREAD * (2 * (rank * 0.618034 % 1) - 1)
        parts.append(
            f'<a href="{point.link}"><circle cx="{x(point.value):.1f}" cy="{y:.1f}" r="3.5">'
            f"<title>{escape(point.name)}: {point.value:.2f}</title></circle></a>"
        )
    outliers = name_outliers(known)
    words = f'<p class="facts">outliers: {", ".join(outliers)}</p>' if outliers else ""
    return (
        f'<figure class="strip"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}: {len(known)} values, median {median:.2f}">'
        f'<text class="title" x="{MARGIN}" y="16">{escape(title)}</text>{"".join(parts)}</svg>'
        f"{words}</figure>"
    )


def name_outliers(points: Sequence[Point]) -> list[str]:
    """Links to the points that lie beyond Tukey's fences, the farthest first."""
    values = np.array([point.value for point in points])
    low, high = np.percentile(values, (25, 75))
    reach = FENCE * (high - low)
    beyond = np.maximum(values - (high + reach), (low - reach) - values)
    order = [k for k in np.argsort(-beyond, kind="stable") if beyond[k] > 0][: 2 * NAMED]
    return [f'<a href="{points[k].link}">{escape(points[k].name)}</a>' for k in order]
