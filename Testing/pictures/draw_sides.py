"""Draw how one heart lies in four files, and how all four are shown; for Docs/sides.md.

`python -m pictures.draw_sides` in `Testing` writes ``Docs/images/sides.png``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from places import DOCS

from ASLMyoSegLib.geometry import Stored
from ASLMyoSegLib.io import read_masks, read_series, write_series, write_volume
from ASLMyoSegLib.phantom import simulate_subject
from ASLMyoSegLib.series import ASLSeries, Geometry

FILES = {
    "rows from the top": ("x", "y", "slice"),
    "rows from below": ("x", "-y", "-slice"),
    "mirrored": ("-x", "y", "-slice"),
    "lying on its side": ("-y", "x", "slice"),
}
"""Axes of the series, by how a file has them."""


def main() -> None:
    series, truth = simulate_subject(1, 1)
    figure = Figure(figsize=(10, 5.4), layout="constrained")
    rows = figure.subplots(2, len(FILES))
    for column, (name, axes) in enumerate(FILES.items()):
        with tempfile.TemporaryDirectory() as folder:
            found, mask = _read_again(series, truth.observer, axes, Path(folder))
        stored = found.on_file.as_stored(found.images)
        _draw(rows[0, column], stored[1, 0], found.on_file.as_stored(mask)[1, 0])
        _draw(rows[1, column], found.images[1, 0], mask[1, 0])
        rows[0, column].set_title(name)
        for word, x, y in (("septal", 0.04, 0.5), ("lateral", 0.96, 0.5)):
            rows[1, column].text(
                x, y, word, rotation=90, ha="center", va="center",
                transform=rows[1, column].transAxes, fontsize=8, color="#dddddd",
            )  # fmt: skip
    rows[0, 0].set_ylabel("in the file")
    rows[1, 0].set_ylabel("as it is shown")
    figure.savefig(DOCS / "images" / "sides.png", dpi=90, metadata={"Software": None})


def _read_again(
    series: ASLSeries, masks: np.ndarray, axes: tuple[str, str, str], folder: Path
) -> tuple[ASLSeries, np.ndarray]:
    """The series, of a file that has its axes in that way, and its masks, as they are read."""
    turn = Stored(series.geometry, axes)
    images = turn.standing(series.images)
    place: Geometry = turn.standing_geometry(images.shape[1:])
    turned = ASLSeries(
        images, series.volume_types, series.inversion_time, place, series.name, series.metadata
    )
    write_series(turned, folder / "heart_asl.nii.gz")
    write_volume(folder / "mask.nii.gz", turn.standing(masks), place)
    found = read_series(folder / "heart_asl.nii.gz")
    return found, read_masks(folder / "mask.nii.gz", found)


def _draw(axes, image: np.ndarray, mask: np.ndarray) -> None:
    axes.imshow(image, cmap="gray", vmax=np.percentile(image, 99.5))
    axes.contour(mask, [0.5], colors="#ffe14d", linewidths=1.0)
    axes.set(xticks=[], yticks=[])


if __name__ == "__main__":
    main()
