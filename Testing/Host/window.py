"""In place of Slicer's main window: the module panel at its left, and a black place for views."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QDockWidget, QFrame, QMainWindow, QScrollArea, QVBoxLayout, QWidget

SIZE = (1280, 800)
"""Pixels, of a small screen."""
NARROWEST = 370
"""Of the module panel."""
ABOVE, BENEATH = 190, 90
"""What menus, tool bars and the module's header take of the panel's height, and the data probe."""


class MainWindow(QMainWindow):
    """`slicer.util.mainWindow()`; it is shown only where a test looks at it."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("qSlicerMainWindow")
        self.resize(*SIZE)
        views = QWidget()
        palette = views.palette()
        palette.setColor(views.backgroundRole(), Qt.GlobalColor.black)
        views.setAutoFillBackground(True)
        views.setPalette(palette)
        self.setCentralWidget(views)

    def hold(self, module: QWidget) -> None:
        """Put a module's widget into the panel."""
        self.panel = ModulePanel(module)
        beside = QWidget()
        column = QVBoxLayout(beside)
        column.setContentsMargins(0, 0, 0, 0)
        for height, widget in ((ABOVE, QFrame()), (0, self.panel), (BENEATH, QFrame())):
            if height:
                widget.setFixedHeight(height)
            column.addWidget(widget)
        dock = QDockWidget()
        dock.setTitleBarWidget(QWidget())
        dock.setWidget(beside)
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)


class ModulePanel(QScrollArea):
    """As qSlicerModulePanel: it scrolls upright, and grows to the width that its module needs."""

    def __init__(self, module: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(module)
        module.installEventFilter(self)
        self._follow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._follow()
        return super().eventFilter(watched, event)

    def _follow(self) -> None:
        needed = (
            self.widget().minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        )
        self.setMinimumWidth(max(NARROWEST, needed))
