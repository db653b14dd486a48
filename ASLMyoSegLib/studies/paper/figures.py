"""Pieces that figures of several studies are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .statistics import Regression

BLUE, RED, GREEN, YELLOW, GREY = "#1f4e9c", "#c92a2a", "#40c057", "#ffd43b", "#868e96"
DPI = 110


def sheet(columns: int = 1, rows: int = 1, width: float = 4.2, height: float = 3.6) -> tuple:
    """A figure and its axes, (rows, columns) as an array."""
    figure = Figure(figsize=(width * columns, height * rows), dpi=DPI, layout="constrained")
    return figure, np.asarray(figure.subplots(rows, columns, squeeze=False))


def plain(axes: Any, x: str, y: str, letter: str = "") -> None:
    """Words at the axes, no frame above and on the right, and the letter of the panel."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    if letter:
        axes.set_title(letter, loc="left", fontweight="bold")


def scatter(axes: Any, x: np.ndarray, y: np.ndarray, line: Regression, **style: Any) -> None:
    """Points and their regression line, with R² and n."""
    axes.plot(x, y, "o", **{"color": BLUE, "markersize": 3.5, "alpha": 0.6, **style})
    ends = np.array([np.nanmin(x), np.nanmax(x)])
    axes.plot(ends, line.intercept + line.slope * ends, "-", color="black", linewidth=1)
    axes.text(
        0.04,
        0.96,
        f"R² = {line.r2:.2f}, n = {line.n}\ny = {line.slope:.2f} x {line.intercept:+.2f}",
        transform=axes.transAxes,
        va="top",
        fontsize=9,
    )


def picture(axes: Any, image: np.ndarray, title: str = "") -> None:
    """An image in grey, without ticks."""
    low, high = np.percentile(image, [1, 99.5])
    axes.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(title, fontsize=9)


def outline(axes: Any, mask: np.ndarray, colour: str) -> None:
    """The borders of a mask (y, x)."""
    if mask.any() and not mask.all():
        axes.contour(mask.astype(float), [0.5], colors=[colour], linewidths=1.2)
