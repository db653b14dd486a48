"""What was measured on this machine, so that it is measured once.

A choice that were measured anew each time could differ from run to run, and with it the last digit
of a result; remembered, a seed gives the same result again.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from pathlib import Path

import torch

from ..errors import OutputError
from ..io.files import replacing


def remembered(setting: list[object], measure: Callable[[], int]) -> int:
    """The number measured earlier for a setting on this machine; otherwise it is measured now.

    It is kept in ``aslmyoseg/tuning.json`` of the user's cache folder, which may be deleted.
    """
    key = " | ".join(map(str, [*_machine(), *setting]))
    known = _read()
    if key not in known:
        known = {**_read(), key: measure()}
        _write(known)
    return known[key]


def cache_file() -> Path:
    """Where the numbers are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return Path(home or Path.home() / ".cache") / "aslmyoseg" / "tuning.json"


def _machine() -> list[object]:
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return [platform.node(), torch.__version__, f"{torch.get_num_threads()} threads", gpu]


def _read() -> dict[str, int]:
    try:
        known = json.loads(cache_file().read_text(encoding="utf-8"))
        return {key: value for key, value in known.items() if isinstance(value, int) and value > 0}
    except (OSError, ValueError, AttributeError):
        return {}


def _write(known: dict[str, int]) -> None:
    path = cache_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as beside:
            beside.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    except (OSError, OutputError):
        pass  # without the file, the next run measures again
