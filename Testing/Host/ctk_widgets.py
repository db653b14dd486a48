"""Stand-ins of CTK's widgets: their properties and signals, on plain Qt."""

from __future__ import annotations

from fnmatch import fnmatch

from PySide6.QtCore import Property, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QSlider,
    QStyle,
    QStyleOptionButton,
    QToolButton,
    QWidget,
)


class ctkCollapsibleButton(QWidget):
    """A header that shows and hides what lies beneath it."""

    contentsCollapsed = Signal(bool)
    HEADER = 26

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text, self._collapsed = "", False
        self._hidden: list[QWidget] = []
        self.setContentsMargins(0, self.HEADER, 0, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        option.initFrom(self)
        option.rect.setHeight(self.HEADER - 2)
        painter = QPainter(self)
        style = self.style()
        style.drawControl(QStyle.ControlElement.CE_PushButtonBevel, option, painter, self)
        text = option.rect.adjusted(22, 0, 0, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, self._text)
        option.rect.setRect(6, 7, 10, 10)
        arrow = "PE_IndicatorArrowRight" if self._collapsed else "PE_IndicatorArrowDown"
        style.drawPrimitive(getattr(QStyle.PrimitiveElement, arrow), option, painter, self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.position().y() < self.HEADER:
            self._set_collapsed(not self._collapsed)

    def _set_collapsed(self, collapsed: bool) -> None:
        if collapsed == self._collapsed:
            return
        self._collapsed = collapsed
        if collapsed:
            direct = Qt.FindChildOption.FindDirectChildrenOnly
            children = self.findChildren(QWidget, options=direct)
            self._hidden = [child for child in children if not child.isHidden()]
        for child in self._hidden:
            child.setVisible(not collapsed)
        self.setMaximumHeight(self.HEADER if collapsed else 16777215)
        self.contentsCollapsed.emit(collapsed)

    def _set_text(self, text: str) -> None:
        self._text = text
        self.update()

    text = Property(str, lambda self: self._text, _set_text)
    collapsed = Property(bool, lambda self: self._collapsed, _set_collapsed)


class ctkSliderWidget(QWidget):
    """A slider with a spin box beside it."""

    valueChanged = Signal(float)
    STEPS = 1000

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, self.STEPS)
        self._box = QDoubleSpinBox()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._slider, 1)
        row.addWidget(self._box)
        self._slider.valueChanged.connect(self._slid)
        self._box.valueChanged.connect(self._typed)

    def _span(self) -> float:
        return self._box.maximum() - self._box.minimum()

    def _slid(self, step: int) -> None:
        self._box.setValue(self._box.minimum() + self._span() * step / self.STEPS)

    def _typed(self, value: float) -> None:
        self._slider.blockSignals(True)
        self._slider.setValue(round((value - self._box.minimum()) / self._span() * self.STEPS))
        self._slider.blockSignals(False)
        self.valueChanged.emit(value)

    def _of_box(kind: type, getter: str, setter: str) -> Property:
        return Property(
            kind,
            lambda self: getattr(self._box, getter)(),
            lambda self, value: getattr(self._box, setter)(value),
        )

    value = _of_box(float, "value", "setValue")
    minimum = _of_box(float, "minimum", "setMinimum")
    maximum = _of_box(float, "maximum", "setMaximum")
    singleStep = _of_box(float, "singleStep", "setSingleStep")
    decimals = _of_box(int, "decimals", "setDecimals")
    suffix = _of_box(str, "suffix", "setSuffix")


class ctkPathLineEdit(QWidget):
    """A path that can be typed or browsed for.

    As in the real one, what its filters refuse, an empty text too, is shown and told to nobody.
    """

    currentPathChanged = Signal(str)
    Dirs, Files = 1, 2

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._setting, self._names, self._filters = "", [], self.Dirs | self.Files
        self._combo = QComboBox()
        self._combo.setEditable(True)
        button = QToolButton()
        button.setText("...")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._combo, 1)
        row.addWidget(button)
        self._combo.editTextChanged.connect(self._typed)
        button.clicked.connect(self._browse)

    def comboBox(self) -> QComboBox:
        return self._combo

    def addCurrentPathToHistory(self) -> None:
        """The real widget remembers the path under its setting's key."""

    def _typed(self, text: str) -> None:
        patterns = [p for name in self._names for p in name.partition("(")[2].strip(")").split()]
        if text and (not patterns or any(fnmatch(text, pattern) for pattern in patterns)):
            self.currentPathChanged.emit(text)

    def _browse(self) -> None:
        if self._filters & self.Files:
            path, _ = QFileDialog.getOpenFileName(self, filter=";;".join(self._names))
        else:
            path = QFileDialog.getExistingDirectory(self)
        if path:
            self._combo.setEditText(path)

    currentPath = Property(
        str, lambda s: s._combo.currentText(), lambda s, text: s._combo.setEditText(text)
    )
    settingKey = Property(str, lambda s: s._setting, lambda s, v: setattr(s, "_setting", v))
    nameFilters = Property(list, lambda s: s._names, lambda s, v: setattr(s, "_names", v))
    filters = Property(int, lambda s: s._filters, lambda s, v: setattr(s, "_filters", v))
