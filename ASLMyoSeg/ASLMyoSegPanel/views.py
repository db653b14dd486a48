"""Slicer's views: the module's layouts, and clicks on a segment."""

from __future__ import annotations

from collections.abc import Callable

import slicer

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


def show(series) -> None:
    """Show a series in the views of its layout, and let Slicer's own tool bar step it."""
    slicer.modules.sequences.setToolBarActiveBrowserNode(series.browser)
    layouts.show(series)


def restoreLayout() -> None:
    """Show the layout that a scene was saved in, where it is one of the module's."""
    manager = slicer.app.layoutManager()
    if manager is None:
        return
    registerLayouts()
    arrangement = manager.layoutLogic().GetLayoutNode().GetViewArrangement()
    if arrangement in layouts.LAYOUTS:
        manager.setLayout(arrangement)


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
        for number in range(manager.threeDViewCount):
            view = manager.threeDWidget(number).threeDView()
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
