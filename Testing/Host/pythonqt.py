"""`qt` as PythonQt shows it, over PySide6.

Properties are attributes (``slider.value = 5``; ``label.text()`` fails, as `text` is a str),
signals connect both ways (``button.connect('clicked()', f)``, ``button.clicked.connect(f)``), a
slot is called with as many arguments as it takes, `exec_` has its underscore, and file dialogs
return a plain str.
Errors in slots are reported and do not stop the program; `errors` keeps them for the tests.
"""

from __future__ import annotations

import inspect
import sys
import traceback
import types
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from typing import Any

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

errors: list[str] = []
"""Tracebacks of errors in slots, in order."""

widget_classes: dict[str, type] = {}
"""Classes that a .ui file may name besides Qt's own."""

_SPACES = (QtCore, QtGui, QtWidgets)
_FIRST_OF_TUPLE = ("getOpenFileName", "getSaveFileName", "getText")


class QtObject:
    """A QObject as PythonQt wraps it."""

    def __init__(self, native: QtCore.QObject) -> None:
        object.__setattr__(self, "_native", native)

    def __getattr__(self, name: str) -> Any:
        native = self._native
        name = {"name": "objectName", "exec_": "exec"}.get(name, name)
        if name.startswith("_"):
            raise AttributeError(f"{type(native).__name__} has no attribute {name}")
        if native.metaObject().indexOfProperty(name) >= 0:
            return shown(native.property(name))
        value = getattr(native, name)
        if isinstance(value, QtCore.SignalInstance):
            return QtSignal(native, name)
        return shown(value)

    def __setattr__(self, name: str, value: Any) -> None:
        name = "objectName" if name == "name" else name
        if self._native.metaObject().indexOfProperty(name) < 0:
            raise AttributeError(f"{type(self._native).__name__} has no property {name!r}")
        if not self._native.setProperty(name, native_of(value)):
            raise ValueError(f"{type(self._native).__name__}.{name} cannot be {value!r}")

    def connect(self, signal: str, slot: Callable[..., Any]) -> bool:
        return self._signal(signal).connect(slot)

    def disconnect(self, signal: str, slot: Callable[..., Any]) -> bool:
        return self._signal(signal).disconnect(slot)

    def className(self) -> str:
        return type(self._native).__name__

    def _signal(self, signature: str) -> QtSignal:
        normal = signature.replace(" ", "")
        declared = getattr(type(self._native), "signatures", {})
        if normal not in declared and self._native.metaObject().indexOfSignal(normal) < 0:
            raise ValueError(f"{type(self._native).__name__} has no signal {signature!r}")
        return QtSignal(self._native, declared.get(normal, normal.partition("(")[0]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QtObject) and self._native is other._native

    def __hash__(self) -> int:
        return hash(self._native)

    def __repr__(self) -> str:
        return f"{type(self._native).__name__} ({self._native.objectName()!r})"


class QtSignal:
    """A signal of one object."""

    def __init__(self, native: QtCore.QObject, name: str) -> None:
        self._native, self._name = native, name

    def connect(self, slot: Callable[..., Any]) -> bool:
        if not callable(slot):
            raise ValueError(f"{slot!r} cannot be called")
        relay = relay_to(slot)
        _relays.setdefault((self._native, self._name), []).append((slot, relay))
        getattr(self._native, self._name).connect(relay)
        return True

    def disconnect(self, slot: Callable[..., Any]) -> bool:
        relays = _relays.get((self._native, self._name), [])
        for entry in relays:
            if entry[0] == slot:
                relays.remove(entry)
                getattr(self._native, self._name).disconnect(entry[1])
                return True
        return False

    def emit(self, *arguments: Any) -> None:
        getattr(self._native, self._name).emit(*map(native_of, arguments))


_relays: dict[tuple[QtCore.QObject, str], list[tuple[Callable, Callable]]] = {}


class QtClass:
    """A class of Qt: its constructor, values of enumerations, static functions."""

    def __init__(self, native: type) -> None:
        self._native = native

    def __mro_entries__(self, _bases: tuple[Any, ...]) -> tuple[type, ...]:
        """Subclasses are Qt's own, as in PythonQt: Qt calls what they override."""
        return (self._native,)

    def __call__(self, *arguments: Any) -> Any:
        return shown(self._native(*(relay_or_native(a) for a in arguments)))

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._native, name)
        if name in _FIRST_OF_TUPLE:
            return lambda *arguments: value(*map(native_of, arguments))[0]
        return shown(value)

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(native_of(instance), self._native)


