"""The bullseye as models in a view of its own, and its selected segment on the slices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..display.sectors import scale_end
from . import discs
from .discs import Disc
from .display import add_legend, colour_node
from .mrml import add_drawing, nodes_of, only_model, slicer, vtk
from .sequences import NAME
from .tables import ROTATION_KNOWN, read_flow

VIEW = "Bullseye"
"""Singleton tag of the view."""
SPACING = 140.0
"""From one disc to the next, mm."""
ALONE = 110.0
"""Half the height of the view of a single disc, mm: narrow views hold it, and a legend beneath."""
SMALLEST_RESERVE = 4.0
"""Of the reserve's colour scale, so that a healthy reserve looks alike in most people."""
SERIES = "ASLMyoSeg.series"
SELECTED = "ASLMyoSeg.segment"
SHOWN = "ASLMyoSeg.discs"
"""Attribute of the view: how many discs it was aimed at."""
NO_VALUE = (0.25, 0.25, 0.25)
"""Colour of segments without flow."""
OUTLINE_COLOUR = (0.25, 0.95, 1.0)
"""Of the selected segment: in no colour map of ours."""
_BASE, _FLOW, _RESERVE, _TEXT, _FRAME = (
    f"bullseye {part}" for part in ("base", "flow", "reserve", "text", "frame")
)


def show_series(scene: Any, browser: Any) -> None:
    """Make the bullseye that of a series, with its counterpart at rest or stress, and look at it.

    The view is made where there is none.
    """
    _model(scene, _BASE).SetNodeReferenceID(SERIES, browser.GetID())
    _view(scene).RemoveAttribute(SHOWN)
    update_bullseye(scene)


def update_bullseye(scene: Any) -> None:
    """Draw the flow that the tables hold: one disc, or rest, stress and their ratio.

    The view stays as a person has zoomed it, as long as the number of discs does.
    """
    set_up_view(scene)
    flow, reserve = _discs(scene)
    groups = (
        _Group(flow, _FLOW, "ASLMyoSeg_MBF", "mL/g/min", 0.0),
        _Group(reserve, _RESERVE, "ASLMyoSeg_Reserve", "stress / rest", SMALLEST_RESERVE),
    )
    every = (*flow, *reserve)
    for group in groups:
        model = _model(scene, group.role)
        model.SetAndObservePolyData(discs.sector_mesh(group.discs, known=True))
        _colour_by(model, colour_node(scene, group.colours), group.end)
        legend = add_legend(model, group.unit, **_legend_place(group.role, len(every)))
        legend.SetVisibility(bool(group.discs))
        legend.SetViewNodeIDs((_view(scene).GetID(),))
    _plain(_model(scene, _BASE), discs.sector_mesh(every, known=False), NO_VALUE)

    def colour_behind(disc: Disc, value: float) -> tuple[float, ...]:
        group = groups[disc in reserve]
        return group.colour(scene, value) if np.isfinite(value) else NO_VALUE

    text = _model(scene, _TEXT)
    text.SetAndObservePolyData(discs.text_mesh(every, colour_behind))
    _colour_directly(text)
    frame = discs.outline_mesh(every, selected_segment(scene))
    _plain(_model(scene, _FRAME), frame, OUTLINE_COLOUR)
    if _view(scene).GetAttribute(SHOWN) != str(len(every)):
        _aim(scene, len(every))


def set_up_view(scene: Any) -> None:
    """Make the bullseye's view, where there is one, flat and black, without box and labels.

    Closing a scene gives it the looks of other 3D views.
    """
    view = scene.GetSingletonNode(VIEW, "vtkMRMLViewNode")
    if view is None:
        return
    modifying = view.StartModify()
    view.SetBoxVisible(False)
    view.SetAxisLabelsVisible(False)
    view.SetBackgroundColor(0.0, 0.0, 0.0)
    view.SetBackgroundColor2(0.0, 0.0, 0.0)
    view.SetRenderMode(slicer.vtkMRMLViewNode.Orthographic)
    view.EndModify(modifying)


def select_segment(scene: Any, aha: int | None) -> None:
    """Frame a segment in the bullseye; `outline.update_outline` draws it on the slices."""
    base = _model(scene, _BASE)
    base.SetAttribute(SELECTED, "" if aha is None else str(aha))
    every = [d for group in _discs(scene) for d in group]
    _plain(_model(scene, _FRAME), discs.outline_mesh(every, aha), OUTLINE_COLOUR)


def selected_segment(scene: Any) -> int | None:
    """The segment that is framed; None where none is."""
    text = _model(scene, _BASE).GetAttribute(SELECTED)
    return int(text) if text else None


def segment_in_view(scene: Any, ras: tuple[float, float, float]) -> int | None:
    """The segment at a position of the bullseye's view, as of a click or the crosshair."""
    for disc in (d for group in _discs(scene) for d in group):
        aha = disc.segment_at(-ras[0], ras[2])
        if aha is not None:
            return aha
    return None


@dataclass(frozen=True)
class _Group:
    """Discs of one quantity, with the colours that they share."""

    discs: tuple[Disc, ...]
    role: str
    colours: str
    unit: str
    smallest_end: float

    @property
    def end(self) -> float:
        """Of the colour scale, which begins at 0."""
        return max(scale_end(v for d in self.discs for v in d.values.values()), self.smallest_end)

    def colour(self, scene: Any, value: float) -> tuple[float, ...]:
        """Of a value, (r, g, b) from 0 to 1."""
        table = colour_node(scene, self.colours).GetLookupTable()
        return table.GetTableValue(int(np.clip(value / self.end, 0, 1) * 255))[:3]


