"""Results of other runs, from their folders onto series whose images are open, for review."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SeriesError
from ..io import read_masks, read_posterior, read_rv_insertion
from ..io.files import read_json
from ..io.posterior import image_of
from ..io.results import SUMMARY, Layout, find_results
from ..series import Segmentation
from .series_scene import SeriesScene


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
    found = list(find_results(folder))
    if not found:
        raise SeriesError(f"{folder}: holds no results ({SUMMARY}); choose a folder of results.")
    opened = OpenedResults()
    for layout in found:
        try:
            opened.series.append(_open(scene, layout))
        except SeriesError as error:
            opened.problems.append(str(error))
    if not opened.series:
        raise SeriesError(opened.problems[0])
    opened.series = by_doubt(opened.series)
    return opened


def by_doubt(series: list[SeriesScene]) -> list[SeriesScene]:
    """Series, the most doubtful first; those without a result last."""
    return sorted(series, key=lambda one: (not one.segmented, -np.nan_to_num(one.score)))


def _open(scene: Any, layout: Layout) -> SeriesScene:
    summary, where = read_json(layout.summary), layout.summary.parent
    name = summary.get("series")
    named = [one for one in SeriesScene.all_in(scene) if one.name == name]
    if not named:
        raise SeriesError(f"{where}: the images of {name} are not open; open them first.")
    if summary.get("motion", {}).get("corrected"):
        raise SeriesError(
            f"{where}: made of images that were moved back (--correct-motion), which are not "
            "those that are open; open its motion-corrected series instead."
        )
    one = named[-1]
    series, posterior = one.series(), read_posterior(layout)
    file = image_of(layout, "desc-myocardium_mask")
    one.show_posterior(
        posterior, precision=summary.get("precision"), seconds=summary.get("seconds") or 0.0
    )
    masks, automatic = read_masks(file, series), one.segmentation()
    differ = (masks != automatic.masks).any((1, 2, 3))
    status = tuple("corrected" if d else "automatic" for d in differ)
    one.set_segmentation(Segmentation(masks, status, automatic.mcd_uncertainty))
    if layout.rv_insertion.is_file():
        one.set_landmarks(read_rv_insertion(layout.rv_insertion, series))
    return one
