"""The host is no more permissive than the Slicer that it stands for."""

from typing import Annotated

import pytest
from places import ROOT

pytest.importorskip("slicer")

from Host import ctk_widgets, mrml_widgets, segment_editor
from Host.parameters import Choice, WithinRange, parameterNodeWrapper
from PySide6.QtWidgets import QAbstractButton, QTableWidget, QWidget

NAMES = {
    line.partition(":")[0]: set(line.partition(":")[2].split())
    for line in (ROOT / "Testing" / "Host" / "widget_names.txt").read_text().splitlines()
    if not line.startswith("#")
}
STAND_INS = {
    name: kind
    for space in (ctk_widgets, mrml_widgets, segment_editor)
    for name, kind in vars(space).items()
    if name.startswith(("ctk", "qMRML"))
}


def test_a_stand_in_has_no_name_that_the_real_widget_lacks():
    assert STAND_INS.keys() == NAMES.keys()
    qt = {*dir(QWidget), *dir(QTableWidget), *dir(QAbstractButton), "signatures"}
    for name, kind in STAND_INS.items():
        own = {n for n in vars(kind) if not n.startswith("_") and not n.isupper()}
        assert own - qt <= NAMES[name], name


def test_a_property_is_no_function_and_a_function_no_property(host):
    import qt

    label = qt.QLabel("words")
    assert label.text == "words"
    with pytest.raises(TypeError):
        label.text()
    label.text = "others"
    assert label.text == "others"
    with pytest.raises(AttributeError):
        label.words = 1
    assert callable(label.setText)


def test_signals_connect_both_ways_and_by_their_right_names_only(host):
    import qt

    heard = []
    button = qt.QPushButton("press")

    def slot():
        heard.append("pressed")

    button.connect("clicked()", slot)
    button.clicked.connect(slot)
    button.click()
    assert heard == ["pressed"] * 2
    button.disconnect("clicked()", slot)
    button.click()
    assert heard == ["pressed"] * 3
    with pytest.raises(ValueError, match="no signal"):
        button.connect("pushed()", slot)


def test_an_error_in_a_slot_is_kept_and_stops_nothing():
    from Host import Host

    with Host() as host:
        import qt

        button = qt.QPushButton("press")
        button.connect("clicked()", lambda: 1 / 0)
        button.click()
    assert len(host.errors) == 1
    assert "ZeroDivisionError" in host.errors[0]


def test_a_parameter_refuses_what_slicer_refuses(host):
    import slicer

    @parameterNodeWrapper
    class Settings:
        share: Annotated[float, WithinRange(0, 1)] = 0.5
        field: Annotated[str, Choice(["3 T", "1.5 T"])] = "3 T"

    settings = Settings(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode"))
    settings.share = 1
    assert settings.share == 1.0
    for name, value in (("share", 2.0), ("share", "1"), ("field", "7 T")):
        with pytest.raises((ValueError, TypeError)):
            setattr(settings, name, value)
