"""What the sections of the panel have in common."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from ASLMyoSegLib.errors import ASLMyoSegError
from ASLMyoSegLib.scene.series_scene import SeriesScene

from .qt_versions import decimalPoint, onKey


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


def number(value: float, digits: int = 3) -> str:
    """A number as the reader writes it; a word where there is none."""
    return _("none") if value != value else f"{value:.{digits}f}".replace(".", decimalPoint())


def copyable(table: Any) -> None:
    """Let Ctrl+C take a QTableWidget, with its titles, to a spreadsheet."""

    def copy() -> None:
        columns = range(table.columnCount)
        lines = ["\t".join(table.horizontalHeaderItem(c).text() for c in columns)]
        for line in range(table.rowCount):
            cells = [table.item(line, c) for c in columns]
            lines.append("\t".join(cell.text() if cell is not None else "" for cell in cells))
        qt.QApplication.clipboard().setText("\n".join(lines))

    onKey("Ctrl+C", table, copy).setContext(qt.Qt.WidgetShortcut)


class Section:
    """One collapsible section: it connects its own widgets, and shows the series in use.

    Attributes:
        panel: the module's widget.
        ui: the widgets of the .ui file, by name.
    """

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self.ui = panel.ui
        self._tips: dict[Any, str] = {}
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

    def able(self, widget: Any, why: str) -> None:
        """Enable a widget, or say in its tool tip why it is grey.

        Args:
            widget: of the .ui file.
            why: what is lacking, in a sentence; empty for nothing.
        """
        tip = self._tips.setdefault(widget, widget.toolTip)
        widget.enabled = not why
        widget.toolTip = f"{tip}\n{why}" if why else tip

    def lacking(self, *, segmented: bool = False) -> str:
        """Why nothing can be done yet, in a sentence; empty where it can.

        Args:
            segmented: whether masks are needed.
        """
        if self.series is None:
            return _("Open a series first.")
        if segmented and not self.series.segmented:
            return _("Segment the series first.")
        return ""
