"""Many finished series as one study: a table of flow for statistics, and a page over them all."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..display.cohort_page import CohortSeries, write_page
from ..display.methods import methods_section, references
from ..errors import ASLMyoSegError, OutputError, SeriesError
from ..io.files import read_json, read_text, replacing, write_json
from ..io.results import LOGS, Layout, find_results
from ..uncertainty.scores import doubtful_images
from .choosing import entities_of
from .failures import find_failures
from .results import THUMBNAIL
from .summary import MBF_UNIT

PAGE = "index.html"
TABLE = "group_mbf.tsv"

NEEDED = ("series", "version", "model", "precision", "motion", "frames", "mbf", "mcd_uncertainty")
"""What a summary must tell."""

COLUMNS: dict[str, dict[str, str]] = {
    "participant_id": {"Description": "participant, as BIDS names it; n/a where names do not tell"},
    "session_id": {"Description": "session, as BIDS names it"},
    "condition": {"Description": "rest or stress, where the name of the series tells"},
    "series": {"Description": "name of the series; its results lie in a folder of this study"},
    "aha": {"Description": "AHA segment (Cerqueira 2002); 0 is the whole myocardium"},
    "mbf": {"Description": "myocardial blood flow, mean over pairs", "Units": MBF_UNIT},
    "mbf_low": {"Description": "lower end of the 90 % interval of flow", "Units": MBF_UNIT},
    "mbf_high": {"Description": "upper end of the 90 % interval of flow", "Units": MBF_UNIT},
    "pn": {
        "Description": "physiological noise: standard deviation of flow over pairs",
        "Units": MBF_UNIT,
    },
    "spread": {
        "Description": "standard deviation of flow over Monte Carlo passes: what the segmentation "
        "leaves open",
        "Units": MBF_UNIT,
    },
    "pixels": {"Description": "mean number of mask pixels per control or label image"},
    "mcd_uncertainty": {"Description": "MCD Uncertainty of the series, mean over its images"},
    "images_to_check": {"Description": "images of the series that a person should look at"},
    "images_corrected": {"Description": "images of the series whose mask a person corrected"},
}


@dataclass(frozen=True)
class Found:
    """One finished series of a study, as its summary tells it."""

    layout: Layout
    summary: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.summary["series"])

    @property
    def entities(self) -> dict[str, str]:
        """BIDS entities in the name: ``sub``, ``ses``, ``acq`` and so on."""
        return entities_of(self.name)

    @property
    def condition(self) -> str:
        """`rest`, `stress`, or nothing where the name does not tell."""
        words = re.split(r"[^a-z]+", self.name.lower())
        return next((word for word in ("rest", "stress") if word in words), "")

    @property
    def doubtful(self) -> int:
        """Images that a person should look at, and nobody has."""
        scores = np.array([_number(f["mcd_uncertainty"]) for f in self.summary["frames"]])
        reviewed = np.array([status != "automatic" for status in self._statuses])
        return int((doubtful_images(scores) & ~reviewed).sum())

    @property
    def corrected(self) -> int:
        """Images whose mask a person corrected."""
        return self._statuses.count("corrected")

    @property
    def _statuses(self) -> list[str]:
        return [frame.get("status", "automatic") for frame in self.summary["frames"]]

    @property
    def score(self) -> float:
        """MCD Uncertainty, mean over images."""
        return _number(self.summary["mcd_uncertainty"])

    def by_doubt(self) -> tuple[float, float]:
        """Key that puts the most doubtful series first; one without a score before all of its
        share."""
        return -self.doubtful / len(self.summary["frames"]), -np.nan_to_num(self.score, nan=9)

    @property
    def farthest(self) -> float:
        """Pixels that the heart lies from its usual place in the frame that moved most; or NaN."""
        shifts = [
            np.hypot(*map(_number, frame["shift_pixels"])) for frame in self.summary["frames"]
        ]
        return float(np.nanmax(shifts)) if np.isfinite(shifts).any() else float("nan")


def write_cohort(
    output: str | Path, participants: str | Path | None = None, by: str = "group"
) -> Path:
    """Write page and table over all series whose results lie beneath a folder; path of the page.

    Args:
        output: folder of a `run` over many series.
        participants: BIDS ``participants.tsv``, by one of whose columns mean flow is drawn for
            each group.
        by: that column.

    Raises:
        OutputError: where there are no results, or the files cannot be written.
        SeriesError: where the participants' file lacks, or has no such column.
    """
    output = Path(output)
    groups = _groups(Path(participants), by) if participants is not None else {}
    found, failures = list(find_finished(output)), list(find_failures(output))
    if not found and not failures:
        raise OutputError(f"{output}: holds no results of `aslmyoseg run`.")
    with replacing(output / TABLE) as beside:
        beside.write_text(_table(found), encoding="utf-8")
    write_json((output / TABLE).with_suffix(".json"), COLUMNS)
    rows = [_row(one, output, groups) for one in found]
    bibliography = output / LOGS / "CITATION.bib"
    with replacing(bibliography) as beside:
        beside.write_text(references(), encoding="utf-8")
    cited = bibliography.relative_to(output).as_posix()
    with replacing(output / PAGE) as beside:
        write_page(beside, rows, failures, methods_section([f.summary for f in found], cited))
    return output / PAGE


def wanting_a_person(output: Path) -> list[Found]:
    """Finished series with images that somebody should look at, the most doubtful first.

    Raises:
        OutputError: where there are no results.
    """
    found = list(find_finished(output))
    if not found:
        raise OutputError(f"{output}: holds no results of `aslmyoseg run`.")
    wanting = [one for one in found if one.doubtful]
    return sorted(wanting, key=Found.by_doubt)


def find_finished(output: Path) -> Iterator[Found]:
    """Finished series beneath a folder, in order of their places; what is hidden or damaged is not
    one."""
    for layout in find_results(output):
        try:
            summary = read_json(layout.summary)
            {key: summary[key] for key in NEEDED}
        except (ASLMyoSegError, KeyError):
            continue
        yield Found(layout, summary)


def _table(found: Sequence[Found]) -> str:
    """One row for each series and segment; what is not known is n/a, as BIDS has it."""
    buffer = io.StringIO()
    table = csv.DictWriter(buffer, list(COLUMNS), delimiter="\t", lineterminator="\n")
    table.writeheader()
    for one in found:
        names = one.entities
        flow = one.summary["mbf"]
        for part in [{"aha": 0, **flow["global"]}, *flow["segments"]] if flow else ():
            low, high = part.get("interval90") or (None, None)
            values = {
                "participant_id": f"sub-{names['sub']}" if "sub" in names else None,
                "session_id": f"ses-{names['ses']}" if "ses" in names else None,
                "condition": one.condition or None,
                "series": one.name,
                "aha": part["aha"],
                "mbf": part["mbf"],
                "mbf_low": low,
                "mbf_high": high,
                "pn": part["pn"],
                "spread": part.get("spread_over_passes"),
                "pixels": part.get("pixels"),
                "mcd_uncertainty": one.summary["mcd_uncertainty"],
                "images_to_check": one.doubtful,
                "images_corrected": one.corrected,
            }
            table.writerow({key: "n/a" if v is None else v for key, v in values.items()})
    return buffer.getvalue()


def _row(one: Found, output: Path, groups: Mapping[str, str]) -> CohortSeries:
    flow, names = one.summary["mbf"], one.entities
    whole = flow["global"] if flow else {}
    low, high = whole.get("interval90") or (None, None)
    picture = one.layout.figure(THUMBNAIL)
    participant = f"sub-{names['sub']}" if "sub" in names else ""
    return CohortSeries(
        name=one.name,
        participant=participant,
        session=names.get("ses", ""),
        condition=one.condition,
        group=groups.get(participant, ""),
        report=one.layout.report.relative_to(output).as_posix(),
        thumbnail=picture.relative_to(output).as_posix() if picture.is_file() else "",
        score=one.score,
        doubtful=one.doubtful,
        images=len(one.summary["frames"]),
        mbf=_number(whole.get("mbf")),
        interval=(_number(low), _number(high)),
        error_alone=_number(whole.get("error_without_constants")),
        freedom=_number(whole.get("degrees_of_freedom")),
        pn=_number(whole.get("pn")),
        motion=one.farthest,
        segments={int(s["aha"]): _number(s["mbf"]) for s in flow["segments"]} if flow else {},
        sides=flow.get("sides", "geometry") if flow else "unknown",
        warnings=tuple(map(str, one.summary.get("warnings", ()))),
    )


def _groups(participants: Path, column: str) -> dict[str, str]:
    """What a column of a BIDS ``participants.tsv`` says of each participant.

    Raises:
        SeriesError: where the file cannot be read, or has no such column.
    """
    table = csv.DictReader(read_text(participants).splitlines(), delimiter="\t")
    columns = table.fieldnames or []
    for needed in ("participant_id", column):
        if needed not in columns:
            raise SeriesError(
                f"{participants}: has no column {needed!r}, but {', '.join(columns)[:200]}."
            )
    return {row["participant_id"]: row[column] or "" for row in table}


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
