"""Masks as flow takes them: with those of M0, and of pairs that show the same slices."""

from __future__ import annotations

import numpy as np

from ..series import ASLSeries


def with_m0_masks(series: ASLSeries, masks: np.ndarray, warnings: list[str]) -> np.ndarray:
    """Masks in which every M0 frame has one: what most controls share, where its own is empty."""
    missing = [
        (f, k)
        for f in series.frames_of("m0scan")
        for k in range(masks.shape[1])
        if not masks[f, k].any()
    ]
    if not missing:
        return masks
    masks = masks.copy()
    common = masks[list(series.frames_of("control"))].mean(0) >= 0.5
    for frame, k in missing:
        masks[frame, k] = common[k]
    frames = ", ".join(str(f) for f in sorted({f for f, _ in missing}))
    warnings.append(f"m0scan frame {frames}: no mask; what most control masks share is used.")
    return masks


def on_shared_slices(series: ASLSeries, masks: np.ndarray, warnings: list[str]) -> np.ndarray:
    """Masks without those pairs that lack a slice which others have.

    Means over different slices differ by far more than flow does, so their difference is no flow.
    """
    used = masks.any((2, 3))
    drawn = used.any(0)
    masks = masks.copy()
    for number, pair in enumerate(
        zip(series.frames_of("control"), series.frames_of("label"), strict=True), start=1
    ):
        lacking = np.flatnonzero(drawn & ~used[list(pair)].all(0))
        if lacking.size:
            masks[list(pair)] = False
            warnings.append(
                f"Pair {number}: no mask in slice {', '.join(map(str, lacking))} of its control or "
                "label; the pair is left out."
            )
    return masks
