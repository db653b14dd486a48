"""The .ui file and the panel's code, held against each other and against Slicer's classes."""

import re
import xml.etree.ElementTree as ElementTree

import pytest
from places import ROOT
from PySide6 import QtWidgets

MODULE = ROOT / "ASLMyoSeg"
UI = ElementTree.parse(MODULE / "Resources" / "UI" / "ASLMyoSeg.ui").getroot()
PARAMETERS = MODULE / "ASLMyoSegPanel" / "parameters.py"
WIDGETS = {widget.get("name"): widget for widget in UI.iter("widget")}
CODE = "\n".join(path.read_text() for path in MODULE.rglob("*.py"))
DESIGNER = {
    line
    for line in (ROOT / "Testing" / "Host" / "designer_classes.txt").read_text().splitlines()
    if not line.startswith("#")
}
CONTROLS = (
    "Button",
    "ComboBox",
    "SpinBox",
    "CheckBox",
    "Selector",
    "Slider",
    "Edit",
    "Table",
    "View",
)


def test_every_widget_is_of_a_class_that_slicer_can_load():
    for widget in WIDGETS.values():
        kind = widget.get("class")
        assert kind in DESIGNER or hasattr(QtWidgets, kind), kind


def test_every_widget_that_the_code_names_is_in_the_file():
    named = set(re.findall(r"\bui\.(\w+)", CODE))
    assert named
    assert named - WIDGETS.keys() == set()


def test_every_control_of_the_file_is_used_by_the_code_or_bound_to_a_parameter():
    bound = {name for name, widget in WIDGETS.items() if _parameter(widget)}
    used = set(re.findall(r"\bui\.(\w+)", CODE))
    idle = WIDGETS.keys() - bound - used
    containers = {n for n in idle if WIDGETS[n].get("class").startswith(("ctkColl", "qMRMLWidget"))}
    words = {name for name in idle if WIDGETS[name].get("class") == "QLabel"}
    assert idle - containers - words == set()


def test_every_bound_parameter_exists():
    fields = set(re.findall(r"^    (\w+): ", PARAMETERS.read_text(), re.MULTILINE))
    bound = {_parameter(widget) for widget in WIDGETS.values()} - {None}
    assert bound
    assert bound <= fields


def test_every_control_has_a_tool_tip():
    for name, widget in WIDGETS.items():
        if name.endswith(CONTROLS) and not name.endswith("CollapsibleButton"):
            assert _property(widget, "toolTip"), name


def test_a_quantity_names_its_unit_in_its_label():
    for name, unit in {
        "t1BloodSpinBox": "(s)",
        "partitionCoefficientSpinBox": "(mL/g)",
        "inversionTime": "(s)",
        "precisionSpinBox": "(%)",
    }.items():
        assert unit in _property(WIDGETS[f"{name}Caption"], "text")


def test_nothing_is_styled_by_hand():
    assert "styleSheet" not in ElementTree.tostring(UI, encoding="unicode")
    assert "styleSheet" not in CODE


def test_the_clinical_note_stands_once():
    text = ElementTree.tostring(UI, encoding="unicode") + CODE
    assert text.count("not for clinical use") == 1


@pytest.mark.parametrize("file", sorted(MODULE.rglob("*.py")), ids=lambda path: path.name)
def test_a_file_of_the_panel_holds_one_idea(file):
    assert len(file.read_text().splitlines()) <= 350


def _property(widget, name):
    found = widget.find(f"property[@name='{name}']")
    return None if found is None else "".join(found.itertext()).strip()


def _parameter(widget):
    return _property(widget, "SlicerParameterName")
