"""What a bundle must be before Slicer's MRML may unpack it."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from ..errors import SeriesError

LARGEST_BUNDLE = 4 << 30
"""Bytes that a bundle may unpack to, with the bundles in it."""
DEEPEST = 2
"""Slicer keeps a sequence of segmentations as a bundle in the bundle, and none within that."""

DAMAGE = (
    zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError,
    OverflowError, struct.error, zlib.error,
)  # fmt: skip
"""What Python's reader of zip files raises over damaged ones."""


def check_bundle(path: Path) -> None:
    """Refuse what is no zip file, is damaged, would leave its folder, or would fill the disk.

    MRML's own unpacking follows `..` and links, and a damaged inner bundle ends the process, so
    bundles in the bundle are looked at too.

    Raises:
        SeriesError: where the file is no bundle that may be unpacked.
    """
    if not path.is_file():
        raise SeriesError(f"{path}: no such file.")
    try:
        with path.open("rb") as file:
            _check(file, path, LARGEST_BUNDLE, DEEPEST)
    except DAMAGE as error:
        raise SeriesError(f"{path}: not a Slicer scene bundle ({error}).") from None


def _check(file: BinaryIO, path: Path, room: int, depth: int) -> int:
    """Check one archive; returns the bytes that are left of `room`."""
    # Another kind of archive with a zip file at its end would be unpacked as that other kind.
    if file.read(4) != b"PK\x03\x04":
        raise zipfile.BadZipFile("it does not begin as a zip file")
    with zipfile.ZipFile(file) as bundle:
        room -= sum(entry.file_size for entry in bundle.infolist())
        if room < 0:
            raise SeriesError(f"{path}: unpacks to more than {LARGEST_BUNDLE >> 30} GB.")
        for entry in bundle.infolist():
            if _leaves_folder(entry):
                raise SeriesError(f"{path}: entry {entry.filename!r} would leave its folder.")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise zipfile.BadZipFile(f"entry {entry.filename!r} is of no usual compression")
        damaged = bundle.testzip()
        if damaged:
            raise SeriesError(f"{path}: entry {damaged!r} is damaged; save the scene again.")
        for entry in bundle.infolist():
            if PurePosixPath(entry.filename).suffix.lower() in (".mrb", ".zip"):
                if depth == 1:
                    raise SeriesError(f"{path}: has bundles in bundles in bundles.")
                room = _check(io.BytesIO(bundle.read(entry)), path, room, depth - 1)
    return room


def _leaves_folder(entry: zipfile.ZipInfo) -> bool:
    name = PureWindowsPath(entry.filename)  # reads both kinds of slash, and drives
    return bool(name.anchor) or ".." in name.parts or stat.S_ISLNK(entry.external_attr >> 16)
