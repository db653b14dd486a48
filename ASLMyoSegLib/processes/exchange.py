"""The frozen types of `series` between two processes: arrays through files, the rest as JSON.

Nothing runs from what lies in such a folder, as pickled objects would.
"""

from __future__ import annotations

import dataclasses
import typing
import uuid
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

Frozen = TypeVar("Frozen")


def to_message(value: Any, folder: str | Path, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """Describe a frozen dataclass in JSON's types; its arrays go into new .npy files of `folder`.

    Args:
        value: e.g. an `ASLSeries` or a `Posterior`.
        folder: of the files; they belong to whoever reads them.
        leave_out: names of arrays that are not wanted; one of no rows stands in their place.
    """
    message: dict[str, Any] = {}
    for field in dataclasses.fields(value):
        content = getattr(value, field.name)
        if isinstance(content, np.ndarray):
            name = f"{uuid.uuid4().hex}.npy"
            kept = content[:0] if field.name in leave_out else content
            np.save(Path(folder) / name, kept, allow_pickle=False)
            content = {"file": name}
        elif dataclasses.is_dataclass(content):
            content = to_message(content, folder)
        elif isinstance(content, Path):
            content = str(content)
        message[field.name] = content
    return message


def from_message(kind: type[Frozen], message: dict[str, Any], folder: str | Path) -> Frozen:
    """What `to_message` described. The files of its arrays are read and removed."""
    types = typing.get_type_hints(kind)
    values = {}
    for name, content in message.items():
        kinds = (types[name], *typing.get_args(types[name]))  # `np.ndarray | None` as well
        if np.ndarray in kinds and content is not None:
            path = Path(folder) / content["file"]
            values[name] = np.load(path, allow_pickle=False)
            path.unlink()
        elif (nested := next(filter(dataclasses.is_dataclass, kinds), None)) and content:
            values[name] = from_message(nested, content, folder)
        elif Path in kinds and content is not None:
            values[name] = Path(content)
        else:
            values[name] = tuple(content) if isinstance(content, list) else content
    return kind(**values)
