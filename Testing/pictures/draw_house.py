"""Draw the rooms of the library, floor by floor: ``python -m pictures.draw_house``.

Floors are those that import-linter checks (pyproject.toml), and the words in a room are the first
sentence of its own docstring. Writes Docs/images/house.svg.
"""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.patches import FancyBboxPatch
from places import DOCS, ROOT

LIBRARY = ROOT / "ASLMyoSegLib"
WIDTH, HEIGHT, GAP = 12.0, 0.92, 0.12
FILL = {"io": "#d9e8f5", "uncertainty": "#fbe3c8", "perfusion": "#f7d3d3", "network": "#fbe3c8"}


def floors() -> list[list[str]]:
    """Rooms from top to bottom, as the first contract of import-linter names them."""
    layers = re.search(r"layers = \[(.*?)\]", (ROOT / "pyproject.toml").read_text(), re.DOTALL)[1]
    return [floor.split(" | ") for floor in re.findall(r'"(.*?)"', layers)]


def purpose(room: str) -> str:
    """The first sentence of a room's docstring."""
    path = LIBRARY / room / "__init__.py"
    path = path if path.is_file() else LIBRARY / f"{room}.py"
    words = " ".join((ast.get_docstring(ast.parse(path.read_text())) or "").split())
    return words.split(". ")[0].rstrip(".")


def draw(path: Path) -> None:
    plt.switch_backend("svg")
    plt.rcParams["svg.hashsalt"] = "house"  # the same house gives the same bytes
    rows = floors()
    figure, axes = plt.subplots(figsize=(WIDTH, len(rows) * (HEIGHT + GAP)))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(-len(rows) * (HEIGHT + GAP), 0)
    axes.axis("off")
    for floor, rooms in enumerate(rows):
        wide = (WIDTH - GAP * (len(rooms) + 1)) / len(rooms)
        for place, room in enumerate(rooms):
            x, y = GAP + place * (wide + GAP), -(floor + 1) * (HEIGHT + GAP) + GAP
            axes.add_patch(
                FancyBboxPatch(
                    (x, y), wide, HEIGHT, boxstyle="round,pad=0,rounding_size=0.08",
                    facecolor=FILL.get(room, "#f2f2f2"), edgecolor="#555555",
                )
            )  # fmt: skip
            axes.text(x + 0.12, y + HEIGHT - 0.1, room, weight="bold", va="top", fontsize=11)
            text = "\n".join(textwrap.wrap(purpose(room), int(wide * 13.5), max_lines=3))
            axes.text(x + 0.12, y + HEIGHT - 0.35, text, va="top", fontsize=7.5, color="#333333")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    draw(DOCS / "images" / "house.svg")
