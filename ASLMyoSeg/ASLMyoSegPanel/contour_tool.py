"""The contours in the slice views: what a drag does, and when they follow the mask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.util import VTKObservationMixin

from ASLMyoSegLib.scene import curves


class ContourTool(VTKObservationMixin):
    """Shows the curves of the frame in view while it is on.

    Args:
        begin: called before a drag changes the mask, so that it can be undone.
        changed: called after curves have changed the mask.
    """

    def __init__(self, begin: Callable[[], None], changed: Callable[[], None]) -> None:
        VTKObservationMixin.__init__(self)
        self._begin, self._changed = begin, changed
        self._series: Any = None
        self._ours = self._dragging = False

    @property
    def on(self) -> bool:
        return self._series is not None

    def show(self, series: Any) -> bool:
        """Lay the curves along the mask of the frame in view; returns whether it has a wall."""
        self._series = series
        if self._dragging:
            return True
        self._ours = True
        try:
            found = curves.show(series)
        finally:
            self._ours = False
        self._observe()
        return found

    def hide(self) -> None:
        """Take the curves away."""
        self.removeObservers()
        self._dragging = False
        self._series = None
        curves.hide(slicer.mrmlScene)  # those of a saved scene too

    def _observe(self) -> None:
        for _which, _k, node in curves.shown(slicer.mrmlScene):
            if not self.hasObserver(node, node.PointModifiedEvent, self._onMoved):
                self.addObserver(node, node.PointModifiedEvent, self._onMoved)
                self.addObserver(node, node.PointStartInteractionEvent, self._onStart)
                self.addObserver(node, node.PointEndInteractionEvent, self._onEnd)

    def _onStart(self, _node: Any, _event: Any) -> None:
        self._dragging = True
        self._begin()

    def _onMoved(self, node: Any, _event: Any) -> None:
        if self._ours or self._series is None:
            return
        if self._dragging:
            curves.follow(self._series, *_placeOf(node))
        else:  # a script, or somebody who has typed a position
            self._settle(node)

    def _onEnd(self, node: Any, _event: Any) -> None:
        self._dragging = False
        self._settle(node)

    def _settle(self, node: Any) -> None:
        """Keep what was drawn; where curves were kept apart, the one that was moved goes back."""
        if self._series is None:
            return
        self._ours = True
        try:
            curves.settle(self._series, *_placeOf(node))
        finally:
            self._ours = False
        self._changed()


def _placeOf(node: Any) -> tuple[str, int]:
    return next((w, k) for w, k, each in curves.shown(node.GetScene()) if each is node)
