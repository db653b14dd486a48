"""From the grid of a series to one that the network was trained for, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import interpolate, pad

from ..errors import SeriesError
from ..network.preparation import normalise
from ..series import ASLSeries

PIXEL_RANGE = (2.4, 4.0)
"""In-plane pixel sizes (mm) that the networks were trained for."""
PIXEL_TARGET = 3.0
"""Pixel size (mm) that other images are resampled to."""
SIDE = 96
"""Pixels a side of the training images."""
FIELD = SIDE * PIXEL_TARGET
"""Field of view (mm) that wider images are cut to, where the signal is: on real cardiac images of
300 to 400 mm, whose other organs are taken for the heart at times, mean Dice rose from 0.63 to 0.68
by it. Images of the pixels and sides of the training are not cut."""
SIGNAL = 0.2
"""Share of the way from an image's darkest to its brightest pixels at which signal begins."""
NEARLY_ALL = 0.85
"""Share of the most signal that a cut may hold, to lie nearer to the middle of the image, where the
short axis is prescribed."""
SMALLEST_FIELD, LARGEST_PIXEL = 40.0, 25.0
"""Field of view and pixel size (mm) between which an image can show a human heart's wall."""


@dataclass(frozen=True)
class NetworkGrid:
    """Steps that are recorded so that they can be undone.

    Attributes:
        shape: rows and columns of the series.
        window: rows and columns of the series that are looked at.
        resampled: rows and columns of the window at the network's pixel size.
        padding: left, right, top, bottom, so that both are divisible.
    """

    shape: tuple[int, int]
    window: tuple[slice, slice]
    resampled: tuple[int, int]
    padding: tuple[int, int, int, int]

    @staticmethod
    def of(series: ASLSeries, stride: int) -> NetworkGrid:
        """The steps for a whole series; nothing is cut or resampled that need not be.

        Args:
            series: the images.
            stride: what both sides must be divisible by.

        Raises:
            SeriesError: where the pixel size cannot be that of images of a heart.
        """
        spacing, fits = _pixels(series)
        longest = [max(round(FIELD / pixel), SIDE if fits else 1) for pixel in spacing]
        window = _window(series, longest)
        scale = np.ones(2) if fits else spacing / PIXEL_TARGET
        return NetworkGrid._seen(series, window, scale, stride)

    @staticmethod
    def about(
        series: ASLSeries, place: np.ndarray, field: float, side: int, stride: int
    ) -> NetworkGrid:
        """The steps for a square about the heart, which lies within black of `side` pixels.

        Args:
            series: the images.
            place: of the heart, pixels (y, x); near a border of the image the square ends there.
            field: mm a side of the square.
            side: pixels a side of what the network gets.
            stride: what that must be divisible by.

        Raises:
            SeriesError: where the pixel size cannot be that of images of a heart.
        """
        spacing, fits = _pixels(series)
        window = []
        for span, pixel, middle in zip(_content(series), spacing, place, strict=True):
            length = min(span.stop - span.start, max(1, round(field / pixel)))
            first = round(middle - (length - 1) / 2)
            first = int(np.clip(first, span.start, span.stop - length))
            window.append(slice(first, first + length))
        fits = fits and max(span.stop - span.start for span in window) <= side
        scale = np.ones(2) if fits else spacing / PIXEL_TARGET
        return NetworkGrid._seen(series, (window[0], window[1]), scale, stride, side)

    @staticmethod
    def _seen(
        series: ASLSeries,
        window: tuple[slice, slice],
        scale: np.ndarray,
        stride: int,
        side: int = 1,
    ) -> NetworkGrid:
        """A window, scaled, with as much around it as makes both sides a multiple of `stride`."""
        cut = (span.stop - span.start for span in window)
        resampled = tuple(max(1, round(n * s)) for n, s in zip(cut, scale, strict=True))
        lack = [-(-max(n, side) // stride) * stride - n for n in resampled]
        top, left = lack[0] // 2, lack[1] // 2
        padding = (left, lack[1] - left, top, lack[0] - top)
        return NetworkGrid(series.images.shape[2:], window, resampled, padding)

    def apply(self, images: torch.Tensor) -> torch.Tensor:
        """Images (n, 1, y, x), normalised on the network's grid; outside lies the darkest value."""
        # A power of two scales exactly, and the squares of whatever values stay within float32.
        exponent = int(torch.frexp(images.abs().max()).exponent.clamp(min=-126))
        images = images[(..., *self.window)] * 2.0**-exponent
        if self.resampled != tuple(images.shape[-2:]):
            images = interpolate(
                images, self.resampled, mode="bilinear", align_corners=False, antialias=True
            )
        images = normalise(images)
        return pad(images, self.padding, value=float(images.min()))

    def undo(self, probability: torch.Tensor) -> torch.Tensor:
        """Probabilities (n, 1, y, x) within the window, on the grid of the series."""
        left, right, top, bottom = self.padding
        rows, columns = probability.shape[-2:]
        probability = probability[..., top : rows - bottom, left : columns - right]
        down, across = self.window
        cut = (down.stop - down.start, across.stop - across.start)
        if self.resampled != cut:
            probability = interpolate(probability, cut, mode="bilinear", align_corners=False)
        return probability

    @property
    def middle(self) -> np.ndarray:
        """Of the window, pixels of the series (y, x)."""
        return np.array([(span.start + span.stop - 1) / 2 for span in self.window])

    @property
    def outside(self) -> tuple[int, int, int, int]:
        """Pixels of the series left of the window, right of it, above and below."""
        down, across = self.window
        rows, columns = self.shape
        return across.start, columns - across.stop, down.start, rows - down.stop


def _pixels(series: ASLSeries) -> tuple[np.ndarray, bool]:
    """Pixel size (y, x), and whether the networks were trained for it.

    Raises:
        SeriesError: where it cannot be that of images of a heart.
    """
    spacing = np.array(series.geometry.spacing[1::-1])
    field = spacing * series.images.shape[2:]
    if not (field.min() >= SMALLEST_FIELD and spacing.max() <= LARGEST_PIXEL):
        raise SeriesError(
            f"{series.metadata.get('source', series.name)}: pixels of {spacing[1]:.4g}x"
            f"{spacing[0]:.4g} mm make a field of {field[1]:.4g}x{field[0]:.4g} mm, which "
            "shows no heart; correct the pixel size (mm) in the header."
        )
    low, high = PIXEL_RANGE
    fits = ((spacing >= low) & (spacing <= high)).all() and np.ptp(spacing) < 0.05 * low
    return spacing, bool(fits)


def _content(series: ASLSeries) -> tuple[slice, slice]:
    """Rows and columns without the border of one value that padding leaves around an image."""
    low = series.images.min((2, 3), keepdims=True)
    drawn = (series.images > low).any((0, 1))
    spans = []
    for axis in (1, 0):
        (filled,) = np.nonzero(drawn.any(axis))
        whole = filled.size == 0  # every image is one value, and there is no border to find
        spans.append(slice(0, drawn.shape[1 - axis]) if whole else slice(filled[0], filled[-1] + 1))
    return spans[0], spans[1]


def _window(series: ASLSeries, longest: list[int]) -> tuple[slice, slice]:
    """Rows and columns where a heart may be, no more than `longest` of each."""
    spans = _content(series)
    if all(span.stop - span.start <= n for span, n in zip(spans, longest, strict=True)):
        return spans
    signal = np.zeros(series.images.shape[2:])
    for image in series.images.reshape(-1, *signal.shape):
        dark, bright = np.percentile(image, [0, 99])
        signal += image >= (1 - SIGNAL) * dark + SIGNAL * bright
    rows, columns = (
        _within_field(span, n, signal.sum(1 - axis))
        for axis, (span, n) in enumerate(zip(spans, longest, strict=True))
    )
    return rows, columns


def _within_field(span: slice, length: int, signal: np.ndarray) -> slice:
    """The part of a span, no longer than `length`, that holds nearly all the signal it can."""
    if span.stop - span.start <= length:
        return span
    total = np.concatenate([[0.0], np.cumsum(signal[span])])
    held = total[length:] - total[:-length]
    starts = np.flatnonzero(held >= NEARLY_ALL * held.max())
    start = int(span.start + starts[np.argmin(np.abs(starts - (len(held) - 1) / 2))])
    return slice(start, start + length)
