"""Results of other runs, from their folders onto series whose images are open, for review."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SeriesError
from ..io import read_masks, read_posterior, read_rv_insertion
from ..io.files import read_json
from ..series import Segmentation
from .series_scene import SeriesScene

SUMMARY = "summary.json"


@dataclass
class OpenedResults:
    """What became of the results in a folder.

    Attributes:
        series: those that have a result now, the most doubtful first.
        problems: in a sentence each, why others have none.
    """

    series: list[SeriesScene] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def open_results(scene: Any, folder: str | Path) -> OpenedResults:
    """Put the results in a folder, and in its folders, onto the series that they are of.

    Masks that are not the network's count as corrected. Results do not hold images: series are
    told by their names, and have to be open.

    Raises:
        SeriesError: where the folder holds no results, or none of a series that is open.
    """
    found = sorted(Path(folder).rglob(SUMMARY))
    if not found:
        raise SeriesError(f"{folder}: holds no results ({SUMMARY}); choose a folder of results.")
    opened = OpenedResults()
    for path in found:
        try:
            opened.series.append(_open(scene, path))
        except SeriesError as error:
            opened.problems.append(str(error))
    if not opened.series:
        raise SeriesError(opened.problems[0])
    opened.series = by_doubt(opened.series)
    return opened


def by_doubt(series: list[SeriesScene]) -> list[SeriesScene]:
    """Series, the most doubtful first; those without a result last."""
    return sorted(series, key=lambda one: (not one.segmented, -np.nan_to_num(one.score)))


def _open(scene: Any, path: Path) -> SeriesScene:
    summary, folder = read_json(path), path.parent
    name = summary.get("series")
    named = [one for one in SeriesScene.all_in(scene) if one.name == name]
    if not named:
        raise SeriesError(f"{folder}: the images of {name} are not open; open them first.")
    if summary.get("motion", {}).get("corrected"):
        raise SeriesError(
            f"{folder}: made of images that were moved back (--correct-motion), which are not "
            "those that are open; open its motion-corrected series instead."
        )
    one = named[-1]
    series, posterior = one.series(), read_posterior(folder)
    (file,) = sorted(folder.glob("*_desc-myocardium_mask.[ns]*"))[:1] or [None]
    if file is None:
        raise SeriesError(f"{folder}: its masks are missing; run the series again.")
    one.show_posterior(
        posterior, precision=summary.get("precision"), seconds=summary.get("seconds") or 0.0
    )
    masks, automatic = read_masks(file, series), one.segmentation()
    differ = (masks != automatic.masks).any((1, 2, 3))
    status = tuple("corrected" if d else "automatic" for d in differ)
    one.set_segmentation(Segmentation(masks, status, automatic.mcd_uncertainty))
    points = folder / f"{name}_rvinsertion.json"
    if points.is_file():
        one.set_landmarks(read_rv_insertion(points, series))
    return one