class UiLoader:
    """`QUiLoader`, knowing the stand-ins of CTK's and Slicer's widgets."""

    def load(self, file: QtObject) -> QtObject:
        tree = ElementTree.fromstring(bytes(native_of(file).readAll().data()))
        connections = tree.find("connections")
        links = [] if connections is None else list(connections)
        if connections is not None:
            tree.remove(connections)  # their signatures name VTK's types, which PySide6 cannot
        buffer = QtCore.QBuffer()
        buffer.setData(ElementTree.tostring(tree))
        buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
        loader = _Loader()
        top = loader.load(buffer)
        for link in links:
            _connect(top, *(link.findtext(key) for key in ("sender", "signal", "receiver", "slot")))
        return shown(top)


class _Loader(QtUiTools.QUiLoader):
    def createWidget(self, kind: str, parent: Any = None, name: str = "") -> QtWidgets.QWidget:
        if kind in widget_classes:
            widget = widget_classes[kind](parent)
            widget.setObjectName(name)
            return widget
        widget = super().createWidget(kind, parent, name)
        if widget is None:
            raise RuntimeError(f"class {kind} of widget {name} is unknown")
        return widget


def _connect(top: QtWidgets.QWidget, sender: str, signal: str, receiver: str, slot: str) -> None:
    """Make one connection of a .ui file."""
    ends = []
    for name in (sender, receiver):
        found = top if top.objectName() == name else top.findChild(QtCore.QObject, name)
        if found is None:
            raise RuntimeError(f"the .ui file connects {name}, which is not in it")
        ends.append(found)
    getattr(ends[0], signal.partition("(")[0]).connect(getattr(ends[1], slot.partition("(")[0]))


def shown(value: Any) -> Any:
    """A native value as the panel sees it."""
    if isinstance(value, QtCore.QObject):
        return QtObject(value)
    if isinstance(value, (list, tuple)):
        return type(value)(map(shown, value))
    if isinstance(value, type) and issubclass(value, (QtCore.QObject, QtWidgets.QTableWidgetItem)):
        return QtClass(value)
    if isinstance(value, (types.BuiltinMethodType, types.MethodType, types.FunctionType)) or (
        type(value).__name__ in ("builtin_function_or_method", "method_descriptor")
    ):
        return lambda *arguments: shown(value(*map(relay_or_native, arguments)))
    return value


def native_of(value: Any) -> Any:
    """What the panel sees as Qt takes it."""
    if isinstance(value, (QtObject, QtClass)):
        return value._native
    if isinstance(value, (list, tuple)):
        return type(value)(map(native_of, value))
    return value


def relay_or_native(value: Any) -> Any:
    """As `native_of`; functions are given so that their errors are kept (`QTimer.singleShot`)."""
    if isinstance(value, (types.FunctionType, types.MethodType)):
        return relay_to(value)
    return native_of(value)


def relay_to(slot: Callable[..., Any]) -> Callable[..., None]:
    """Call a slot with the arguments that it takes, and keep its errors."""
    try:
        parameters = inspect.signature(slot).parameters.values()
        if any(p.kind is p.VAR_POSITIONAL for p in parameters):
            limit = None
        else:
            positional = (
                inspect.Parameter.POSITIONAL_ONLY,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
            )
            limit = sum(p.kind in positional for p in parameters)
    except ValueError:
        limit = None

    def relay(*arguments: Any) -> None:
        try:
            slot(*map(shown, arguments[:limit]))
        except Exception:
            errors.append(traceback.format_exc())
            print(errors[-1], file=sys.stderr)

    return relay


class QtModule(types.ModuleType):
    """`import qt`."""

    QUiLoader = UiLoader

    def __getattr__(self, name: str) -> Any:
        for space in _SPACES:
            if hasattr(space, name):
                value = getattr(space, name)
                return QtClass(value) if isinstance(value, type) else value
        raise AttributeError(f"Qt has no {name}")
