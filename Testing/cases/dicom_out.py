"""A DICOM series, and results that might have come of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from cases.dicom import change, complete_header, pixels, write_classic, write_enhanced
from pydicom.dataset import Dataset

from ASLMyoSegLib.io import read_series, series_sources
from ASLMyoSegLib.io.dicom.writing import write_dicom
from ASLMyoSegLib.series import ASLSeries, Posterior, Segmentation

STATUS = ("automatic", "automatic", "corrected", "automatic", "accepted")


class Made:
    """A DICOM series, what might have come of it, and the objects that were written."""

    def __init__(self, folder: Path, kind: str, slices: int) -> None:
        self.images, self.out = folder / "in", folder / "out"
        stored = pixels(5, slices, (52, 63))
        if kind == "classic":
            write_classic(self.images, stored, complete_header)
        else:
            write_enhanced(self.images / "all.dcm", stored, shuffled=True)
            header = Dataset()
            complete_header(header, 0, 0)
            change(self.images / "all.dcm", **{e.keyword: e.value for e in header})
        self.series = read_series(self.images)
        self.sources = series_sources(self.images)
        self.masks, self.posterior, self.flow = invent(self.series)
        self.segmentation = Segmentation(self.masks, STATUS, np.ones(self.masks.shape[:2]))

    def write(self) -> str:
        return write_dicom(
            self.out, self.series, self.posterior, self.segmentation, self.flow, self.sources
        )

    def file(self, kind: str, frame: int) -> Path:
        return self.out / f"{kind}_frame-{frame:03d}.dcm"


def invent(series: ASLSeries) -> tuple[np.ndarray, Posterior, np.ndarray]:
    rng = np.random.default_rng(2)
    masks = np.zeros(series.images.shape, bool)
    masks[..., 5:13, 6:15] = rng.random(masks[..., 5:13, 6:15].shape) > 0.4
    masks[1] = False
    std = (rng.random(masks.shape) * 0.5).astype(np.float32)
    counts = np.full(masks.shape[:2], 8)
    packed = np.zeros((0, *masks.shape[:2], 1), np.uint8)
    model = {"name": "mcd_unet", "sha256": "ab" * 32}
    flow = np.where(masks[3], 1.25, 0).astype(np.float32)
    return masks, Posterior(masks * np.float32(0.9), std, counts, packed, 0, "cpu", model), flow
