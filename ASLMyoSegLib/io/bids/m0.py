"""M0 scans that have a file of their own, on the grid of the series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import SeriesError
from ...series import Geometry
from ..images.grids import apart, laid_on
from ..images.nifti import read_volume
from .side_cars import SideCars, find_m0scan, intended_for, side_cars_of_m0, volume_name
from .values import understood


@dataclass(frozen=True)
class M0Scan:
    """M0 of a series in a file of its own.

    Attributes:
        frames: (frame, slice, y, x), on the grid of the series.
        file: that holds it.
        says: what its side-car says, as BIDS means it.
        notes: what people should know of it.
    """

    frames: np.ndarray
    file: Path
    says: dict[str, Any]
    notes: list[str]


def separate_m0(
    path: Path,
    images: np.ndarray,
    geometry: Geometry,
    beside: SideCars,
    values: Mapping[str, Any],
    types: Sequence[str],
) -> M0Scan | None:
    """The M0 scan that has its own file, where the series is said to have one, or where nobody says
    anything and it is there.

    Of another grid with the same slices, it is laid on that of the series.

    Raises:
        SeriesError: where it lacks, is damaged, or lies elsewhere.
    """
    said = values.get("M0Type")
    if said not in ("Separate", None) or "m0scan" in types:
        return None
    file = find_m0scan(path)
    if file is None and said is None:
        return None
    if file is None:
        raise SeriesError(_missing(path))
    notes: list[str] = []
    says = understood(side_cars_of_m0(file), notes)
    if said is None:
        notes.append(f"Nobody says what M0 is (M0Type); {file.name} is taken for it.")
    m0, place = read_volume(file, notes)
    m0 = m0 if m0.ndim == 4 else m0[np.newaxis]
    known = bool(np.isfinite(geometry.spacing).all())
    if m0.shape[1:] == images.shape[1:] and not (known and geometry.difference(place)):
        return M0Scan(m0, file, says, notes)
    lack = (
        "its size is another"
        if not known
        else apart(m0.shape[1:], place, images.shape[1:], geometry)
    )
    if lack:
        raise SeriesError(f"{file}: {lack}; acquire or resample M0 on the grid of the series.")
    notes.append(
        f"{file.name} lies on another grid, of pixels of {place.spacing[0]:.4g}x"
        f"{place.spacing[1]:.4g} mm; it was interpolated linearly on that of the series, as if its "
        "grey values had the same scale."
    )
    laid = [laid_on(frame, place, images.shape[1:], geometry) for frame in m0]
    return M0Scan(np.stack(laid), file, says, notes)


def _missing(path: Path) -> str:
    """That there is no M0 scan of a series, and how one that is there is said to be its own."""
    problem = (
        f"{path.with_name(volume_name(path))}_m0scan.nii.gz: missing, though the side-car says "
        "M0Type Separate"
    )
    for other in sorted(path.parent.glob("*_m0scan.nii*")):
        if intended := intended_for(other):
            problem += f"; {other.name} is intended for {', '.join(intended)}"
        else:
            problem += f"; {other.name} is that of another series by its name"
    if any(path.parent.glob("*_m0scan.nii*")):
        problem += f"; to take one, name {path.name} in IntendedFor of its side-car (.json)"
    return f"{problem}."
