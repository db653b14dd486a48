"""A paragraph for the methods of a paper, with the numbers and versions that were really used."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from ..resources import PAGES
from ..words import counted

REFERENCES = "references.bib"
CITED = {
    "do2020": "Do HP, Guo Y, Yoon AJ, Nayak KS. Magn Reson Med 2020; 83: 1863-1874.",
    "buxton1998": "Buxton RB, Frank LR, Wong EC, et al. Magn Reson Med 1998; 40: 383-396.",
    "cerqueira2002": "Cerqueira MD, Weissman NJ, Dilsizian V, et al. Circulation 2002; 105: "
    "539-542.",
}
"""How a paper is cited, by its key in ``references.bib``."""
CONSTANTS = {
    "partition_coefficient": ("partition coefficient", " mL/g"),
    "labelling_efficiency": ("labelling efficiency", ""),
    "t1_blood": ("T1 of blood", " s"),
    "t1_myocardium": ("T1 of myocardium", " s"),
    "arrival_time": ("arrival time", " s"),
}
MEASURED = {"kinetics", "weights", "pairs", "constants", "rotation_known"}
"""What is known of flow, but for that of early versions."""
Summary = Mapping[str, Any]


def references() -> str:
    """The papers as BibTeX."""
    return (PAGES / REFERENCES).read_text(encoding="utf-8")


def references_as_link() -> str:
    """The papers as a link that holds them, so that a page needs no file beside it."""
    content = b64encode(references().encode()).decode()
    return f"data:application/x-bibtex;base64,{content}"


def methods_section(summaries: Sequence[Summary], bibliography: str) -> str:
    """The paragraph as HTML, with its references; empty of no series.

    Args:
        summaries: of the series that it is about, as `run` writes them.
        bibliography: link to the BibTeX file.
    """
    if not summaries:
        return ""
    text = methods_text(summaries)
    order = sorted((key for key in CITED if f"[{key}]" in text), key=lambda k: text.index(f"[{k}]"))
    for number, key in enumerate(order, 1):
        text = text.replace(f"[{key}]", f"[{number}]")
    items = "".join(f"<li>{escape(CITED[key])}</li>" for key in order)
    return f"""<section class="methods"><h2>Methods, for a paper</h2><p>{escape(text)}</p>
<ol>{items}</ol><p class="facts"><a download="{REFERENCES}"
href="{escape(bibliography)}">BibTeX</a></p></section>"""


def methods_text(summaries: Sequence[Summary]) -> str:
    """The paragraph; papers stand in it as ``[do2020]``, and what differs between series with all
    its values."""
    parts = [_segmentation(summaries), _correction(summaries)]
    measured = [s["mbf"] for s in summaries if s["mbf"] and s["mbf"].keys() >= MEASURED]
    if measured:
        parts += [_flow(measured), _doubt(measured)]
    return " ".join(part for part in parts if part)


def _segmentation(summaries: Sequence[Summary]) -> str:
    models = _all(f"{s['model']['name']}, sha256 {s['model']['sha256'][:12]}" for s in summaries)
    frames = [frame for summary in summaries for frame in summary["frames"]]
    passes = _range([frame["trials"] for frame in frames])
    precisions = {summary["precision"] for summary in summaries}
    aim = ""
    if None not in precisions:
        percent = _all(f"{100 * p:g}" for p in precisions)
        aim = f", until the relative standard error of its MCD Uncertainty was below {percent} %"
    motion = {bool(summary["motion"]["corrected"]) for summary in summaries}
    moved = " after in-plane motion correction" if motion == {True} else ""
    return (
        f"The left-ventricular myocardium was segmented in {counted(len(frames), 'image')} of "
        f"{len(summaries)} series with ASLMyoSeg "
        f"{_all(str(s['version']) for s in summaries)} by a Monte Carlo dropout U-Net [do2020] "
        f"({models}){moved}. Each image took {passes} stochastic passes{aim}; a pixel belongs to "
        "the mask where its mean probability is 0.5 or more."
    )


def _correction(summaries: Sequence[Summary]) -> str:
    statuses = [f.get("status", "automatic") for s in summaries for f in s["frames"]]
    reviewed = {word: statuses.count(word) for word in ("corrected", "accepted")}
    if not any(reviewed.values()):
        return "No mask was corrected by hand."
    return (
        f"Of {len(statuses)} masks, {reviewed['corrected']} were corrected by hand and "
        f"{reviewed['accepted']} accepted after review."
    )


def _flow(measured: Sequence[Summary]) -> str:
    kinetics = {flow["kinetics"] for flow in measured}
    model = {
        "general": "the inverse of Buxton's general kinetic model [buxton1998], corrected for the "
        "readout",
        "paper": "MBF = 60 l (C - L) / (2 a M0 TI exp(-TI / T1 of blood)) [do2020]",
    }
    weights = {
        "posterior": "pixels weighted by how surely they are muscle",
        "mask": "all pixels of a mask alike",
    }
    pairs = _range([len(flow["pairs"]) for flow in measured])
    constants = "; ".join(
        f"{words} {_all(format(flow['constants'][key], 'g') for flow in measured)}{unit}"
        for key, (words, unit) in CONSTANTS.items()
        if all(isinstance(flow["constants"].get(key), int | float) for flow in measured)
    )
    return (
        f"Myocardial blood flow (MBF) was computed from {pairs} pairs of control and labelled "
        f"images by {' or '.join(model[k] for k in sorted(kinetics))}, "
        f"{' or '.join(weights[w] for w in sorted({f['weights'] for f in measured}))} "
        f"({constants}), for the whole myocardium and by AHA segment [cerqueira2002]."
    )


def _doubt(measured: Sequence[Summary]) -> str:
    guessed = sum(not flow["rotation_known"] for flow in measured)
    turned = (
        f" In {guessed} of {len(measured)} series no right-ventricular insertion points were "
        "given, and segments follow the standard display."
        if guessed
        else " Segments follow the right-ventricular insertion points."
    )
    return (
        "Physiological noise is the standard deviation of MBF over pairs; intervals of MBF are "
        f"those of 90 %, of pairs, passes and constants together.{turned}"
    )


def _all(values: Iterable[str]) -> str:
    """What there is, each once: ``1.55, 1.65``."""
    return ", ".join(sorted(set(values)))


def _range(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"
