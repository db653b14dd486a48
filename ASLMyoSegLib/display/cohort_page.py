"""The page over a study: one row a series, most doubtful first, and how the whole lies.

One HTML file that works offline from the folder of results; nothing in it is fetched but the
thumbnails and reports beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

import numpy as np

from .. import __version__
from ..perfusion.doubt import reserve
from ..resources import PAGES
from .bullseye import bullseye_svg, draw_bullseye
from .strips import Point, draw_strip

CONDITIONS = ("rest", "stress")

SUREST = ("points", "geometry", "assumed", "unknown")
"""What tells sides, the surest first."""


@dataclass(frozen=True)
class CohortSeries:
    """One series of a study; numbers that are not known are NaN, texts empty.

    Attributes:
        name: of the series.
        participant: ``sub-01``.
        session: label of the session.
        condition: `rest`, `stress` or nothing.
        group: of the participant.
        report: link to its report, relative to the page.
        thumbnail: link to a small picture of one outlined image.
        score: MCD Uncertainty, mean over images.
        doubtful: images that a person should look at.
        images: of the series.
        mbf: flow of the whole muscle, mL/g/min.
        interval: 90 % interval of that flow.
        error_alone, freedom: its standard error without that of constants, mL/g/min, and degrees of
            freedom.
        pn: physiological noise, mL/g/min.
        motion: pixels, of the frame that lies farthest off.
        segments: flow by AHA segment, mL/g/min.
        sides: whence those of the walls are known, as of an `MBFResult`.
        warnings: sentences for people.
    """

    name: str
    participant: str
    session: str
    condition: str
    group: str
    report: str
    thumbnail: str
    score: float
    doubtful: int
    images: int
    mbf: float
    interval: tuple[float, float]
    error_alone: float
    freedom: float
    pn: float
    motion: float
    segments: Mapping[int, float]
    sides: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Failure:
    """A series that could not be done, and why."""

    source: str
    reason: str


@dataclass(frozen=True)
class Pair:
    """Rest and stress of one participant and session."""

    rest: CohortSeries
    stress: CohortSeries

    @property
    def reserve(self) -> tuple[float, float, float]:
        """Myocardial perfusion reserve: flow under stress over flow at rest, and its 90 %
        interval."""
        return reserve(self.rest, self.stress)

    @property
    def name(self) -> str:
        session = self.rest.session
        return self.rest.participant + (f" ses-{session}" if session else "")


def write_page(
    path: Path,
    series: Sequence[CohortSeries],
    failures: Sequence[Failure],
    methods: str = "",
) -> None:
    """Write the page; every text that came from a file is escaped.

    Args:
        path: of the page.
        series: that were done.
        failures: series that were not.
        methods: the paragraph for a paper, as HTML.
    """
    ordered = sorted(series, key=lambda s: (-s.doubtful / s.images, -np.nan_to_num(s.score, nan=9)))
    pairs = pair_up(series)
    check = sum(one.doubtful > 0 for one in series)
    style = (PAGES / "cohort.css").read_text(encoding="utf-8")
    script = (PAGES / "cohort.js").read_text(encoding="utf-8")
    page = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Myocardial blood flow: all series</title>
<meta name="viewport" content="width=device-width"><style>{style}</style></head><body>
<h1>Myocardial blood flow</h1>
<p class="facts">{len(series)} series · {check} with images to check ·
{len(failures)} failed · flow per series and segment: <a href="group_mbf.tsv">group_mbf.tsv</a></p>
{_failed(failures)}
<h2>How the series lie</h2>{_strips(series, pairs)}
{_bullseyes(series)}{_pairs(pairs)}
<h2>Series, most doubtful first</h2>{_table(ordered)}
{methods}
<footer>Made by ASLMyoSeg {escape(__version__)}. Research software, not for clinical use.</footer>
<script>{script}</script></body></html>
"""
    path.write_text(page, encoding="utf-8")


def pair_up(series: Sequence[CohortSeries]) -> list[Pair]:
    """Rest and stress of each participant and session of which there is one of each."""
    places: dict[tuple[str, str], dict[str, list[CohortSeries]]] = {}
    for one in series:
        if one.participant and one.condition:
            both = places.setdefault((one.participant, one.session), {})
            both.setdefault(one.condition, []).append(one)
    return [
        Pair(both["rest"][0], both["stress"][0])
        for _, both in sorted(places.items())
        if all(len(both.get(condition, ())) == 1 for condition in CONDITIONS)
    ]


def _failed(failures: Sequence[Failure]) -> str:
    if not failures:
        return ""
    items = "".join(
        f"<li><b>{escape(f.source)}</b>: {escape(f.reason.removeprefix(f'{f.source}: '))}</li>"
        for f in failures
    )
    return f'<section class="failed"><h2>Could not be done</h2><ul>{items}</ul></section>'


