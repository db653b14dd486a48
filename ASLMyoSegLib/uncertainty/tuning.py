"""What was measured on this machine, so that it is measured once.

A choice that were measured anew each time could differ from run to run, and with it the last digit
of a result; remembered, a seed gives the same result again.
"""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch


@dataclass(frozen=True)
class Choice:
    """What is the fastest on this machine.

    Attributes:
        batch: passes computed at once.
        fuse_masks: whether convolutions apply masks as they write.
    """

    batch: int
    fuse_masks: bool


def recall(setting: list[object]) -> Choice | None:
    """What was found earlier for a setting on this machine."""
    try:
        found = Choice(**_read()[_key(setting)])
    except (KeyError, TypeError):
        return None
    return found if isinstance(found.batch, int) and found.batch > 0 else None


def remember(setting: list[object], choice: Choice) -> None:
    """Keep it in ``aslmyoseg/tuning.json`` of the user's cache folder, which may be deleted.

    Where the file cannot be written, the next run measures again.
    """
    path = cache_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps({**_read(), _key(setting): asdict(choice)}, indent=2)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.write_text(content + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError:
        pass


def cache_file() -> Path:
    """Where the numbers are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return Path(home or Path.home() / ".cache") / "aslmyoseg" / "tuning.json"


def _key(setting: list[object]) -> str:
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    machine = [platform.node(), torch.__version__, f"{torch.get_num_threads()} threads", gpu]
    return " | ".join(map(str, [*machine, *setting]))


def _read() -> dict[str, Any]:
    try:
        known = json.loads(cache_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
