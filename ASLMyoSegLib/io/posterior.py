"""What the passes said of a series, as `aslmyoseg run` wrote it into results."""

from __future__ import annotations

from glob import escape
from pathlib import Path

import numpy as np

from ..errors import SeriesError
from ..geometry import AXES, Stored
from ..series import Posterior
from .files import read_json
from .images.nifti import read_volume
from .results import Layout, find_results


def read_posterior(results: str | Path | Layout) -> Posterior:
    """Read maps and passes of results, as they stand; the masks of each pass are not kept there.

    Args:
        results: their places, or a folder with the results of one series.

    Raises:
        SeriesError: where a file is missing, damaged, or contradicts another.
    """
    layout = results if isinstance(results, Layout) else _only_results(Path(results))
    (mean, place), (std, _) = (
        read_volume(image_of(layout, f"desc-{name}"))
        for name in ("myocardium_probseg", "uncertainty_map")
    )
    path = layout.summary
    summary = read_json(path)
    try:
        stored = Stored(place, tuple(summary.get("stored_axes", AXES)))
        std = stored.standing(std.reshape(mean.shape).astype(np.float32))
        mean = stored.standing(mean.astype(np.float32))
        shape = (mean.shape[0], mean.shape[1])
        trials = np.array([frame["trials"] for frame in summary["frames"]]).reshape(shape)
        limits = [
            [np.nan if v is None else v for v in f["mcd_interval"]] for f in summary["frames"]
        ]
        return Posterior(
            mean=mean,
            std=std,
            trials=trials,
            trial_masks=np.zeros((0, *shape, -(-mean[0, 0].size // 8)), np.uint8),
            seed=summary["seed"],
            device=summary["device"],
            model=summary["model"],
            way=summary.get("way", "paper"),
            mcd_interval=np.array(limits, float).reshape(*shape, 2),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SeriesError(
            f"{path}: not the summary of these maps ({error!r}); run the series again."
        ) from None


def read_masks_in_use(layout: Layout) -> np.ndarray:
    """The masks of results, whoever drew them, bool (frame, slice, y, x) as `read_posterior`'s
    maps stand.

    Raises:
        SeriesError: where a file is missing or damaged.
    """
    masks, place = read_volume(image_of(layout, "desc-myocardium_mask"))
    axes = tuple(read_json(layout.summary).get("stored_axes", AXES))
    return Stored(place, axes).standing(masks) > 0


def image_of(layout: Layout, kind: str) -> Path:
    """The file of an image among results, whatever its format.

    Raises:
        SeriesError: where there is none, or several.
    """
    stem = layout.image(kind)
    names = escape(stem.name) if layout.bids else f"*_{kind}"
    found = sorted(layout.folder.glob(f"{names}.[ns]*"))
    if len(found) != 1:
        raise SeriesError(
            f"{layout.folder}: {len(found)} files {names}.[ns]*, where results have one."
        )
    return found[0]


def _only_results(folder: Path) -> Layout:
    found = list(find_results(folder))
    if len(found) != 1:
        raise SeriesError(
            f"{folder}: holds the results of {len(found)} series, where those of one are needed."
        )
    return found[0]
