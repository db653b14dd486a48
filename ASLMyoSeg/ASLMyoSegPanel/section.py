"""What the sections of the panel have in common."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import slicer

from ASLMyoSegLib.errors import ASLMyoSegError
from ASLMyoSegLib.scene.series_scene import SeriesScene


@contextlib.contextmanager
def explaining(message: str) -> Iterator[None]:
    """Show an error of a press of a button: those meant for people in their own words.

    Args:
        message: what did not work.
    """
    with slicer.util.tryWithErrorDisplay(message, waitCursor=True):
        try:
            yield
        except ASLMyoSegError as error:
            slicer.util.errorDisplay(f"{message}\n\n{error}")


class Section:
    """One collapsible section: it connects its own widgets, and shows the series in use.

    Attributes:
        panel: the module's widget.
        ui: the widgets of the .ui file, by name.
    """

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self.ui = panel.ui
        self.setup()

    @property
    def series(self) -> SeriesScene | None:
        """The series in use."""
        return self.panel.series

    @property
    def parameters(self) -> Any:
        """The parameter node, wrapped."""
        return self.panel.parameters

    def setup(self) -> None:
        """Called once: connect the widgets."""

    def update(self) -> None:
        """Called whenever the series, its frame or its masks have changed."""

    def enter(self) -> None:
        """Called when the module is opened."""

    def leave(self) -> None:
        """Called when another module is opened, the scene is closed, or the panel goes."""
