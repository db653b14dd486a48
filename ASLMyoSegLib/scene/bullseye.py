"""The bullseye as models in a view of its own, and its selected segment on the slices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..display.sectors import ASSUMED
from ..perfusion.doubt import reserve
from . import discs
from .discs import Disc
from .display import add_legend, colour_node
from .mrml import add_drawing, nodes_of, only_model, slicer, vtk
from .pairs import condition_of, pair_of
from .tables import ROTATION_KNOWN, SIDES, read_flow, read_unsettled, read_whole

VIEW = "Bullseye"
"""Singleton tag of the view."""
SPACING = 140.0
"""From one disc to the next, mm."""
ALONE = 110.0
"""Half the height of the view of a single disc, mm: narrow views hold it, and a legend beneath."""
SCALE_ENDS = (2.0, 4.0, 6.0, 10.0)
"""Of the colour scales, which begin at 0: of flow (mL/g/min), and of the reserve."""
SCALE_END = 4.0
"""Until somebody chooses another: one flow has one colour, in every patient."""
SCALE = "ASLMyoSeg.scale"
HALF_WIDTH = 66.0
"""Of the view, mm, at least: a disc with its words."""
SERIES = "ASLMyoSeg.series"
SELECTED = "ASLMyoSeg.segment"
SHOWN = "ASLMyoSeg.discs"
"""Attribute of the view: how many discs it was aimed at."""
NO_VALUE = (0.25, 0.25, 0.25)
"""Colour of segments without flow."""
OUTLINE_COLOUR = (0.25, 0.95, 1.0)
"""Of the selected segment: in no colour map of ours."""
HATCH_COLOUR = (0.75, 0.75, 0.75)
"""Of the stripes over segments whose flow may be that of the whole ring."""
_BASE, _FLOW, _RESERVE, _TEXT, _FRAME, _HATCH = (
    f"bullseye {part}" for part in ("base", "flow", "reserve", "text", "frame", "hatching")
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
    flow, ratio = _discs(scene)
    groups = (
        _Group(flow, _FLOW, "ASLMyoSeg_MBF", "mL/g/min", scale(scene)),
        _Group(ratio, _RESERVE, "ASLMyoSeg_Reserve", "stress / rest", SCALE_END),
    )
    every = (*flow, *ratio)
    for group in groups:
        model = _model(scene, group.role)
        model.SetAndObservePolyData(discs.sector_mesh(group.discs, known=True))
        _colour_by(model, colour_node(scene, group.colours), group.end)
        legend = add_legend(model, group.unit, **_legend_place(group.role, len(every)))
        legend.SetVisibility(bool(group.discs))
        legend.SetViewNodeIDs((_view(scene).GetID(),))
    _plain(_model(scene, _BASE), discs.sector_mesh(every, known=False), NO_VALUE)

    def colour_behind(disc: Disc, value: float) -> tuple[float, ...]:
        group = groups[disc in ratio]
        return group.colour(scene, value) if np.isfinite(value) else NO_VALUE

    _plain(_model(scene, _HATCH), discs.hatch_mesh(every), HATCH_COLOUR)
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


def scale(scene: Any) -> float:
    """End of the colour scale of flow, mL/g/min; the scene remembers it."""
    return float(_model(scene, _BASE).GetAttribute(SCALE) or SCALE_END)


def set_scale(scene: Any, end: float) -> None:
    """Take another end of the colour scale of flow, one of `SCALE_ENDS`."""
    if end != scale(scene):
        _model(scene, _BASE).SetAttribute(SCALE, f"{end:g}")
        update_bullseye(scene)


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
    end: float

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
    shown = [b for b in pair_of(scene, chosen).values() if b in measured]
    flow = tuple(_flow_disc(b, -SPACING * k) for k, b in enumerate(shown))
    if len(shown) < 2:
        return flow, ()
    return flow, (_reserve_disc(*shown, -SPACING * len(shown)),)


def _reserve_disc(rest: Any, stress: Any, height: float) -> Disc:
    """Stress over rest. Segments that are turned differently lie in other muscle: they have no
    ratio."""
    flows, alike = (_flow(rest), _flow(stress)), _rotation_known(rest) == _rotation_known(stress)
    ratios = {
        aha: flows[1][aha][0] / mbf if mbf > 0 and (alike or not aha) else np.nan
        for aha, (mbf, _) in flows[0].items()
        if aha in flows[1]
    }
    whole = ratios.pop(0, np.nan)
    title = (
        "Perfusion reserve",
        f"stress / rest  {_shown(whole)}{_reserve_interval(rest, stress)}",
    )
    lacking = condition_of(stress if _rotation_known(rest) else rest)
    note = "" if alike else f"segments not compared: no RV insertions at {lacking}"
    unsettled = _unsettled(rest) | _unsettled(stress)
    return Disc(title, ratios, note, height, unsettled if alike else frozenset())


def _reserve_interval(rest: Any, stress: Any) -> str:
    wholes = [read_whole(b.GetNodeReference("ASLMyoSeg.flow")) for b in (rest, stress)]
    if None in wholes:
        return ""
    _, low, high = reserve(*wholes)
    return f"  ({low:.2f} to {high:.2f})" if np.isfinite([low, high]).all() else ""


def _flow_disc(browser: Any, height: float) -> Disc:
    found = _flow(browser)
    mbf, pn = found[0]
    noise = f" +/- {pn:.2f}" if np.isfinite(pn) else ""
    return Disc(
        (condition_of(browser).capitalize(), f"MBF {_shown(mbf)}{noise} mL/g/min"),
        {aha: value for aha, (value, _) in found.items() if aha},
        "" if _rotation_known(browser) else ASSUMED[_sides(browser)],
        height,
        _unsettled(browser),
    )


def _unsettled(browser: Any) -> frozenset[int]:
    return read_unsettled(browser.GetNodeReference("ASLMyoSeg.flow"))


def _rotation_known(browser: Any) -> bool:
    return browser.GetNodeReference("ASLMyoSeg.flow").GetAttribute(ROTATION_KNOWN) == "1"


def _sides(browser: Any) -> str:
    return browser.GetNodeReference("ASLMyoSeg.flow").GetAttribute(SIDES) or "geometry"


def _legend_place(role: str, count: int) -> dict[str, Any]:
    """Beneath a single disc; to the right of several, beside those that it explains."""
    if count == 1:
        return {"position": (0.5, 0.03), "size": (0.1, 0.6), "horizontal": True}
    middle = 2 / 3 if role == _FLOW else 1 / 6
    return {"position": (0.98, (middle - 0.1) / 0.8), "size": (0.16, 0.2)}


def _flow(browser: Any) -> dict[int, tuple[float, float]]:
    return read_flow(browser.GetNodeReference("ASLMyoSeg.flow"))


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


def fit_view(scene: Any, width: int, height: int) -> None:
    """Let all discs be seen in a view of this size (pixels), and nothing but them."""
    if scene.GetSingletonNode(VIEW, "vtkMRMLViewNode") is not None:
        _aim(scene, sum(map(len, _discs(scene))), height / max(width, 1))


def _aim(scene: Any, count: int, slimness: float = 0.0) -> None:
    """Look at all discs from the front; `slimness` is the view's height over its width."""
    view = _view(scene)
    half = max(SPACING / 2 * count if count > 1 else ALONE, HALF_WIDTH * slimness)
    modifying = view.StartModify()
    view.SetFieldOfView(half)
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
    camera.SetParallelScale(half)
    camera.GetCamera().SetClippingRange(1.0, 1000.0)
