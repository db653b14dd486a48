"""Masks that a person corrected, put into the results that they are of, with the flow that they
give."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ASLMyoSegError, OutputError, SeriesError
from ..io import (
    Hints,
    find_rv_insertion,
    input_digest,
    read_masks,
    read_posterior,
    read_rv_insertion,
    read_series,
    series_sources,
)
from ..io.bids.derivatives import DESCRIPTION, SOURCE
from ..io.files import read_json
from ..io.posterior import read_masks_in_use
from ..io.results import Layout, find_results
from ..motion.measuring import measure_motion
from ..series import Segmentation
from ..uncertainty.scores import THRESHOLD, mcd_uncertainty
from .finished import FinishedSeries
from .flow import FlowOptions, measure_flow
from .publishing import publishing, refuse_occupied_places
from .results import write_results


def results_of(output: Path, name: str) -> Layout:
    """The results of the series `name` among those in a folder.

    Raises:
        OutputError: where there are none, or several.
    """
    found = [layout for layout in find_results(output) if layout.name == name]
    if len(found) != 1:
        raise OutputError(
            f"{output}: holds {len(found)} results of {name}; see `aslmyoseg review`."
        )
    return found[0]


def put_back(layout: Layout, masks: str | Path, images: str | Path | None = None) -> Path:
    """Write the results of a series anew with masks of a person; path of the report.

    Frames whose mask differs from that of the results count as corrected; what was corrected or
    accepted before stays so.

    Args:
        layout: the results.
        masks: all frames, as `io.read_masks` takes them.
        images: the series; None takes the one in the data set that the results are of.

    Raises:
        ASLMyoSegError: where files are missing or do not belong together.
    """
    summary = read_json(layout.summary)
    try:
        hints = Hints(**{k: _as_stated(v) for k, v in summary["stated"].items()})
        options = FlowOptions(**summary["flow_options"])
        moved, told = summary["motion"]["corrected"], summary["frames"]
    except (KeyError, TypeError, AttributeError) as error:
        raise SeriesError(f"{layout.summary}: not such a summary ({error!r}); run anew.") from None
    if moved:
        raise SeriesError(
            f"{layout.summary}: made of images that were moved back (--correct-motion), which "
            "masks of the series do not fit; run without it."
        )
    if isinstance(options.t1_myocardium, str):
        raise SeriesError(
            f"{layout.summary}: flow was measured with the map {options.t1_myocardium} of T1, "
            "which is not kept; run anew."
        )
    source = Path(images) if images is not None else _source(layout)
    if (
        summary["input_sha256"]
        not in (
            input_digest(source, points, hints=hints)
            for points in (find_rv_insertion(source), None)
        )
        and not layout.rv_insertion.is_file()
    ):
        raise SeriesError(f"{source}: other images than those of {layout.summary}; give those.")
    series = read_series(source, hints)
    posterior = read_posterior(layout)
    if posterior.mean.shape != series.images.shape:
        raise SeriesError(f"{source}: other images than those of {layout.summary}; give those.")
    drawn = read_masks(masks, series)
    before = read_masks_in_use(layout).reshape(drawn.shape)
    changed = (drawn != before).any((1, 2, 3))
    slices = series.images.shape[1]
    known = [frame.get("status", "automatic") for frame in told][::slices]
    status = tuple("corrected" if c else k for c, k in zip(changed, known, strict=True))
    segmentation = Segmentation(drawn, status, mcd_uncertainty(posterior.mean, posterior.std))
    points = None
    if layout.rv_insertion.is_file():
        points = read_rv_insertion(layout.rv_insertion, series)
    flow, warnings = measure_flow(
        series, segmentation, points, posterior, options.arguments(series)
    )
    finished = FinishedSeries(
        series=series,
        posterior=posterior,
        segmentation=segmentation,
        flow=flow,
        motion=measure_motion(series, posterior.mean >= THRESHOLD),
        points=points,
        warnings=warnings,
        precision=summary["precision"],
        seconds=summary["seconds"],
        digest=summary["input_sha256"],
        stated=summary["stated"],
        flow_options=summary["flow_options"],
        identifiers=summary.get("identifiers"),
        sources=series_sources(source, hints, series),
    )
    scene = layout.scene if layout.scene.is_file() else None

    def keep_scene(path: Path, _finished: FinishedSeries) -> None:
        shutil.copyfile(layout.scene, path)

    refuse_occupied_places(layout, overwrite=True, reviewed=True)
    with publishing(layout) as beside:
        write_results(beside, finished, keep_scene if scene else None)
    return layout.report


def _as_stated(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _source(layout: Layout) -> Path:
    """The series that results are of, in the data set that they are derivatives of."""
    try:
        links: Mapping[str, str] = read_json(layout.root / DESCRIPTION)["DatasetLinks"]
        folder = layout.root / links[SOURCE] / layout.place
    except (ASLMyoSegError, KeyError, TypeError):
        raise SeriesError(
            f"{layout.summary}: does not tell where the images are; give them with --images."
        ) from None
    for ending in ("_asl.nii.gz", "_asl.nii"):
        if (folder / f"{layout.name}{ending}").is_file():
            return folder / f"{layout.name}{ending}"
    raise SeriesError(
        f"{folder}: the images of {layout.name} are not there; give them with --images."
    )
