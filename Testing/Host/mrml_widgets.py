"""Stand-ins of Slicer's widgets: they hold their nodes, and draw little more than a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from PySide6.QtCore import Property, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSlider,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)
from vtkmodules.vtkCommonCore import vtkCommand


class qMRMLWidget(QWidget):
    """A widget with a scene."""

    mrmlSceneChanged = Signal(object)
    signatures = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged"}  # noqa: RUF012

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)

    def mrmlScene(self) -> Any:
        return self._scene


class qMRMLSortFilterProxyModel(QObject):
    """Which nodes a list leaves out."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        self._hidden: list[str] = []
        self._changed = changed

    def _hide(self, ids: list[str]) -> None:
        self._hidden = list(ids)
        self._changed()

    hiddenNodeIDs = Property("QStringList", lambda self: self._hidden, _hide)


class qMRMLNodeComboBox(QWidget):
    """A list of the scene's nodes of some classes."""

    currentNodeChanged = Signal(object)
    signatures = {"currentNodeChanged(vtkMRMLNode*)": "currentNodeChanged"}  # noqa: RUF012

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._types: list[str] = []
        self._flags = dict.fromkeys(self._FLAGS, True)
        self._shown: str | None = None
        self._attributes: list[tuple[str, str, Any]] = []
        self._filter = qMRMLSortFilterProxyModel(self._refill)
        self._tags: list[int] = []
        self._ids: list[str | None] = []
        self._combo = QComboBox()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._combo)
        self._combo.activated.connect(lambda index: self._take(self._ids[index]))

    _FLAGS = (
        "addEnabled", "removeEnabled", "editEnabled", "renameEnabled", "noneEnabled",
        "showChildNodeTypes", "selectNodeUponCreation", "showHidden",
    )  # fmt: skip
    for _flag in _FLAGS:
        locals()[_flag] = Property(
            bool,
            lambda self, flag=_flag: self._flags[flag],
            lambda self, value, flag=_flag: self._flags.__setitem__(flag, value),
        )

    def setMRMLScene(self, scene: Any) -> None:
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._scene, self._tags = scene, []
        if scene is not None:
            self._tags = [
                scene.AddObserver(event, lambda *_: self._refill())
                for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndCloseEvent)
            ]
        self._refill()

    def mrmlScene(self) -> Any:
        return self._scene

    def sortFilterProxyModel(self) -> qMRMLSortFilterProxyModel:
        return self._filter

    def addAttribute(self, node_type: str, name: str, value: Any = None) -> None:
        self._attributes.append((node_type, name, value))
        self._refill()

    def currentNode(self) -> Any:
        return self._scene.GetNodeByID(self._shown) if self._scene and self._shown else None

    def setCurrentNode(self, node: Any) -> None:
        self._take(node.GetID() if node is not None else None)

    def _set_types(self, types: list[str]) -> None:
        self._types = types
        self._refill()

    nodeTypes = Property("QStringList", lambda self: self._types, _set_types)
    currentNodeID = Property(str, lambda self: self._shown or "", lambda s, v: s._take(v or None))
    noneDisplay = Property(
        str, lambda self: getattr(self, "_none", ""), lambda s, v: setattr(s, "_none", v)
    )

    def _take(self, node_id: str | None) -> None:
        changed = node_id != self._shown
        self._shown = node_id
        self._combo.setCurrentIndex(self._ids.index(node_id) if node_id in self._ids else -1)
        if changed:
            self.currentNodeChanged.emit(self.currentNode())

    def _refill(self) -> None:
        if self._scene is None:
            self._take(None)
            return
        nodes = [n for kind in self._types for n in slicer.util.getNodesByClass(kind, self._scene)]
        nodes = [
            n for n in nodes
            if not n.GetHideFromEditors() and n.GetID() not in self._filter.hiddenNodeIDs
            and all(
                n.GetAttribute(name) == value if value else n.GetAttribute(name) is not None
                for kind, name, value in self._attributes if n.IsA(kind)
            )
        ]  # fmt: skip
        self._ids = ([None] if self._flags["noneEnabled"] else []) + [n.GetID() for n in nodes]
        self._combo.clear()
        if self._flags["noneEnabled"]:
            self._combo.addItem(self.property("noneDisplay") or "None")
        self._combo.addItems([n.GetName() for n in nodes])
        self._take(self._shown if self._shown in self._ids else None)


class qMRMLSequenceBrowserSeekWidget(qMRMLWidget):
    """A slider over the items of a sequence browser."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._browser: Any = None
        self._slider, self._label = QSlider(Qt.Orientation.Horizontal), QLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._slider, 1)
        row.addWidget(self._label)
        self._slider.setMaximum(0)
        self._slider.valueChanged.connect(self.setSelectedItemNumber)

    def slider(self) -> QSlider:
        return self._slider

    def setMRMLSequenceBrowserNode(self, browser: Any) -> None:
        self._browser = browser
        if browser is not None:
            browser.AddObserver(vtkCommand.ModifiedEvent, lambda *_: self._follow())
        self._follow()

    def setSelectedItemNumber(self, number: int) -> None:
        if self._browser is not None and number >= 0:
            self._browser.SetSelectedItemNumber(number)

    def _follow(self) -> None:
        count = self._browser.GetNumberOfItems() if self._browser is not None else 0
        self._slider.setMaximum(max(0, count - 1))
        if count:
            self._slider.setValue(self._browser.GetSelectedItemNumber())
            self._label.setText(f"{self._browser.GetSelectedItemNumber() + 1}/{count}")


class qMRMLTableView(QTableWidget):
    """A table node."""

    signatures = {"selectionChanged()": "itemSelectionChanged"}  # noqa: RUF012

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._node: Any = None
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def setMRMLTableNode(self, node: Any) -> None:
        self._node = node
        if node is not None:
            node.AddObserver(vtkCommand.ModifiedEvent, lambda *_: self._refill())
        self._refill()
        self.horizontalHeader().setMinimumSectionSize(60)

    def mrmlTableNode(self) -> Any:
        return self._node

    def _refill(self) -> None:
        table = self._node.GetTable() if self._node is not None else None
        columns = table.GetNumberOfColumns() if table else 0
        self.setColumnCount(columns)
        rows = table.GetNumberOfRows() if table else 0
        self.setRowCount(rows)
        titled = columns and self._node.GetUseColumnTitleAsColumnHeader()
        for column in range(columns):
            array = table.GetColumn(column)
            cells = [array.GetVariantValue(row).ToString() for row in range(rows)]
            if titled:
                self.setHorizontalHeaderItem(column, QTableWidgetItem(array.GetName()))
            else:  # Slicer shows titles as a row of their own, and letters as headers
                self.setRowCount(len(cells) + 1)
                cells.insert(0, array.GetName())
            for row, text in enumerate(cells):
                self.setItem(row, column, QTableWidgetItem(text))
