"""Stand-in of `slicer.parameterNodeWrapper`: a typed view of a parameter node, bound to widgets.

Names, storage in the node and the rules of binding are those of Slicer's package; types and widgets
are those that the panel uses. What the package refuses is refused here as well: a slider without a
range, a combo box without choices, a value of another type.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

import slicer
import vtk

from .pythonqt import QtObject


@dataclasses.dataclass
class WithinRange:
    minimum: float
    maximum: float

    def validate(self, value: float) -> None:
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"{value} is not within {self.minimum} and {self.maximum}")


@dataclasses.dataclass
class Minimum:
    minimum: float

    def validate(self, value: float) -> None:
        if value < self.minimum:
            raise ValueError(f"{value} is below {self.minimum}")


class Choice:
    def __init__(self, choices: list) -> None:
        self.choices = choices

    def validate(self, value: Any) -> None:
        if value not in self.choices:
            raise ValueError(f"{value!r} is none of {self.choices}")


def parameterNodeWrapper(cls: type) -> type:
    """Give a class of annotated names properties that live in a parameter node."""
    parameters = {}
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        kind, *notes = typing.get_args(hint) if hasattr(hint, "__metadata__") else (hint,)
        default = getattr(cls, name, None if _is_node(kind) else kind())
        parameters[name] = _Parameter(name, kind, notes, default)
        setattr(cls, name, property(parameters[name].read, parameters[name].write))
    cls._parameters = parameters
    for function in (__init__, connectGui, disconnectGui, AddObserver, RemoveObserver, Modified):
        setattr(cls, function.__name__, function)
    return cls


def __init__(self: Any, parameterNode: Any) -> None:
    self.parameterNode = parameterNode
    self._connections = {}
    self._updating = False
    for parameter in self._parameters.values():
        if not parameterNode.HasParameter(parameter.name):
            parameter.write(self, parameter.default)


def connectGui(self: Any, ui: Any) -> int:
    """Bind every widget with a `SlicerParameterName`; returns what `disconnectGui` takes."""
    connectors = []
    for widget in vars(ui).values():
        name = widget.property("SlicerParameterName")
        if name:
            if name not in self._parameters:
                raise ValueError(f"Cannot find a param with the given name: {name}")
            connectors.append(_Connector(self, self._parameters[name], widget))

    def update(*_: Any) -> None:
        if not self._updating:
            self._updating = True
            try:
                for connector in connectors:
                    connector.show()
            finally:
                self._updating = False

    update()
    for connector in connectors:
        connector.connect()
    tag = self.parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, update)
    self._connections[tag] = connectors
    return tag


def disconnectGui(self: Any, tag: int) -> None:
    for connector in self._connections.pop(tag, ()):
        connector.disconnect()
    self.parameterNode.RemoveObserver(tag)


def AddObserver(self: Any, event: int, callback: Any, priority: float = 0.0) -> int:
    return self.parameterNode.AddObserver(event, callback, priority)


def RemoveObserver(self: Any, tag: int) -> None:
    self.parameterNode.RemoveObserver(tag)


def Modified(self: Any) -> None:
    self.parameterNode.Modified()


def _is_node(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode)


class _Parameter:
    def __init__(self, name: str, kind: type, notes: list, default: Any) -> None:
        if not (kind in (str, int, float, bool) or _is_node(kind)):
            raise TypeError(f"{name}: the stand-in knows no parameter of type {kind}")
        self.name, self.kind, self.notes, self.default = name, kind, notes, default

    def read(self, wrapper: Any) -> Any:
        node = wrapper.parameterNode
        if _is_node(self.kind):
            return node.GetNodeReference(self.name)
        text = node.GetParameter(self.name)
        return text == "True" if self.kind is bool else self.kind(text)

    def write(self, wrapper: Any, value: Any) -> None:
        node = wrapper.parameterNode
        if _is_node(self.kind):
            if value is not None and not isinstance(value, self.kind):
                raise TypeError(f"{self.name} is to be a {self.kind.__name__}, not {value!r}")
            node.SetParameter(self.name, "")
            node.SetNodeReferenceID(self.name, value.GetID() if value is not None else None)
            return
        if not isinstance(value, (int, float) if self.kind is float else self.kind):
            raise TypeError(f"{self.name} is to be a {self.kind.__name__}, not {value!r}")
        for note in self.notes:
            note.validate(value)
        node.SetParameter(self.name, str(value))


class _Connector:
    """One parameter and the widget that shows it."""

    _BINDINGS: typing.ClassVar = {
        "QCheckBox": ({bool}, "checked", "stateChanged"),
        "QPushButton": ({bool}, "checked", "toggled"),
        "QSpinBox": ({int}, "value", "valueChanged"),
        "QDoubleSpinBox": ({float, int}, "value", "valueChanged"),
        "ctkSliderWidget": ({float, int}, "value", "valueChanged"),
        "QComboBox": ({int, float, str, bool}, None, "currentIndexChanged"),
        "QLineEdit": ({str}, "text", "textChanged"),
        "qMRMLNodeComboBox": ({"node"}, None, "currentNodeChanged"),
    }

    def __init__(self, wrapper: Any, parameter: _Parameter, widget: QtObject) -> None:
        self.wrapper, self.parameter, self.widget = wrapper, parameter, widget
        name = widget.className()
        kinds, self.property, self.signal = self._BINDINGS.get(name, (set(), None, None))
        if ("node" if _is_node(parameter.kind) else parameter.kind) not in kinds:
            raise RuntimeError(f"Unable to create GUI connector from {parameter.kind} to {name}")
        note = next(iter(parameter.notes), None)
        if name == "ctkSliderWidget" and not isinstance(note, WithinRange):
            raise RuntimeError(f"{parameter.name}: a ctkSliderWidget needs a range")
        if hasattr(note, "minimum"):
            widget.minimum = note.minimum
        elif self.property == "value":
            widget.minimum = -(2**31) if name == "QSpinBox" else float("-inf")
        if hasattr(note, "maximum"):
            widget.maximum = note.maximum
        elif self.property == "value":
            widget.maximum = 2**31 - 1 if name == "QSpinBox" else float("inf")
        if name == "QComboBox":
            if not isinstance(note, Choice):
                raise RuntimeError(f"{parameter.name}: a QComboBox requires the Choice annotation")
            self.choices = note.choices
            widget.clear()
            for choice in note.choices:
                widget.addItem(str(choice))
        if _is_node(parameter.kind):
            widget.nodeTypes = [parameter.kind.__name__]

    def connect(self) -> None:
        getattr(self.widget, self.signal).connect(self.take)

    def disconnect(self) -> None:
        getattr(self.widget, self.signal).disconnect(self.take)

    def show(self) -> None:
        value = self.parameter.read(self.wrapper)
        if _is_node(self.parameter.kind):
            self.widget.setCurrentNode(value)
        elif self.property:
            if getattr(self.widget, self.property) != value:
                setattr(self.widget, self.property, value)
        else:
            self.widget.currentIndex = self.choices.index(value)

    def take(self) -> None:
        if self.wrapper._updating:
            return
        if _is_node(self.parameter.kind):
            value = self.widget.currentNode()
        elif self.property:
            value = self.parameter.kind(getattr(self.widget, self.property))
        else:
            value = self.choices[self.widget.currentIndex]
        self.parameter.write(self.wrapper, value)


def as_module() -> types.ModuleType:
    """What ``from slicer.parameterNodeWrapper import ...`` finds."""
    module = types.ModuleType("slicer.parameterNodeWrapper")
    for thing in (parameterNodeWrapper, WithinRange, Minimum, Choice):
        setattr(module, thing.__name__, thing)
    return module
