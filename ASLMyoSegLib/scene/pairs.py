"""Rest and stress of one subject: which series belong to each other."""

from __future__ import annotations

from typing import Any

from .mrml import nodes_of
from .sequences import NAME

CONDITION = "ASLMyoSeg.condition"
CONDITIONS = ("rest", "stress")
OPENED = "ASLMyoSeg.opened"
"""Attribute of browsers: what was opened at once, so that a subject who is opened twice is not
compared with what was there before."""


def condition_of(browser: Any) -> str:
    """`rest` or `stress`."""
    return browser.GetAttribute(CONDITION)


def pair_of(scene: Any, browser: Any) -> dict[str, Any]:
    """Browsers by condition: the series itself, and its counterpart where there is one.

    Of several, the one that was opened with it, or else next to it.
    """
    every = nodes_of(scene, "vtkMRMLSequenceBrowserNode", "series")
    here = every.index(browser)
    others = [
        (one.GetAttribute(OPENED) != browser.GetAttribute(OPENED), abs(k - here), k)
        for k, one in enumerate(every)
        if condition_of(one) != condition_of(browser) and _subject(one) == _subject(browser)
    ]
    pair = {condition_of(browser): browser}
    if others:
        other = every[min(others)[-1]]
        pair[condition_of(other)] = other
    return {condition: pair[condition] for condition in CONDITIONS if condition in pair}


def _subject(browser: Any) -> str:
    return browser.GetAttribute(NAME).split("_")[0]
