"""Keys while the panel is up: letters that neither Slicer's views nor its Segment Editor use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from .qt_versions import onKey


class Keys:
    """The panel's keys.

    Args:
        slots: what each key does, by its letter; those of `WORDS`.
    """

    def __init__(self, slots: dict[str, Callable[[], None]]) -> None:
        self._slots = slots
        self._shortcuts: list[Any] = []

    def attach(self) -> None:
        """Listen in Slicer's main window; harmless where there is none."""
        self.detach()
        window = slicer.util.mainWindow()
        if window is not None:
            self._shortcuts = [onKey(key, window, slot) for key, slot in self._slots.items()]

    def detach(self) -> None:
        for shortcut in self._shortcuts:
            shortcut.setParent(None)
            shortcut.deleteLater()
        self._shortcuts = []


def words() -> dict[str, str]:
    """What each key does, for people."""
    return {
        "N": _("next doubtful frame"),
        "P": _("previous doubtful frame"),
        "A": _("accept the mask"),
        "U": _("back to the automatic mask"),
        "C": _("contours, or none"),
        "D": _("paint with the Segment Editor, or not"),
        "E": _("apply to all frames"),
        "H": _("point at the heart"),
        "O": _("show or hide the uncertainty"),
        "L": _("show or hide the outline"),
        "?": _("this list"),
    }