def _discs(scene: Any) -> tuple[tuple[Disc, ...], tuple[Disc, ...]]:
    """Discs of flow, and of the ratio of stress to rest."""
    measured = [b for b in nodes_of(scene, "vtkMRMLSequenceBrowserNode", "series") if _flow(b)]
    chosen = _model(scene, _BASE).GetNodeReference(SERIES)
    chosen = chosen if chosen in measured else measured[0] if measured else None
    if chosen is None:
        return (), ()
    pair = {_condition(b): b for b in reversed(measured) if _subject(b) == _subject(chosen)}
    pair[_condition(chosen)] = chosen
    shown = [pair[c] for c in ("rest", "stress") if c in pair]
    flow = tuple(_flow_disc(b, -SPACING * k) for k, b in enumerate(shown))
    if len(shown) < 2:
        return flow, ()
    rest, stress = (_flow(b) for b in shown)
    ratios = {
        aha: stress[aha][0] / rest[aha][0] if rest[aha][0] > 0 else np.nan
        for aha in rest
        if aha in stress
    }
    whole = ratios.pop(0, np.nan)
    title = ("Perfusion reserve", f"stress / rest  {_shown(whole)}")
    return flow, (Disc(title, ratios, "", -SPACING * len(shown)),)


def _flow_disc(browser: Any, height: float) -> Disc:
    found = _flow(browser)
    mbf, pn = found[0]
    noise = f" +/- {pn:.2f}" if np.isfinite(pn) else ""
    table = browser.GetNodeReference("ASLMyoSeg.flow")
    known = table.GetAttribute(ROTATION_KNOWN) == "1"
    return Disc(
        (_condition(browser).capitalize(), f"MBF {_shown(mbf)}{noise} mL/g/min"),
        {aha: value for aha, (value, _) in found.items() if aha},
        "" if known else "rotation assumed: no RV insertion points",
        height,
    )


def _legend_place(role: str, count: int) -> dict[str, Any]:
    """Beneath a single disc; to the right of several, beside those that it explains."""
    if count == 1:
        return {"position": (0.5, 0.03), "size": (0.1, 0.6), "horizontal": True}
    middle = 2 / 3 if role == _FLOW else 1 / 6
    return {"position": (0.98, (middle - 0.1) / 0.8), "size": (0.16, 0.2)}


def _flow(browser: Any) -> dict[int, tuple[float, float]]:
    return read_flow(browser.GetNodeReference("ASLMyoSeg.flow"))


def _condition(browser: Any) -> str:
    return browser.GetAttribute("ASLMyoSeg.condition")


def _subject(browser: Any) -> str:
    return browser.GetAttribute(NAME).split("_")[0]


def _shown(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "n/a"


def _model(scene: Any, role: str) -> Any:
    """One of the bullseye's models, shown in its view only; made where there is none."""
    model = only_model(scene, role)
    if model is not None:
        return model
    model = add_drawing(scene, role, f"ASLMyoSeg {role}")
    display = model.GetDisplayNode()
    display.SetViewNodeIDs((_view(scene).GetID(),))
    display.SetAmbient(1.0)
    display.SetDiffuse(0.0)
    display.SetSpecular(0.0)
    display.SetBackfaceCulling(False)
    return model


def _plain(model: Any, polydata: Any, colour: tuple[float, float, float]) -> None:
    model.SetAndObservePolyData(polydata)
    model.GetDisplayNode().SetColor(colour)


def _colour_by(model: Any, colours: Any, top: float) -> None:
    display = model.GetDisplayNode()
    display.SetActiveScalar(discs.VALUE, vtk.vtkAssignAttribute.CELL_DATA)
    display.SetAndObserveColorNodeID(colours.GetID())
    display.SetScalarRangeFlag(slicer.vtkMRMLDisplayNode.UseManualScalarRange)
    display.SetScalarRange(0.0, top)
    display.SetScalarVisibility(True)


def _colour_directly(model: Any) -> None:
    display = model.GetDisplayNode()
    display.SetActiveScalar(discs.INK, vtk.vtkAssignAttribute.CELL_DATA)
    display.SetScalarRangeFlag(slicer.vtkMRMLDisplayNode.UseDirectMapping)
    display.SetScalarVisibility(True)


def _view(scene: Any) -> Any:
    """The view node; a layout that names its tag shows it."""
    view = scene.GetSingletonNode(VIEW, "vtkMRMLViewNode")
    if view is None:
        view = slicer.vtkMRMLViewNode()
        view.SetLayoutName(VIEW)
        view.SetName(VIEW)
        view.SetLayoutLabel("B")
        view = scene.AddNode(view)
        set_up_view(scene)
    return view


def _aim(scene: Any, count: int) -> None:
    """Look at all discs from the front, and at nothing but them."""
    view = _view(scene)
    modifying = view.StartModify()
    view.SetFieldOfView(SPACING / 2 * count if count > 1 else ALONE)
    view.SetAttribute(SHOWN, str(count))
    view.EndModify(modifying)
    camera = scene.GetSingletonNode(VIEW, "vtkMRMLCameraNode")
    if camera is None:
        camera = slicer.vtkMRMLCameraNode()
        camera.SetLayoutName(VIEW)
        camera.SetName(f"{VIEW} camera")
        camera = scene.AddNode(camera)
    middle = 5.0 - SPACING * (max(count, 1) - 1) / 2
    camera.SetFocalPoint(0.0, 0.0, middle)
    camera.SetPosition(0.0, 500.0, middle)
    camera.SetViewUp(0.0, 0.0, 1.0)
    camera.SetParallelProjection(True)
    camera.SetParallelScale(view.GetFieldOfView())
    camera.GetCamera().SetClippingRange(1.0, 1000.0)
