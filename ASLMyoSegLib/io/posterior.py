"""What the passes said of a series, as `aslmyoseg run` wrote it into a folder of results."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import SeriesError
from ..geometry import AXES, Stored
from ..series import Posterior
from .files import read_json
from .images.nifti import read_volume


def read_posterior(folder: str | Path) -> Posterior:
    """Read maps and passes of a folder of results, as they stand; the masks of each pass are not
    kept there.

    Raises:
        SeriesError: where a file is missing, damaged, or contradicts another.
    """
    folder = Path(folder)
    (mean, place), (std, _) = (
        read_volume(_only(folder, f"*_desc-{name}.[ns]*"))
        for name in ("myocardium_probseg", "uncertainty_map")
    )
    path = _only(folder, "summary.json")
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


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise SeriesError(
            f"{folder}: {len(found)} files {pattern}, where a folder of results has one."
        )
    return found[0]
