"""What happens to the nodes of the series in use, whoever does it."""

from __future__ import annotations

from collections.abc import Callable

import slicer
import vtk
from slicer.util import VTKObservationMixin

from ASLMyoSegLib.scene import display, hierarchy
from ASLMyoSegLib.scene.series_scene import SeriesScene


class SeriesWatch(VTKObservationMixin):
    """Observes the nodes of one series at a time.

    Args:
        onFrame: called when another frame is shown.
        onChange: called when a mask was edited, or a landmark moved.
    """

    def __init__(self, onFrame: Callable[[], None], onChange: Callable[[], None]) -> None:
        VTKObservationMixin.__init__(self)
        self._onFrame, self._onChange = onFrame, onChange
        self._nodes: tuple = ()

    def watch(self, series: SeriesScene | None) -> None:
        """Observe this series from now on, and no other."""
        nodes = ()
        if series is not None:
            nodes = (
                series.browser,
                series.mask_node,
                series.landmarks_node,
                series.image_node,
                series.uncertainty_node,
            )
        if nodes == self._nodes:
            return
        if nodes and self._nodes and nodes[0] is self._nodes[0]:
            display.set_up(series)  # Slicer has made a deleted proxy anew
            hierarchy.gather(series)
        self.removeObservers()
        self._nodes = nodes
        for node in nodes:
            for event in _eventsOf(node):
                self.addObserver(node, event, self._onEvent)

    def _onEvent(self, caller, event) -> None:
        if caller.IsA("vtkMRMLSequenceBrowserNode"):
            self._onFrame()
        else:
            self._onChange()


def _eventsOf(node) -> tuple:
    if node.IsA("vtkMRMLSequenceBrowserNode"):
        return (vtk.vtkCommand.ModifiedEvent,)
    if node.IsA("vtkMRMLSegmentationNode"):
        # Undo and redo tell of the segment alone; deleting the node removes its segment first.
        kind = slicer.vtkSegmentation
        return (kind.SourceRepresentationModified, kind.SegmentModified, kind.SegmentRemoved)
    if node.IsA("vtkMRMLMarkupsNode"):
        return (
            node.PointModifiedEvent,
            node.PointPositionDefinedEvent,
            node.PointPositionUndefinedEvent,
        )
    return ()
