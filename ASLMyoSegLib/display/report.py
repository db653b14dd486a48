"""The report: one page that a cardiologist reads at a glance, in one file."""

from __future__ import annotations

from collections import Counter
from html import escape
from math import hypot
from pathlib import Path
from typing import Any

import numpy as np

from ..series import ASLSeries, Posterior, Segmentation
from ..uncertainty.scores import doubtful_images
from ..words import counted
from .methods import methods_section, references_as_link
from .overlays import as_data_uri, draw_card, draw_scale, window_around

UNITS = {"inversion_time": " s", "pixel_size": " mm"}
"""Of what a person states."""
SIDES = {
    "geometry": "shown from the apex, the patient's right on the left",
    "assumed": "shown by the orientation in the file, which is no usual short axis",
    "unknown": "shown as stored: which side is left is unknown",
}
"""How images are shown, by what tells their sides."""
LARGEST_GALLERY = 240
"""Images that are shown; all are in the volumes beside the report."""
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1c2630; margin: 0 auto; max-width: 1180px;
  padding: 24px; }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 17px; margin: 28px 0 8px; }
.facts { color: #5a6672; font-size: 13px; }
.numbers { display: flex; flex-wrap: wrap; gap: 14px; margin: 18px 0; }
.number { border: 1px solid #dbe1e6; border-radius: 8px; padding: 10px 18px; }
.number b { display: block; font-size: 26px; } .number span { color: #5a6672; font-size: 13px; }
.warnings { background: #fff6e3; border-left: 4px solid #e0a100; padding: 8px 16px; }
.warnings ul { margin: 4px 0; padding-left: 18px; }
.flow { display: flex; flex-wrap: wrap; gap: 28px; align-items: center; }
.flow svg { width: 520px; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 3px 12px; border-bottom: 1px solid #e6eaee; }
th:nth-child(2), td:nth-child(2) { text-align: left; } th { color: #5a6672; font-weight: 600; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(270px, 1fr)); gap: 12px; }
figure { margin: 0; border: 1px solid #dbe1e6; border-radius: 6px; overflow: hidden;
  break-inside: avoid; }
figure.check { border: 2px solid #d9480f; }
figure img { width: 100%; display: block; background: #000; }
figcaption { padding: 6px 10px; font-size: 13px; } figcaption b { float: right; }
.flag { color: #d9480f; font-weight: 600; }
footer { margin-top: 28px; color: #7b8791; font-size: 12px; }
"""


def write_report(
    path: str | Path,
    *,
    series: ASLSeries,
    posterior: Posterior,
    segmentation: Segmentation,
    summary: dict[str, Any],
    bullseye_svg: str | None,
) -> None:
    """Write a self-contained HTML page; every text that came from a file is escaped.

    Args:
        path: of the page.
        series: the images.
        posterior: for the uncertainty maps.
        segmentation: the masks and their scores.
        summary: as in ``summary.json``.
        bullseye_svg: picture of the flow; None where there is no flow.
    """
    doubtful = doubtful_images(segmentation.mcd_uncertainty)
    page = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(series.name)}: myocardial ASL</title>
<style>{STYLE}</style></head><body>
<h1>Myocardial ASL: {escape(series.name)}</h1>
<p class="facts">{_facts(series, posterior, summary)}</p>{_patient(summary)}{_stated(summary)}
{_numbers(summary, int(doubtful.sum()), doubtful.size)}
{_warnings(summary["warnings"])}
{_flow(summary["mbf"], bullseye_svg)}
{_motion(summary)}
{_gallery(series, posterior, segmentation, doubtful)}
{methods_section([summary], references_as_link())}
<footer>Made by ASLMyoSeg {escape(summary["version"])}. Research software, not for clinical use.
</footer></body></html>
"""
    Path(path).write_text(page, encoding="utf-8")


def _facts(series: ASLSeries, posterior: Posterior, summary: dict[str, Any]) -> str:
    frames, slices, rows, columns = series.images.shape
    facts = [
        f"{counted(frames, 'frame')}, {counted(slices, 'slice')}, {columns}x{rows} pixels of "
        f"{series.geometry.spacing[0]:.2f} mm",
        SIDES[series.sides],
        f"model {summary['model']['name']} ({summary['model']['sha256'][:8]})",
        f"{_passes(posterior.trials)} Monte Carlo passes per image on {summary['device']}",
        f"{summary['seconds']:.0f} s",
    ]
    return escape(" · ".join(facts))


def _patient(summary: dict[str, Any]) -> str:
    """Who it is, where that was asked for."""
    known = summary.get("identifiers") or {}
    text = " · ".join(f"{key} {value}" for key, value in known.items())
    return f'<p class="facts">{escape(text)}</p>' if text else ""


def _stated(summary: dict[str, Any]) -> str:
    """What a person said of the files, which say something else or nothing."""
    known = dict(summary["stated"])
    if "volume_types" in known:
        counts = Counter(known["volume_types"])
        known["volume_types"] = [f"{count} {kind}" for kind, count in counts.items()]
    text = " · ".join(
        f"{key.replace('_', ' ')} {_listed(value)}{UNITS.get(key, '')}"
        for key, value in known.items()
    )
    return f'<p class="facts">Stated by hand: {escape(text)}</p>' if text else ""


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _numbers(summary: dict[str, Any], doubtful: int, images: int) -> str:
    flow, score = summary["mbf"], summary["mcd_uncertainty"]
    known = flow is not None and flow["global"]["mbf"] is not None
    mbf = f"{_value(flow['global']['mbf'])} ± {_value(flow['global']['pn'])}" if known else "none"
    within = _range(flow["global"]["interval90"]) if known else "n/a"
    doubt = "" if within == "n/a" else f"; 90 % interval {within}"
    cells = [
        (mbf, f"global MBF ± physiological noise, mL/g/min{doubt}"),
        (_value(score), "MCD Uncertainty, mean over images (lower is surer)"),
        (f"{doubtful} of {images}", "images to check first"),
    ]
    inner = "".join(f'<div class="number"><b>{v}</b><span>{t}</span></div>' for v, t in cells)
    return f'<div class="numbers">{inner}</div>'


def _warnings(warnings: list[str]) -> str:
    if not warnings:
        return ""
    items = "".join(f"<li>{escape(text)}</li>" for text in warnings)
    return f'<div class="warnings"><ul>{items}</ul></div>'


def _flow(flow: dict[str, Any] | None, svg: str | None) -> str:
    if flow is None or svg is None:
        return ""
    rows = "".join(
        f"<tr><td>{s['aha']}</td><td>{escape(s['name'])}</td><td>{_value(s['mbf'])}</td>"
        f"<td>{_range(s['interval90'])}</td><td>{_value(s['pn'])}</td>"
        f"<td>{_value(s['paper'])}</td><td>{s['pixels']:.0f}</td></tr>"
        for s in flow["segments"]
    )
    return f"""<h2>Blood flow by AHA segment</h2><div class="flow">{svg[svg.index("<svg") :]}
<table><tr><th>AHA</th><th>segment</th><th>MBF</th><th>90 % interval</th><th>PN</th>
<th>paper's</th><th>pixels</th></tr>{rows}</table>
</div><p class="facts">{escape(_way(flow))}</p>"""


def _way(flow: dict[str, Any]) -> str:
    """How flow was measured, and how the paper's number differs."""
    kinetics = {
        "general": "Buxton's general model inverted and corrected for the readout",
        "paper": "the paper's formula",
    }[flow["kinetics"]]
    weights = {
        "posterior": "pixels weighted by how surely they are muscle",
        "mask": "all pixels of a mask alike",
    }[flow["weights"]]
    ours, theirs = flow["global"]["mbf"], flow["global"]["paper"]
    text = f"Kinetics {flow['kinetics']}: {kinetics}; weights {flow['weights']}: {weights}."
    if ours and theirs:
        text += (
            f" The paper's formula and the plain mean over the mask give a global flow of "
            f"{_value(theirs)} mL/g/min, {100 * (theirs / ours - 1):+.0f} %."
        )
    return text


def _range(interval: list[float | None]) -> str:
    return "n/a" if None in interval else " to ".join(map(_value, interval))


def _motion(summary: dict[str, Any]) -> str:
    """How far the heart lies from its usual place in each frame; a warning names those far off."""
    limit, corrected = summary["motion"]["limit_mm"], summary["motion"]["corrected"]
    rows = []
    for frame in summary["frames"]:
        known = None not in frame["shift_pixels"]
        down, right = frame["shift_pixels"] if known else (float("nan"),) * 2
        flag = ' <span class="flag">moved</span>' if frame["moved"] else ""
        rows.append(
            f"<tr><td>{frame['index']}</td><td>{escape(frame['volume_type'])}</td>"
            f"<td>{frame['slice']}</td><td>{_value(down)}</td><td>{_value(right)}</td>"
            f"<td>{_value(hypot(down, right))}{flag}</td></tr>"
        )
    moved = sum(frame["moved"] for frame in summary["frames"])
    words = "corrected: frames were moved back" if corrected else "not corrected"
    return f"""<h2>Motion between frames</h2>
<details><summary>Images more than {limit:g} mm from the usual place of
the heart: {moved} of {len(rows)}; {words}.</summary>
<table><tr><th>frame</th><th>kind</th><th>slice</th><th>down, pixels</th><th>right, pixels</th>
<th>distance, pixels</th></tr>{"".join(rows)}</table></details>"""


def _gallery(
    series: ASLSeries, posterior: Posterior, segmentation: Segmentation, doubtful: np.ndarray
) -> str:
    scores = segmentation.mcd_uncertainty
    keys = np.where(np.isfinite(scores), scores, np.inf)
    order = np.argsort(-keys, axis=None, kind="stable")[:LARGEST_GALLERY]
    spacing = series.geometry.spacing[1::-1]
    windows = [window_around(segmentation.masks[:, k], spacing) for k in range(scores.shape[1])]
    cards = []
    for frame, k in zip(*np.unravel_index(order, scores.shape), strict=True):
        figure = draw_card(
            series.images[frame, k],
            segmentation.masks[frame, k],
            posterior.std[frame, k],
            windows[k],
            spacing,
        )
        pixels = int(segmentation.masks[frame, k].sum())
        time = series.inversion_time[frame]
        words = [f"frame {frame}", f"slice {k}" if scores.shape[1] > 1 else ""]
        words += [series.volume_types[frame], f"TI {time:.2f} s" if np.isfinite(time) else ""]
        words += [counted(pixels, "pixel") if pixels else "no muscle found"]
        flag = ' <span class="flag">check</span>' if doubtful[frame, k] else ""
        cards.append(
            f'<figure class="{"check" if doubtful[frame, k] else ""}">'
            f'<img alt="frame {frame}" src="{as_data_uri(figure)}">'
            f"<figcaption><b>{_value(scores[frame, k])}{_interval(posterior, frame, k)}</b>"
            f"{escape(' · '.join(w for w in words if w))}{flag}</figcaption></figure>"
        )
    left_out = f": {len(order)} of {scores.size}" if len(order) < scores.size else ""
    return f"""<h2>Images, most doubtful first{left_out}</h2>
<p class="facts">Left: the image with the outlined muscle. Right: where the passes disagree
(standard deviation) <img alt="scale" style="vertical-align: middle; height: 42px"
src="{as_data_uri(draw_scale())}"> The number is the image's MCD Uncertainty, with the
95 % interval over repeated runs.</p>
<div class="cards">{"".join(cards)}</div>"""


def _interval(posterior: Posterior, frame: int, k: int) -> str:
    if posterior.mcd_interval is None or not np.isfinite(posterior.mcd_interval[frame, k]).all():
        return ""
    low, high = posterior.mcd_interval[frame, k]
    return f' <span class="facts">{low:.2f} to {high:.2f}</span>'


def _passes(trials: np.ndarray) -> str:
    fewest, most = int(np.min(trials)), int(np.max(trials))
    return f"{most}" if fewest == most else f"{fewest} to {most}"


def _value(value: float | None) -> str:
    return "n/a" if value is None or not np.isfinite(value) else f"{value:.2f}"
