"""Images with reference masks, held in memory, divided by subject."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..errors import SeriesError
from ..io import find_series, read_masks, read_series, series_name
from ..series import ASLSeries


@dataclass(frozen=True)
class Examples:
    """Images and masks, float32 (n, 1, y, x)."""

    images: torch.Tensor
    masks: torch.Tensor

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class ReferenceSeries:
    """A series with the masks that a person drew.

    Attributes:
        series: the images.
        masks: bool (frame, slice, y, x).
        observer: the folder that they lie in.
        second: file of a second observer's masks; None where there was none.
    """

    series: ASLSeries
    masks: np.ndarray
    observer: Path
    second: Path | None = None


def read_references(root: str | Path) -> list[ReferenceSeries]:
    """Every series of a BIDS data set that has masks under ``derivatives/observer``.

    A second observer's are looked for under ``derivatives/second-observer``.

    Raises:
        SeriesError: where there is none, or a file is damaged.
    """
    root = Path(root)
    if root.is_file():
        raise SeriesError(f"{root}: is a file; give the folder of a data set (BIDS).")
    found = []
    for path in find_series(root):
        if root not in path.parents:  # a folder of single images, which BIDS knows nothing of
            continue
        folder, other = (
            root / "derivatives" / reader / path.parent.relative_to(root)
            for reader in ("observer", "second-observer")
        )
        name = f"{series_name(path)}_desc-myocardium_mask.nii.gz"
        if (folder / name).is_file():
            series = read_series(path)
            masks = read_masks(folder / name, series)
            second = other / name if (other / name).is_file() else None
            found.append(ReferenceSeries(series, masks, folder, second))
    if not found:
        raise SeriesError(
            f"{root}: no series has reference masks; they are looked for as "
            "derivatives/observer/sub-*/perf/*_desc-myocardium_mask.nii.gz."
        )
    return found


def read_examples(root: str | Path, validation: float = 0.05) -> tuple[Examples, Examples]:
    """Training and validation images of a data set.

    Args:
        root: of the data set.
        validation: share of the subjects kept for validation, at least one.

    Raises:
        SeriesError: where there are fewer than two subjects, or images differ in size.
    """
    references = read_references(root)
    subjects = sorted({_subject(r) for r in references})
    if len(subjects) < 2:
        raise SeriesError(f"{root}: one subject; training and validation need two at least.")
    held_out = set(subjects[-max(1, round(validation * len(subjects))) :])
    shapes = {r.series.images.shape[2:] for r in references}
    if len(shapes) > 1:
        raise SeriesError(f"{root}: images of sizes {sorted(shapes)}; training needs one size.")
    return (
        _stack([r for r in references if _subject(r) not in held_out]),
        _stack([r for r in references if _subject(r) in held_out]),
    )


def _subject(reference: ReferenceSeries) -> str:
    return reference.series.name.split("_")[0]


def _stack(references: list[ReferenceSeries]) -> Examples:
    def join(arrays: list[np.ndarray]) -> torch.Tensor:
        flat = [a.reshape(-1, 1, *a.shape[2:]).astype(np.float32) for a in arrays]
        return torch.from_numpy(np.concatenate(flat))

    return Examples(
        join([r.series.images for r in references]), join([r.masks for r in references])
    )
