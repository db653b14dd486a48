"""Where weights, colours, styles of pages and the sample lie: in an installed package, or beside it
in a checkout and in Slicer."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
RESOURCES = next(
    folder for folder in (_HERE / "Resources", _HERE.parent / "Resources") if folder.is_dir()
)
MODELS = RESOURCES / "Models"
COLOURS = RESOURCES / "Colors"
PAGES = RESOURCES / "Pages"
SAMPLE = RESOURCES / "SampleData"
