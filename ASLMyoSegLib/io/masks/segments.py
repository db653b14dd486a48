"""What a file of masks marks, which of it is meant, and how it lies on the grid of a series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ...errors import SeriesError
from ...series import Geometry
from ..images.nifti import frame_image
from ..terminology import names_myocardium

Marked = tuple[np.ndarray, Geometry]
"""Share of each voxel that is marked, 0 to 1 or bool, (slice, y, x), and where the voxels lie."""


@dataclass(frozen=True)
class Segment:
    """One thing that a file of masks marks.

    Attributes:
        name: as the file has it.
        masks: by frame; that of None is for every frame.
        aliases: other names by which it can be chosen, such as its number.
        codes: SNOMED CT codes of what it is.
    """

    name: str
    masks: Mapping[int | None, Marked]
    aliases: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing is marked."""
        return not any((array >= 0.5).any() for array, _ in self.masks.values())


def choose(path: Path, segments: Sequence[Segment], wanted: str | None) -> Segment:
    """The segment of that name or number; without one, the only one, or the one of myocardium.

    Raises:
        SeriesError: where it is not there, or several may be meant; the message lists them.
    """
    listed = ", ".join(f"{segment.name!r}" for segment in segments[:12])
    listed += ", ..." if len(segments) > 12 else ""
    if wanted is not None:
        named = [s for s in segments if s.name.strip().lower() == wanted.lower()]
        found = named or [s for s in segments if wanted.lower() in map(str.lower, s.aliases)]
        if len(found) == 1:
            return found[0]
        raise SeriesError(
            f"{path}: has {len(found) or 'no'} segments {wanted!r}; it has {listed or 'none'}."
        )
    drawn = [segment for segment in segments if not segment.empty]
    if not drawn:
        raise SeriesError(
            f"{path}: marks nothing in the slices of the series; outline the muscle of the left "
            "ventricle on its images."
        )
    if len(drawn) == 1:
        return drawn[0]
    muscle = [s for s in drawn if names_myocardium(" ".join((s.name, *s.aliases)), s.codes)]
    if len(muscle) == 1:
        return muscle[0]
    raise SeriesError(
        f"{path}: marks several things ({listed}); say which is the muscle of the left ventricle "
        "with --segment."
    )


def on_grid(marked: Marked, geometry: Geometry, shape: tuple[int, int, int]) -> np.ndarray:
    """The mask on another grid, bool (slice, y, x), by where its voxels lie in space.

    A voxel is marked where the share, interpolated linearly at its centre, is half or more; on the
    same grid that changes nothing.
    """
    array, its_geometry = marked
    reference = frame_image(np.zeros(shape, np.uint8), geometry)
    shares = frame_image(array.astype(np.float32), its_geometry)
    found = sitk.Resample(shares, reference, sitk.Transform(), sitk.sitkLinear, 0.0)
    return sitk.GetArrayFromImage(found) >= 0.5
