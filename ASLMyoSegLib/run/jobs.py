"""What takes seconds, as jobs that a process of its own does, so that no window waits for it.

``python -c "from ASLMyoSegLib.run.jobs import main; main()" FOLDER`` does the job that
`write_job` left in the folder, and leaves there what `read_answer` reads. Lines of standard output
are JSON: ``{"step": "what is done now"}``. To cancel a job, end its process: results are written
beside, and then renamed.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..errors import ASLMyoSegError, OutputError
from ..io import series_sources
from ..io.dicom.writing import NOT_WRITTEN
from ..io.files import read_json
from ..io.results import Layout
from ..motion.measuring import Motion, measure_motion
from ..processes.exchange import from_message, to_message
from ..series import ASLSeries, Posterior, RVInsertion, Segmentation
from .finished import FinishedSeries
from .flow import measure_flow
from .heart import Place
from .publishing import publishing

JOB, ANSWER = "job.json", "answer.json"
FILES_UNKNOWN = (
    "a saved scene does not keep where the DICOM files lie, which they would refer to; "
    "`aslmyoseg run` writes them."
)

Tell = Callable[[str], None]
"""Is told what is done now."""


class Job(Protocol):
    """A frozen dataclass of what the library's types hold, one of `JOBS`; it can be done."""

    def run(self, tell: Tell) -> Any:
        """Do it; the answer is of the kind that `JOBS` says."""


@dataclass(frozen=True)
class MotionJob:
    """How the heart moved between frames; its result is a `Motion`."""

    series: ASLSeries
    masks: np.ndarray

    def run(self, tell: Tell) -> Any:
        tell("Measuring how the heart moved")
        return measure_motion(self.series, self.masks)


@dataclass(frozen=True)
class Exported:
    """What was written, and what has to be said of it.

    Attributes:
        report: path of the report.
        warnings: sentences for people.
    """

    report: Path
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class ExportJob:
    """Results of a series as files; its result is `Exported`.

    Attributes:
        folder: new or empty.
        flow_masks: of which flow is measured, bool (frame, slice, y, x).
        flow_posterior: by which their pixels are weighed: contours know better than passes.
        constants: of `quantify`.
        notes: sentences for people, to go before others.
        dicom: a file of the DICOM series that the images are of.
        heart: where a person said that it is, as `Place.parse` reads it.
    """

    folder: Path
    series: ASLSeries
    posterior: Posterior
    segmentation: Segmentation
    flow_masks: np.ndarray
    flow_posterior: Posterior
    points: RVInsertion | None
    constants: Mapping[str, Any]
    precision: float | None
    seconds: float
    notes: tuple[str, ...] = ()
    dicom: Path | None = None
    heart: str | None = None

    def run(self, tell: Tell) -> Exported:
        """Write.

        Raises:
            OutputError: where the folder holds something already, or cannot be written.
        """
        from .results import write_results  # matplotlib, which the panel does without

        self.check()
        tell(f"{self.series.name}: flow and motion")
        flow, warnings = measure_flow(
            self.series,
            self.segmentation,
            self.points,
            self.flow_posterior,
            self.constants,
            self.flow_masks,
        )
        warnings = (*self.notes, *warnings)
        sources = series_sources(self.dicom) if self.dicom is not None else ()
        if not sources and "SeriesDigest" in self.series.metadata:
            warnings = (*warnings, f"{NOT_WRITTEN}: {FILES_UNKNOWN}")
        motion = measure_motion(self.series, self.segmentation.masks)
        finished = FinishedSeries(
            series=self.series,
            posterior=self.posterior,
            segmentation=self.segmentation,
            flow=flow,
            motion=motion,
            points=self.points,
            warnings=warnings,
            precision=self.precision,
            seconds=self.seconds,
            heart=Place.parse(self.heart) if self.heart else None,
            sources=sources,
        )
        tell(f"{self.series.name}: writing files")
        layout = Layout(self.folder, self.series.name)
        with publishing(layout) as beside:
            write_results(beside, finished)
        return Exported(layout.report, tuple(read_json(layout.summary)["warnings"]))

    def check(self) -> None:
        """Raise `OutputError` where the folder holds something already."""
        folder = self.folder
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputError(
                f"{folder}: holds something already; choose an empty or a new folder."
            )


JOBS: dict[str, tuple[type, type]] = {
    "motion": (MotionJob, Motion),
    "export": (ExportJob, Exported),
}
"""Kinds of jobs, and of what they give."""


def write_job(job: Job, folder: str | Path) -> None:
    """Leave a job for `main` in a folder of one's own."""
    name = next(name for name, (kind, _) in JOBS.items() if isinstance(job, kind))
    content = {"kind": name, "job": to_message(job, folder)}
    Path(folder, JOB).write_text(json.dumps(content), encoding="utf-8")


def read_answer(folder: str | Path) -> Any:
    """What a job gave.

    Raises:
        ASLMyoSegError: what it raised, or that its process has ended before it was done.
    """
    path = Path(folder, ANSWER)
    if not path.is_file():
        raise ASLMyoSegError(
            "The process that did this has ended before it was done, maybe for want of memory; "
            "try again."
        )
    content = json.loads(path.read_text(encoding="utf-8"))
    if "error" in content:
        raise ASLMyoSegError(content["error"])
    return from_message(JOBS[content["kind"]][1], content["answer"], folder)


def main() -> None:
    """Do the job in the folder that the last argument names."""
    folder = Path(sys.argv[-1])
    content = json.loads((folder / JOB).read_text(encoding="utf-8"))
    kind = content["kind"]
    try:
        job = from_message(JOBS[kind][0], content["job"], folder)
        done = job.run(lambda step: print(json.dumps({"step": step}), flush=True))
        answer = {"kind": kind, "answer": to_message(done, folder)}
    except ASLMyoSegError as error:
        answer = {"error": str(error)}
    except Exception as error:
        traceback.print_exc()
        answer = {"error": f"Unexpected {type(error).__name__}: {error}"}
    beside = folder / f"{ANSWER}.part"
    beside.write_text(json.dumps(answer), encoding="utf-8")
    beside.replace(folder / ANSWER)
