"""Where the parts of this repository lie."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "Docs"
SAMPLE = ROOT / "Resources" / "SampleData"
