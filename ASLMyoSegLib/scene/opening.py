"""Files into a scene: every series of a file or folder that can be read."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import SeriesError, UnstatedError
from ..io import find_rv_insertion, find_series, read_draft, read_rv_insertion, read_series
from . import sequences
from .pairs import OPENED
from .series_scene import SeriesScene

ELSEWHERE = (
    "save the images as NIfTI or NRRD of four dimensions, which keep their pixel size, and open "
    "that file."
)
"""What helps where files do not say axes, pixel size or which array holds the images."""


@dataclass
class Opened:
    """What became of the series of a file or folder.

    Attributes:
        series: those that are complete.
        drafts: sequences of images, vtkMRMLSequenceNode, whose frames a person has to state.
        problems: in a sentence each, which others could not be read, and why.
        dicom: a file of each DICOM series, by its `SeriesDigest`; a scene that is saved does not
            keep it, as paths may name the patient.
    """

    series: list[SeriesScene] = field(default_factory=list)
    drafts: list[Any] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    dicom: dict[str, Path] = field(default_factory=dict)


def open_series(scene: Any, path: str | Path) -> Opened:
    """Put every series of a file or folder into a scene, whatever `io` reads.

    RV insertion points that lie beside a series are taken. Of files that do not say what their
    frames are, the images come into the scene, with a browser to look at them.

    Raises:
        SeriesError: where none can be read.
    """
    read, drafts, problems = [], [], []
    for file in find_series(path):
        try:
            try:
                series, points = read_series(file), find_rv_insertion(file)
                read.append((file, series, read_rv_insertion(points, series) if points else None))
            except UnstatedError:
                drafts.append(read_draft(file))
        except UnstatedError as error:
            problems.append(SeriesError(f"{error.problem}; {ELSEWHERE}"))
        except SeriesError as error:
            problems.append(error)
    if not read and not drafts:
        raise problems[0]
    opened, together = Opened(problems=[str(problem) for problem in problems]), str(uuid.uuid4())
    for file, series, points in read:
        opened.series.append(SeriesScene.create(scene, series))
        opened.series[-1].browser.SetAttribute(OPENED, together)
        if digest := series.metadata.get("SeriesDigest"):
            opened.dicom[digest] = file
        if points is not None:
            opened.series[-1].set_landmarks(points)
    for draft in drafts:
        opened.drafts.append(sequences.add_images(scene, draft))
        sequences.browser_for(opened.drafts[-1]).SetSelectedItemNumber(0)
    return opened
