"""Where the files of a finished series lie: in a folder of its own, or as derivatives of BIDS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import ASLMyoSegError
from .bids.side_cars import volume_name
from .files import read_json

SUMMARY = "summary.json"
BIDS_SUMMARY = f"_desc-aslmyoseg_{SUMMARY}"
LOGS = "logs"
"""Folder of a data set with what could not be done."""
_BIDS_KINDS = {
    "desc-flow_map": "desc-flow_mbf",
    "desc-motioncorrected_series": "desc-motioncorrected_asl",
}


@dataclass(frozen=True)
class Layout:
    """The places of one series' results.

    Attributes:
        root: folder that all of them lie in: the series' own, or a data set of derivatives.
        name: of the series.
        place: ``sub-01/ses-a/perf`` in a data set; empty in a folder of its own.
        source: the series as a BIDS URI; empty where it is no BIDS.
    """

    root: Path
    name: str
    place: str = ""
    source: str = ""

    @property
    def bids(self) -> bool:
        return bool(self.place)

    @property
    def folder(self) -> Path:
        """Where images and tables lie."""
        return self.root / self.place

    @property
    def summary(self) -> Path:
        return self.folder / (f"{self.name}{BIDS_SUMMARY}" if self.bids else SUMMARY)

    @property
    def report(self) -> Path:
        return self.root / (f"{self.name}.html" if self.bids else "report.html")

    @property
    def scene(self) -> Path:
        return self.folder / (f"{self.name}_scene.mrb" if self.bids else "scene.mrb")

    @property
    def table(self) -> Path:
        """Flow of each segment."""
        return self.folder / f"{self.name}_{'desc-segments_' if self.bids else ''}mbf.tsv"

    @property
    def segmentation(self) -> Path:
        return self.folder / f"{self.name}_desc-myocardium.seg.nrrd"

    @property
    def rv_insertion(self) -> Path:
        return self.folder / f"{self.name}_rvinsertion.json"

    @property
    def bibliography(self) -> Path:
        """The papers that a report cites; in a data set, one for all."""
        return self.root / LOGS / "CITATION.bib" if self.bids else self.root / "references.bib"

    def image(self, kind: str) -> Path:
        """An image of `derivatives.IMAGES`, without its ending."""
        if not self.bids:
            return self.folder / f"{self.name}_{kind}"
        return self.folder / f"{self.name}_space-orig_{_BIDS_KINDS.get(kind, kind)}"

    def figure(self, name: str) -> Path:
        """A picture: ``bullseye.svg``."""
        if not self.bids:
            return self.root / name
        subject = Path(self.place).parts[0]
        return self.root / subject / "figures" / f"{self.name}_desc-{name.replace('.', '_mbf.')}"

    def within(self, root: Path) -> Layout:
        """The same places in another folder."""
        return replace(self, root=root)


def bids_place(source: Path) -> tuple[Path, str] | None:
    """Data set and folder within it, ``sub-01/perf``, of a series that lies as BIDS has it."""
    folder = source.absolute().parent
    session = folder.parent if folder.parent.name.startswith("ses-") else None
    subject = (session or folder).parent
    levels = [subject.name, *([session.name] if session else []), folder.name]
    stem = "_".join(levels[:-1])
    fits = volume_name(source) == stem or volume_name(source).startswith(f"{stem}_")
    if folder.name != "perf" or not re.fullmatch(r"sub-[A-Za-z0-9]+", subject.name) or not fits:
        return None
    return subject.parent, "/".join(levels)


def find_results(folder: str | Path) -> Iterator[Layout]:
    """The results beneath a folder, in order of their places; nothing hidden."""
    folder = Path(folder)
    for file in sorted((*folder.rglob(SUMMARY), *folder.rglob(f"*{BIDS_SUMMARY}"))):
        if not any(part.startswith(".") for part in file.relative_to(folder).parts):
            yield layout_of(file)


def layout_of(summary: Path) -> Layout:
    """The places of the results that a summary is of."""
    if summary.name == SUMMARY:
        try:
            name = str(read_json(summary)["series"])
        except (ASLMyoSegError, KeyError):
            name = summary.parent.name
        return Layout(summary.parent, name)
    name = summary.name.removesuffix(BIDS_SUMMARY)
    depth = 3 if summary.parent.parent.name.startswith("ses-") else 2
    root = summary.parents[depth]
    return Layout(root, name, summary.parent.relative_to(root).as_posix())
