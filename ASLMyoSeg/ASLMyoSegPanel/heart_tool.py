"""The click that says where the heart is: from the button to the point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.util import VTKObservationMixin

from ASLMyoSegLib.scene import pointing


class HeartTool(VTKObservationMixin):
    """Hears of the point of one series at a time.

    Args:
        placed: called when the point was placed, or dragged elsewhere.
    """

    def __init__(self, placed: Callable[[], None]) -> None:
        VTKObservationMixin.__init__(self)
        self._placed = placed
        self._node: Any = None

    def watch(self, series: Any) -> None:
        """Hear of this series' point from now on, and of no other."""
        node = None if series is None else pointing.point_of(series)
        if node is self._node:
            return
        self.removeObservers()
        self._node = node
        if node is not None:
            for event in (node.PointPositionDefinedEvent, node.PointEndInteractionEvent):
                self.addObserver(node, event, self._onPlaced)

    def _onPlaced(self, _node: Any, _event: Any) -> None:
        self._placed()
