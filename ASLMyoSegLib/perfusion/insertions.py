"""Where the right ventricle may meet the left: proposed from its blood beside the wall, to be
confirmed by a person."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, map_coordinates

from ..series import ASLSeries, RVInsertion
from .aha import centre_of

RAYS = 72
"""Around the left ventricle, 5 degrees apart."""
BESIDE = (3.0, 9.0)
"""mm outside of the wall, in which the right ventricle's blood is looked for."""
SMALLEST, LARGEST = 60, 140
"""Degrees between the insertions, as seen from the middle of the left ventricle."""
SMOOTH = 1.5
"""Rays."""
FAINTEST = 0.2
"""Of the contrast of blood to muscle's surroundings: below it, no ventricle was seen."""


def propose_insertions(series: ASLSeries, masks: np.ndarray) -> RVInsertion | None:
    """RV insertion points of every slice; None where some slice shows no right ventricle.

    The arc beside the septum is the one that is brightest against what lies around the rest of the
    wall, in the mean of the frames. Of its two ends the one that lies farther forward and up in the
    patient is the anterior insertion.

    Args:
        series: the images.
        masks: bool (frame, slice, y, x).
    """
    found = []
    for k in range(masks.shape[1]):
        drawn = masks[:, k].any((1, 2))
        if not drawn.any():
            return None
        common = masks[drawn, k].mean(0) >= 0.5
        arc = _arc(series, k, common) if common.any() else None
        if arc is None:
            return None
        found.append(arc)
    ends = np.array(found)
    first, second = ends[:, 0], ends[:, 1]
    if _forward(series, first - second).sum() < 0:
        first, second = second, first
    return RVInsertion(first, second)


def _arc(series: ASLSeries, k: int, mask: np.ndarray) -> np.ndarray | None:
    """Ends of the right ventricle's arc on the wall's outer border, (2, 2) as (y, x)."""
    spacing = np.array(series.geometry.spacing[1::-1])
    centre = centre_of(mask, tuple(spacing))
    angles = np.arange(RAYS) * 2 * np.pi / RAYS
    along = np.stack([-np.sin(angles), np.cos(angles)], -1) / spacing  # a mm, in pixels
    steps = np.arange(0.0, 80.0, 0.5)
    places = centre + steps[:, None, None] * along
    inside = map_coordinates(mask.astype(float), places.transpose(2, 0, 1), order=1) >= 0.5
    border = np.where(inside.any(0), steps[len(steps) - 1 - inside[::-1].argmax(0)], np.nan)
    if np.isnan(border).mean() > 0.5:
        return None
    border = np.where(np.isnan(border), np.nanmedian(border), border)
    image = _bright(series, k)
    beyond = border + np.arange(*BESIDE, 0.5)[:, None]
    ring = map_coordinates(
        image, (centre + beyond[..., None] * along).transpose(2, 0, 1), order=1, mode="nearest"
    ).mean(0)
    profile = gaussian_filter1d(ring, SMOOTH, mode="wrap")
    widths = np.arange(SMALLEST * RAYS // 360, LARGEST * RAYS // 360 + 1)
    contrasts = np.array([_contrasts(profile, width) for width in widths])
    if contrasts.max() < FAINTEST * np.ptp(profile):
        return None
    at, start = np.unravel_index(contrasts.argmax(), contrasts.shape)
    width = widths[at]
    rays = np.array([start, start + width - 1]) % RAYS
    return centre + border[rays, None] * along[rays]


def _contrasts(profile: np.ndarray, width: int) -> np.ndarray:
    """Of the arcs of so many rays, by their first ray, to the rest; wide arcs count more, as the
    mean of few rays is easily high."""
    sums = np.concatenate([[0.0], np.cumsum(np.tile(profile, 2))])
    inside = sums[width : width + RAYS] - sums[:RAYS]
    difference = inside / width - (profile.sum() - inside) / (RAYS - width)
    return difference * np.sqrt(width * (RAYS - width)) / RAYS


def _bright(series: ASLSeries, k: int) -> np.ndarray:
    """The mean of the frames, each scaled to its own mean: blood is bright in most."""
    images = series.images[:, k].astype(float)
    return (images / np.maximum(images.mean((1, 2), keepdims=True), 1e-9)).mean(0)


def _forward(series: ASLSeries, steps: np.ndarray) -> np.ndarray:
    """How far steps (n, 2) in pixels (down, right) lead forward and up in the patient, mm."""
    direction = np.array(series.geometry.direction).reshape(3, 3)
    spacing = np.array(series.geometry.spacing)
    lps = steps[:, 1:] * spacing[0] * direction[:, 0] + steps[:, :1] * spacing[1] * direction[:, 1]
    return lps @ (0.0, -1.0, 1.0)
