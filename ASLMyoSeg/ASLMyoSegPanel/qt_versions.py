"""What differs between Qt 5 (Slicer 5.10) and Qt 6 (later ones) in PythonQt, in this one file.

Elsewhere the panel keeps to what both have: properties as attributes, signals by their C++
signature, enumerators by their short names (`qt.Qt.AlignCenter`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt


def decimalPoint() -> str:
    """Of the reader's locale. `QLocale.decimalPoint` gives a QChar in Qt 5, a str in Qt 6."""
    return qt.QLocale().toString(0.5).strip("05") or "."


def onKey(keys: str, parent: Any, slot: Callable[[], None]) -> Any:
    """Call a slot when keys are pressed in the window of `parent`; returns the shortcut.

    `QShortcut` takes a slot in its constructor in Qt 6 only; and a key that something else in the
    window has as well is told as an ambiguous one by both.
    """
    shortcut = qt.QShortcut(qt.QKeySequence(keys), parent)
    shortcut.connect("activated()", slot)
    shortcut.connect("activatedAmbiguously()", slot)
    return shortcut
