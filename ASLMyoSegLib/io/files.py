"""Writing files whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import OutputError


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a path to write to, of the same name; it takes `path`'s place if all went well.

    It lies in a hidden folder beside `path`, so that the last step is a rename on one disk.

    Raises:
        OutputError: where the file cannot be written.
    """
    path = Path(path)
    folder: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(prefix=".part-", dir=path.parent)
        beside = Path(folder) / path.name
        yield beside
        beside.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error}).") from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
