"""A result as a Slicer scene (.mrb), and the masks that a person corrected in it back again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SceneError, SeriesError
from ..io.files import replacing
from ..run.finished import FinishedSeries
from ..series import ASLSeries, Posterior, RVInsertion, Segmentation
from . import layouts
from .archive import check_bundle
from .flow import flow_masks, show_result
from .mrml import PrivateScene
from .series_scene import SeriesScene
from .tables import read_constants


def write_scene(path: str | Path, finished: FinishedSeries) -> None:
    """Write the scene that the panel would have made of a finished series.

    Raises:
        OutputError: where the file cannot be written.
    """
    with PrivateScene() as private:
        one = SeriesScene.create(private.scene, finished.series)
        one.show_posterior(finished.posterior)
        one.set_segmentation(finished.segmentation)
        if finished.points is not None:
            one.set_landmarks(finished.points)
        if finished.flow is not None:
            show_result(one, finished.flow)
        layouts.show(one)
        with replacing(path) as beside:
            # MRML names a folder after the file, and leaves an ampersand in it as it is in its XML.
            bundle = beside.with_name("scene.mrb")
            if not private.scene.WriteToMRB(str(bundle)):
                raise OSError("Slicer's MRML could not write the scene")
            bundle.replace(beside)


@dataclass(frozen=True)
class SceneContent:
    """One series of a scene, as a person left it.

    Attributes:
        series: the images.
        segmentation: a frame whose mask was edited since it was stored is `corrected`.
        rv_insertion: None as long as not all points are placed.
        constants: with which flow was measured last, kinetics and weights too; empty where it was
            not.
        flow_masks: bool (frame, slice, y, x), of which it was: all, or those that were reviewed.
        posterior: what the network said; None where it was not asked.
    """

    series: ASLSeries
    segmentation: Segmentation
    rv_insertion: RVInsertion | None
    constants: dict[str, Any]
    flow_masks: np.ndarray
    posterior: Posterior | None


def read_scenes(path: str | Path) -> list[SceneContent]:
    """Read every series of a scene, in order of loading.

    Raises:
        SeriesError: where the file is no scene with such a series.
    """
    path = Path(path).absolute()  # MRML reads no other
    check_bundle(path)
    with PrivateScene() as private:
        if not private.scene.ReadFromMRB(str(path), True):
            raise SeriesError(f"{path}: Slicer's MRML cannot read it as a scene; save it again.")
        found = SeriesScene.all_in(private.scene)
        if not found:
            raise SeriesError(f"{path}: has no ASL series; give a scene that ASLMyoSeg made.")
        try:
            return [_content(one, path) for one in found]
        except (SceneError, SeriesError) as error:
            raise SeriesError(f"{path}: {error}") from None


def read_scene(path: str | Path) -> tuple[ASLSeries, Segmentation, RVInsertion | None]:
    """Read images, masks as they now are, and landmarks of a scene with one series.

    Raises:
        SeriesError: where the file is no such scene.
    """
    found = read_scenes(path)
    if len(found) > 1:
        names = ", ".join(content.series.name for content in found)
        raise SeriesError(f"{path}: holds {len(found)} series ({names}), where one is wanted.")
    return found[0].series, found[0].segmentation, found[0].rv_insertion


def _content(one: SeriesScene, path: Path) -> SceneContent:
    series = one.series()
    series = replace(series, metadata={**series.metadata, "source": str(path)})
    segmentation = one.segmentation()
    masks = flow_masks(one, segmentation)
    constants = read_constants(one.flow_node)
    points, posterior = one.landmarks(), one.posterior()
    return SceneContent(series, segmentation, points, constants, masks, posterior)
