"""Render the module's views offscreen, as Slicer would show them: ``render_views.py FOLDER``.

The scene is what the panel makes of a simulated subject at rest and under stress; slice views and
the bullseye's view are drawn by Slicer's own displayable managers, through trame-slicer. It needs
the extra `docs`.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer
import vtk
from trame_slicer.core import SlicerApp
from trame_slicer.views import AbstractView, SliceView, ThreeDView

from ASLMyoSegLib.network import load_model
from ASLMyoSegLib.phantom import simulate_subject
from ASLMyoSegLib.scene import SeriesScene, bullseye, layouts, outline
from ASLMyoSegLib.uncertainty.sampler import segment

SEED, SUBJECT = 20261, 1
SEGMENT = 8
SLICE_SIZE, BULLSEYE_SIZE, TALL_SIZE = (560, 460), (520, 520), (420, 1080)


@dataclass
class Application:
    """Slicer's scene, logic and views, without its windows."""

    scene: Any
    slices: dict[str, AbstractView]
    bullseye: AbstractView

    @staticmethod
    def start() -> Application:
        app = SlicerApp()
        sequences = slicer.vtkSlicerSequencesLogic()
        app.register_module_logic(sequences)
        app.scene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())
        slices = {tag: SliceView(app.scene, app.app_logic, tag) for tag in layouts.VIEWS}
        for view in slices.values():
            view.update_size(*SLICE_SIZE)
            view.get_view_node().SetDimensions(*SLICE_SIZE, 1)
        found = Application(app.scene, slices, ThreeDView(app.scene, app.app_logic, bullseye.VIEW))
        found.keep = app, sequences
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--passes", type=int, default=64, help="stochastic passes per image")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    model = load_model()
    app = Application.start()

    def load(condition: str, slices: int) -> SeriesScene:
        series, truth = simulate_subject(SEED, SUBJECT, condition, slices=slices)
        one = SeriesScene.create(app.scene, series)
        one.show_posterior(segment(series, model, arguments.passes, seed=1))
        one.set_landmarks(truth.rv_insertion)
        one.quantify()
        return one

    render(app, [load("rest", 3), load("stress", 3)], arguments.folder)


def render(app: Application, loaded: list[SeriesScene], folder: Path) -> None:
    """Pictures of the first series: its slices; its bullseye, and that with its counterpart."""
    one = loaded[0]
    one.select(one.doubtful_first()[0])
    layouts.show(one)
    bullseye.select_segment(app.scene, SEGMENT)
    outline.update_outline(one)
    for tag, view in app.slices.items():
        save(view, folder / f"slice_{tag.lower()}.png")
    app.bullseye.update_size(*(TALL_SIZE if len(loaded) > 1 else BULLSEYE_SIZE))
    save(app.bullseye, folder / "bullseye.png")


def save(view: AbstractView, path: Path) -> None:
    view.render()
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(view.render_window())
    grab.ReadFrontBufferOff()
    writer = vtk.vtkPNGWriter()
    writer.SetInputConnection(grab.GetOutputPort())
    writer.SetFileName(str(path))
    writer.Write()


if __name__ == "__main__":
    main()