def _strips(series: Sequence[CohortSeries], pairs: Sequence[Pair]) -> str:
    def points(value: str, condition: str = "") -> list[Point]:
        chosen = [s for s in series if not condition or s.condition == condition]
        return [Point(getattr(s, value), s.name, _link(s.report)) for s in chosen]

    strips = [
        ("MCD Uncertainty", points("score")),
        ("MBF at rest, mL/g/min", points("mbf", "rest")),
        ("MBF under stress, mL/g/min", points("mbf", "stress")),
        ("Reserve", [Point(p.reserve[0], p.name, _link(p.stress.report)) for p in pairs]),
        ("Physiological noise, mL/g/min", points("pn")),
        ("Motion, pixels", points("motion")),
    ]
    drawn = "".join(draw_strip(title, its) for title, its in strips)
    return f'<div class="strips">{drawn}</div>'


def _bullseyes(series: Sequence[CohortSeries]) -> str:
    """Mean flow of each condition, and of each group where there are any."""
    pictures = []
    groups = sorted({s.group for s in series if s.group}) or [""]
    for condition in CONDITIONS:
        for group in groups:
            chosen = [s for s in series if s.condition == condition and s.group == group]
            chosen = [s for s in chosen if s.segments and s.sides != "unknown"]
            if len(chosen) < 2:
                continue
            title = f"{condition}{f', {group}' if group else ''}: mean of {len(chosen)}"
            numbers = sorted({number for s in chosen for number in s.segments})
            values = {n: np.array([s.segments.get(n, np.nan) for s in chosen]) for n in numbers}
            figure = draw_bullseye(
                {n: float(np.nanmean(v)) for n, v in values.items() if np.isfinite(v).any()},
                {n: float(np.nanstd(v)) for n, v in values.items() if np.isfinite(v).any()},
                title=title,
                sides=max((s.sides for s in chosen), key=SUREST.index),
            )
            pictures.append(f"<figure>{bullseye_svg(figure)}</figure>")
    if not pictures:
        return ""
    return f"""<h2>Mean flow</h2><p class="facts">± is the standard deviation over the series.
Those whose sides are unknown are left out.</p>
<div class="bullseyes">{"".join(pictures)}</div>"""


def _pairs(pairs: Sequence[Pair]) -> str:
    if not pairs:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(pair.name)}</th>{_flow_cell(pair.rest)}'
        f"{_flow_cell(pair.stress)}<td>{_value(pair.reserve[0])}{_interval(pair.reserve[1:])}</td></tr>"
        for pair in pairs
    )
    return f"""<h2>Rest and stress</h2><table><thead><tr><th>participant</th><th>rest, mL/g/min</th>
<th>stress, mL/g/min</th><th>reserve</th></tr></thead><tbody>{rows}</tbody></table>"""


def _flow_cell(one: CohortSeries) -> str:
    return f'<td><a href="{_link(one.report)}">{_value(one.mbf)}</a>{_interval(one.interval)}</td>'


def _table(series: Sequence[CohortSeries]) -> str:
    heads = ["series", "condition", "to check", "MCD Uncertainty", "MBF, mL/g/min", "PN", "motion"]
    head = "".join(f'<th><button type="button">{name}</button></th>' for name in heads)
    rows = "".join(map(_series_row, series))
    return f"""<p><label>Filter <input id="filter" type="search" size="24"
placeholder="name, condition, check"></label> <span id="shown" class="facts"></span></p>
<table id="series"><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"""


def _series_row(one: CohortSeries) -> str:
    picture = (
        f'<img loading="lazy" alt="" width="72" height="72" src="{_link(one.thumbnail)}">'
        if one.thumbnail
        else ""
    )
    flag = '<span class="flag">check</span> ' if one.doubtful else ""
    warned = f'<br><span class="facts">{escape(one.warnings[0])}</span>' if one.warnings else ""
    cells = [
        (one.name, f'<a href="{_link(one.report)}">{escape(one.name)}</a>{warned}'),
        (one.condition, escape(one.condition)),
        (one.doubtful / one.images, f"{flag}{one.doubtful} of {one.images}"),
        (one.score, _value(one.score)),
        (one.mbf, _value(one.mbf) + _interval(one.interval)),
        (one.pn, _value(one.pn)),
        (one.motion, _value(one.motion)),
    ]
    columns = "".join(f'<td data-key="{escape(str(key))}">{cell}</td>' for key, cell in cells)
    return f"<tr><td>{picture}</td>{columns}</tr>"


def _interval(ends: tuple[float, ...]) -> str:
    low, high = ends
    if np.isfinite(low) and np.isinf(high):
        return f' <span class="facts">{low:.2f} or more</span>'
    if not np.isfinite([low, high]).all():
        return ""
    return f' <span class="facts">{low:.2f} to {high:.2f}</span>'


def _link(path: str) -> str:
    return escape(quote(path))


def _value(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "n/a"
