"""Hypothesis strategies: series, side-cars and masks, sensible and not."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from ASLMyoSegLib.series import VOLUME_TYPES, ASLSeries, Geometry

KINDS = st.sampled_from((*VOLUME_TYPES, "deltam", "cbf", "", "Control", "n/a"))
NUMBERS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True, width=32),
    st.integers(-(10**30), 10**30),
    st.sampled_from((0, 1.5, 1500, -1, True, None, "1.5", [], {})),
)
JSON = st.recursive(
    NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@st.composite
def series(draw: st.DrawFn) -> ASLSeries:
    """Small series with any pixels that float32 can hold, on any straight grid of a heart's size;
    control and label frames in any order and number."""
    kinds = draw(st.lists(st.sampled_from(VOLUME_TYPES), min_size=1, max_size=6))
    shape = (len(kinds), draw(st.integers(1, 3)), *draw(st.tuples(*[st.integers(16, 24)] * 2)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = 10.0 ** draw(st.integers(-30, 30))
    images = (rng.normal(draw(st.sampled_from((0, 3))), 1, shape) * scale).astype(np.float32)
    flat = draw(st.booleans())
    if flat:  # zeros over most of each image
        images[..., 5:, :] = 0
    times = [draw(st.floats(0.05, 9.9)) for _ in kinds]
    spacing = tuple(draw(st.floats(2.5, 12.0)) for _ in range(3))
    return ASLSeries(images, tuple(kinds), np.array(times), Geometry(spacing), "sub-01")


@st.composite
def masks(draw: st.DrawFn, shape: tuple[int, ...]) -> np.ndarray:
    """Rings, blobs, single pixels, empty and full ones, (frame, slice, y, x)."""
    y, x = np.mgrid[: shape[2], : shape[3]]
    planes = []
    for _ in range(shape[0] * shape[1]):
        at = draw(st.tuples(st.integers(0, shape[2]), st.integers(0, shape[3])))
        inner, width = draw(st.integers(0, 12)), draw(st.integers(0, 30))
        distance = np.hypot(y - at[0], x - at[1])
        planes.append((distance >= inner) & (distance < inner + width))
    return np.stack(planes).reshape(shape)


@st.composite
def sidecars(draw: st.DrawFn, frames: int) -> dict[str, object]:
    """Keys that are looked at with right and wrong values, and others."""
    right = st.just(1.5) | st.lists(st.floats(0.1, 5.0), min_size=frames, max_size=frames)
    content = {
        "PostLabelingDelay": draw(right | JSON),
        "M0Type": draw(st.sampled_from(("Included", "Separate", "Absent", "Estimate")) | JSON),
        **draw(st.dictionaries(st.text(max_size=6), JSON, max_size=2)),
    }
    for key in draw(st.sets(st.sampled_from(sorted(content)), max_size=2)):
        del content[key]
    return content


@st.composite
def contexts(draw: st.DrawFn, frames: int) -> str:
    """Tables of volume types; most have as many rows as frames."""
    count = draw(st.just(frames) | st.integers(0, frames + 2))
    column = draw(st.just("volume_type") | st.text(max_size=6))
    rows = draw(st.lists(st.sampled_from(VOLUME_TYPES) | KINDS, min_size=count, max_size=count))
    end = draw(st.sampled_from(("\n", "\r\n", "\n\n")))
    return end.join((column, *rows)) + end
