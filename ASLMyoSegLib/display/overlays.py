"""One image with its mask outlined, beside it the same with the uncertainty map glowing over it."""

from __future__ import annotations

import base64
import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

OUTLINE = "#ffe14d"
COLOUR_MAP = "inferno"
FULL_SCALE = 0.5
"""The largest standard deviation that probabilities can have."""
MARGIN = 40.0
"""mm shown around the mask."""


def draw_card(
    image: np.ndarray,
    mask: np.ndarray,
    std: np.ndarray,
    window: tuple[slice, slice],
    spacing: tuple[float, float],
) -> Figure:
    """Image with outline (left) and with the uncertainty map (right).

    Args:
        image: (y, x), as are mask and map.
        mask: that is outlined.
        std: the uncertainty map.
        window: rows and columns that are shown.
        spacing: pixel size (y, x), mm, so that a circle is round.
    """
    figure = Figure(figsize=(4.0, 2.0), facecolor="black")
    for column, width in enumerate((1.0, 0.6)):
        axes = figure.add_axes((column / 2 + 0.004, 0.004, 0.492, 0.992))
        glow = _glow(std) if column == 1 else None
        _draw_image(axes, image, mask, window, spacing, width=width, glow=glow)
    return figure


def draw_thumbnail(
    image: np.ndarray,
    mask: np.ndarray,
    window: tuple[slice, slice],
    spacing: tuple[float, float],
) -> Figure:
    """A small square picture of an image (y, x) with its mask outlined; else as `draw_card`."""
    figure = Figure(figsize=(1.4, 1.4), facecolor="black")
    _draw_image(figure.add_axes((0, 0, 1, 1)), image, mask, window, spacing, width=0.8)
    return figure


def window_around(masks: np.ndarray, spacing: tuple[float, float]) -> tuple[slice, slice]:
    """A window (rows, columns), square in mm, about all masks (any, y, x), or the whole image;
    `spacing` is the pixel size (y, x) in mm."""
    shape = masks.shape[-2:]
    rows, columns = np.nonzero(masks.reshape(-1, *shape).any(0))
    if not rows.size:
        return slice(0, shape[0]), slice(0, shape[1])
    reach = max(np.ptp(rows) * spacing[0], np.ptp(columns) * spacing[1]) / 2 + MARGIN
    window = []
    for at, size, pixel in zip((rows, columns), shape, spacing, strict=True):
        half = int(reach / pixel)
        middle = int(at.min() + at.max()) // 2
        start = int(np.clip(middle - half, 0, max(0, size - 2 * half)))
        window.append(slice(start, min(size, start + 2 * half)))
    return window[0], window[1]


def draw_scale() -> Figure:
    """The colour scale of the uncertainty map."""
    figure = Figure(figsize=(3.2, 0.55))
    axes = figure.add_axes((0.04, 0.62, 0.92, 0.3))
    figure.colorbar(
        ScalarMappable(Normalize(0, FULL_SCALE), COLOUR_MAP), cax=axes, orientation="horizontal"
    )
    axes.tick_params(labelsize=8)
    return figure


def as_data_uri(figure: Figure, dpi: int = 110) -> str:
    """The figure as a PNG that can stand in an HTML page."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _glow(std: np.ndarray) -> np.ndarray:
    """RGBA of the map: transparent where the network is sure, so that the image stays seen."""
    colours = ScalarMappable(Normalize(0, FULL_SCALE), COLOUR_MAP).to_rgba(std)
    colours[..., 3] = np.clip((std - 0.08) / 0.15, 0, 1)
    return colours


def _draw_image(
    axes: Axes,
    image: np.ndarray,
    mask: np.ndarray,
    window: tuple[slice, slice],
    spacing: tuple[float, float],
    *,
    width: float,
    glow: np.ndarray | None = None,
) -> None:
    """The grey image, what glows over it, and the outline, as far as the window shows."""
    low, high = np.percentile(image[window], (1, 99.5))
    axes.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="bicubic")
    if glow is not None:
        axes.imshow(glow, interpolation="bilinear")
    if mask.any():
        axes.contour(mask, [0.5], colors=OUTLINE, linewidths=width)
    rows, columns = window
    axes.set_xlim(columns.start - 0.5, columns.stop - 0.5)
    axes.set_ylim(rows.stop - 0.5, rows.start - 0.5)
    axes.set_aspect(spacing[0] / spacing[1])
    axes.axis("off")
