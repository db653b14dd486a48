"""Sections that fold: the one at work is open, the others show their titles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Folding:
    """Folds the others where one section is opened.

    Args:
        sections: the ctkCollapsibleButtons, by the name of their section.
        changed: called when a section has been opened or folded.
    """

    def __init__(self, sections: dict[str, Any], changed: Callable[[], None]) -> None:
        self._sections, self._changed = sections, changed
        for name, button in sections.items():
            button.connect("contentsCollapsed(bool)", self._listener(name))

    @property
    def open(self) -> str | None:
        """Name of the section that is open."""
        return next((n for n, button in self._sections.items() if not button.collapsed), None)

    def unfold(self, name: str) -> None:
        """Open a section, and fold the others."""
        self._sections[name].collapsed = False
        self._fold(name)

    def _fold(self, kept: str) -> None:
        for name, button in self._sections.items():
            if name != kept:
                button.collapsed = True

    def _listener(self, name: str) -> Callable[[bool], None]:
        def heard(collapsed: bool) -> None:
            if not collapsed:
                self._fold(name)
            self._changed()

        return heard
