"""What the panel looks like at the width that Slicer gives it, in any language."""

import re

import pytest
from places import ROOT

pytest.importorskip("slicer")

from PySide6 import QtWidgets

MODULE = ROOT / "ASLMyoSeg"
NARROW = 400
"""Pixels that Slicer's module panel has at least."""


@pytest.fixture
def shown(host, reviewed):
    """The widget of the .ui file, with every section open, as narrow as it gets."""
    top = reviewed._uiWidget._native
    for section in top.findChildren(QtWidgets.QWidget):
        if section.metaObject().className() == "ctkCollapsibleButton":
            section.setProperty("collapsed", False)
    window = top.window()
    window.resize(NARROW, 2400)
    window.show()
    host.process_events()
    yield top
    window.hide()


def test_nothing_is_wider_than_the_panel_and_no_text_is_cut_off(shown):
    assert shown.minimumSizeHint().width() <= NARROW
    for widget in shown.findChildren(QtWidgets.QAbstractButton):
        if widget.isVisible() and widget.objectName() and widget.text():
            needed = widget.fontMetrics().horizontalAdvance(widget.text())
            assert widget.width() >= needed, widget.objectName()
    for label in shown.findChildren(QtWidgets.QLabel):
        if label.isVisible() and label.objectName().endswith("Caption"):
            needed = label.fontMetrics().horizontalAdvance(label.text())
            assert label.width() >= needed, label.objectName()


def test_every_text_of_the_code_can_be_translated():
    """What is assigned to a text, or shown, goes through the translator."""
    paths = [path for path in MODULE.rglob("*.py") if path.name != "self_test.py"]
    assert paths
    for path in paths:
        for line in path.read_text().splitlines():
            said = re.search(r"(\.text|toolTip|placeholderText) = f?\"[A-Za-z]", line)
            assert not said, f"{path.name}: {line.strip()}"
