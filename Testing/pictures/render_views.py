"""Render the module's views offscreen, as Slicer would show them: ``render_views.py FOLDER``.

Slice views and the bullseye's view are drawn by Slicer's own displayable managers, through
trame-slicer, of the scene that the panel makes of the sample, and of a simulated subject with
three slices. It needs the extra `docs` in an environment of its own: slicer-layer-dm works with the
one slicer-core that it was built with, which is not the one that tests take.
"""

# What the checks let pass is imported after them.
# ruff: noqa: E402

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk
from packaging.requirements import Requirement
from places import SAMPLE


def check_packages() -> None:
    """End with a sentence where the views' library is missing, or would break down."""
    try:
        every = [Requirement(line) for line in requires("slicer-layer-dm") or []]
        wanted = [w for w in every if w.marker is None or w.marker.evaluate({"extra": ""})]
        version("trame-slicer")
        fit = all(w.specifier.contains(version(w.name), prereleases=True) for w in wanted)
    except PackageNotFoundError:
        fit = False
    if not fit:
        sys.exit("render_views: pip install -e '.[docs]' in an environment of its own first.")


check_packages()

from trame_slicer.core import SlicerApp
from trame_slicer.views import AbstractView, SliceView, ThreeDView
from vtk.util.numpy_support import vtk_to_numpy

from ASLMyoSegLib.io import read_posterior, read_rv_insertion, read_series
from ASLMyoSegLib.network import load_model
from ASLMyoSegLib.phantom import simulate_subject
from ASLMyoSegLib.scene import SeriesScene, bullseye, curves, layouts, outline
from ASLMyoSegLib.uncertainty.sampler import segment

SEED, SUBJECT = 20261, 2
SLICE_SIZE, BULLSEYE_SIZE = (360, 330), (400, 1000)
LAYOUT_SLICE, LAYOUT_BULLSEYE = (540, 620), (420, 620)
CONDITIONS = ("rest", "stress")
DRAG = 1.3
"""Times the distance from the middle, to which a point of a contour is dragged."""


@dataclass
class Application:
    """Slicer's scene, logic and views, without its windows."""

    app: SlicerApp
    sequences: Any
    slices: dict[str, AbstractView]
    bullseye: AbstractView

    @staticmethod
    def start() -> Application:
        """Make the views before anything is loaded, as the application does."""
        app = SlicerApp()
        sequences = slicer.vtkSlicerSequencesLogic()
        app.register_module_logic(sequences)
        app.scene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())
        slices = {tag: SliceView(app.scene, app.app_logic, tag) for tag in layouts.VIEWS}
        return Application(
            app, sequences, slices, ThreeDView(app.scene, app.app_logic, bullseye.VIEW)
        )

    def show(self, one: SeriesScene, frame: int, aha: int, size: tuple[int, int]) -> None:
        """Show a frame, and select a segment."""
        for view in self.slices.values():
            view.update_size(*size)
            view.get_view_node().SetDimensions(*size, 1)
        one.select(frame)
        layouts.show(one)
        bullseye.select_segment(one.scene, aha)
        outline.update_outline(one)

    def picture(self, view: AbstractView, size: tuple[int, int] | None = None) -> np.ndarray:
        """What a view shows, uint8 (y, x, 3)."""
        if size:
            view.update_size(*size)
        view.render()
        grab = vtk.vtkWindowToImageFilter()
        grab.SetInput(view.render_window())
        grab.ReadFrontBufferOff()
        grab.Update()
        image = grab.GetOutput()
        width, height, _ = image.GetDimensions()
        pixels = vtk_to_numpy(image.GetPointData().GetScalars())
        return pixels.reshape(height, width, -1)[::-1, :, :3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--passes", type=int, default=32, help="stochastic passes per image")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    view = Application.start()

    rest, _ = (load_sample(view.app.scene, condition) for condition in CONDITIONS)
    view.show(rest, rest.doubtful_first()[0], 8, LAYOUT_SLICE)
    pictures = [
        view.picture(view.slices["Red"]),
        view.picture(view.bullseye, LAYOUT_BULLSEYE),
    ]
    save(arguments.folder / "view-layout.png", pictures)
    drag_contour(rest)
    save(arguments.folder / "view-contours.png", [view.picture(view.slices["Red"])])
    curves.hide(view.app.scene)

    model = load_model()
    rest, _ = (
        load_simulated(view.app.scene, model, condition, arguments.passes)
        for condition in CONDITIONS
    )
    view.show(rest, rest.doubtful_first()[0], 8, SLICE_SIZE)
    save(arguments.folder / "view-slices.png", [view.picture(v) for v in view.slices.values()])
    save(arguments.folder / "view-bullseye.png", [view.picture(view.bullseye, BULLSEYE_SIZE)])


def drag_contour(one: SeriesScene) -> None:
    """Show the contours of the frame in view, and drag a point of the outer one away."""
    curves.show(one)
    outer = next(node for which, _, node in curves.shown(one.scene) if which == "outer")
    middle, point = slicer.util.arrayFromMarkupsControlPoints(outer).mean(0), np.zeros(3)
    outer.GetNthControlPointPositionWorld(0, point)
    outer.SetNthControlPointPositionWorld(0, *(middle + DRAG * (point - middle)))
    curves.settle(one, "outer", 0)


def load_sample(scene: Any, condition: str) -> SeriesScene:
    name = f"sub-01_acq-{condition}"
    series = read_series(SAMPLE / "sub-01" / "perf" / f"{name}_asl.nii.gz")
    one = SeriesScene.create(scene, series)
    one.show_posterior(read_posterior(SAMPLE / "derivatives" / "aslmyoseg" / name))
    (points,) = SAMPLE.rglob(f"{name}_rvinsertion.json")
    one.set_landmarks(read_rv_insertion(points, series))
    one.quantify()
    return one


def load_simulated(scene: Any, model: Any, condition: str, passes: int) -> SeriesScene:
    series, truth = simulate_subject(SEED, SUBJECT, condition, slices=3)
    one = SeriesScene.create(scene, series)
    one.show_posterior(segment(series, model, passes, seed=1))
    one.set_landmarks(truth.rv_insertion)
    one.quantify()
    return one


def save(path: Path, pictures: list[np.ndarray]) -> None:
    """Write pictures of one height side by side."""
    bar = np.full((pictures[0].shape[0], 4, 3), 70, np.uint8)
    joined = np.concatenate([part for p in pictures for part in (p, bar)][:-1], axis=1)
    height, width, _ = joined.shape
    image = vtk.vtkImageData()
    image.SetDimensions(width, height, 1)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    vtk_to_numpy(image.GetPointData().GetScalars())[:] = joined[::-1].reshape(-1, 3)
    writer = vtk.vtkPNGWriter()
    writer.SetInputData(image)
    writer.SetFileName(str(path))
    writer.SetCompressionLevel(9)
    writer.Write()


if __name__ == "__main__":
    main()
