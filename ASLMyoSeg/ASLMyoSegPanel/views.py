"""Slicer's views: the module's layouts, and clicks on a segment."""

from __future__ import annotations

from collections.abc import Callable

import slicer
import vtk

from ASLMyoSegLib.scene import bullseye, layouts

PRIORITY = 0.5
"""Of clicks: views keep presses to themselves (0), as 3D views turn with them; before those comes
the Segment Editor (1), whose strokes choose no segment."""


def registerLayouts() -> None:
    """Make the module's layouts known to Slicer; harmless where they are."""
    manager = slicer.app.layoutManager()
    if manager is None:  # Slicer runs without a main window
        return
    node = manager.layoutLogic().GetLayoutNode()
    for number, description in layouts.LAYOUTS.items():
        if node.IsLayoutDescription(number):
            node.SetLayoutDescription(number, description)
        else:
            node.AddLayoutDescription(number, description)


def arrange(series) -> None:
    """Set the layout that has as many slice views as a series has slices."""
    registerLayouts()
    manager = slicer.app.layoutManager()
    if manager is not None:
        manager.setLayout(layouts.layout_for(series))


def isArranged(series) -> bool:
    """Whether the layout is that of a series, or one that somebody has chosen instead."""
    manager = slicer.app.layoutManager()
    if manager is None:
        return True
    shown = manager.layoutLogic().GetLayoutNode().GetViewArrangement()
    return shown not in layouts.LAYOUTS or shown == layouts.layout_for(series)


def look(volume) -> None:
    """Show a volume, and nothing over it, in the slice views as they are."""
    volume.CreateDefaultDisplayNodes()
    slicer.util.setSliceViewerLayers(
        background=volume, foreground=None, fit=True, rotateToVolumePlane=True
    )


def restoreLayout() -> None:
    """Show the layout that a scene was saved in, where it is one of the module's."""
    manager = slicer.app.layoutManager()
    if manager is None:
        return
    registerLayouts()
    arrangement = manager.layoutLogic().GetLayoutNode().GetViewArrangement()
    if arrangement in layouts.LAYOUTS:
        manager.setLayout(arrangement)


class Lettering:
    """Keeps what is written on the bullseye legible, while it is attached.

    Slicer's views do without multisampling by default. Strokes thinner than a pixel are lost then,
    and a 9 is read as an 8.
    """

    SAMPLES = 8
    AFTER_SLICER = -1.0
    """Priority: Slicer's view takes the samples away whenever its node is modified."""

    def __init__(self) -> None:
        self._window = None
        self._observed: tuple | None = None

    def attach(self) -> None:
        """Look after the bullseye's view; harmless where there is none."""
        self.detach()
        for view in threeDViews():
            node = view.mrmlViewNode()
            if node.GetLayoutName() == bullseye.VIEW:
                self._window = view.renderWindow()
                event = vtk.vtkCommand.ModifiedEvent
                self._observed = node, node.AddObserver(event, self._smooth, self.AFTER_SLICER)
                self._smooth()

    def detach(self) -> None:
        if self._observed is not None:
            node, tag = self._observed
            node.RemoveObserver(tag)
            self._window = self._observed = None

    def _smooth(self, *_arguments) -> None:
        self._window.SetMultiSamples(self.SAMPLES)


class ViewClicks:
    """Tells where in which view was clicked, while it is attached.

    Args:
        tell: called with the tag of the view, e.g. "Red", and the RAS position (mm).
    """

    def __init__(self, tell: Callable[[str, tuple[float, float, float]], None]) -> None:
        self._tell = tell
        self._observed: list[tuple] = []

    def attach(self) -> None:
        """Observe every view that is there."""
        self.detach()
        manager = slicer.app.layoutManager()
        if manager is None:
            return
        for name in manager.sliceViewNames():
            self._observe(name, manager.sliceWidget(name).sliceView().interactor())
        for view in threeDViews():
            self._observe(view.mrmlViewNode().GetLayoutName(), view.interactor())

    def detach(self) -> None:
        for interactor, tag in self._observed:
            interactor.RemoveObserver(tag)
        self._observed = []

    def _observe(self, name: str, interactor) -> None:
        """Tell of presses in a view; the bullseye, being flat, is not turned by them."""

        def clicked(caller, _event) -> None:
            if name == bullseye.VIEW and not (caller.GetShiftKey() or caller.GetControlKey()):
                caller.GetCommand(tag).AbortFlagOn()
            interaction = slicer.mrmlScene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
            if interaction is not None and interaction.GetCurrentInteractionMode() == (
                interaction.Place
            ):
                return  # this click places a landmark
            position = [0.0, 0.0, 0.0]
            crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
            if crosshair is not None and crosshair.GetCursorPositionRAS(position):
                self._tell(name, tuple(position))

        tag = interactor.AddObserver("LeftButtonPressEvent", clicked, PRIORITY)
        self._observed.append((interactor, tag))


def threeDViews() -> list:
    """Those that the layouts have had so far."""
    manager = slicer.app.layoutManager()
    if manager is None:
        return []
    return [manager.threeDWidget(n).threeDView() for n in range(manager.threeDViewCount)]
