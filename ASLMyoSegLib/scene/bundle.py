"""A result as a Slicer scene (.mrb), and the masks that a person corrected in it back again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..errors import SceneError, SeriesError
from ..io.files import replacing
from ..series import ASLSeries, MBFResult, Posterior, RVInsertion, Segmentation
from . import layouts
from .archive import check_bundle
from .flow import show_result
from .mrml import PrivateScene
from .series_scene import SeriesScene


def write_scene(
    path: str | Path,
    series: ASLSeries,
    posterior: Posterior,
    segmentation: Segmentation,
    result: MBFResult | None,
    rv_insertion: RVInsertion | None = None,
) -> None:
    """Write the scene that the panel would have made of this series and result.

    Raises:
        OutputError: where the file cannot be written.
    """
    with PrivateScene() as private:
        one = SeriesScene.create(private.scene, series)
        one.show_posterior(posterior)
        one.set_segmentation(segmentation)
        if rv_insertion is not None:
            one.set_landmarks(rv_insertion)
        if result is not None:
            show_result(one, result)
        layouts.show(one)
        with replacing(path) as beside:
            if not private.scene.WriteToMRB(str(beside)):
                raise OSError("Slicer's MRML could not write the scene")


def read_scene(path: str | Path) -> tuple[ASLSeries, Segmentation, RVInsertion | None]:
    """Read images, masks as they now are, and landmarks of a scene with one series.

    A frame whose mask was edited since it was stored has the status `corrected`, others keep
    theirs.

    Raises:
        SeriesError: where the file is no such scene.
    """
    path = Path(path)
    check_bundle(path)
    with PrivateScene() as private:
        if not private.scene.ReadFromMRB(str(path), True):
            raise SeriesError(f"{path}: Slicer's MRML cannot read it as a scene; save it again.")
        found = SeriesScene.all_in(private.scene)
        if not found:
            raise SeriesError(f"{path}: has no ASL series; give a scene that ASLMyoSeg made.")
        if len(found) > 1:
            names = ", ".join(one.name for one in found)
            raise SeriesError(f"{path}: holds {len(found)} series ({names}); save one alone.")
        try:
            (one,) = found
            series = one.series()
            metadata = {**series.metadata, "source": str(path)}
            return replace(series, metadata=metadata), one.segmentation(), one.landmarks()
        except (SceneError, SeriesError) as error:
            raise SeriesError(f"{path}: {error}") from None
