"""Labels as high as their words: Slicer's module panel gives word-wrapped ones a single line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import qt


class LabelHeights(qt.QObject):
    """Keeps the height of word-wrapped labels at what their text needs, at any width.

    Args:
        top: the widget that holds them.
        labels: any widgets; those that are no word-wrapped labels are left alone.
    """

    def __init__(self, top: Any, labels: Iterable[Any]) -> None:
        super().__init__()
        self._labels = [w for w in labels if w.className() == "QLabel" and w.wordWrap]
        self._top = top
        top.installEventFilter(self)

    def release(self) -> None:
        """Look after them no more."""
        self._top.removeEventFilter(self)

    def eventFilter(self, _watched: Any, event: Any) -> bool:
        if event.type() in (qt.QEvent.Resize, qt.QEvent.LayoutRequest, qt.QEvent.Show):
            self.fit()
        return False

    def fit(self) -> None:
        for label in self._labels:
            needed = label.heightForWidth(label.width) if label.text else 0
            if label.minimumHeight != needed:
                label.minimumHeight = needed
