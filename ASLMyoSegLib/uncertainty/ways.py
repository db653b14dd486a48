"""How the passes look at a series: the program's own way, and the paper's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    """What is done to images before and after each pass, and to the network before all of them.

    Attributes:
        name: for people and for files.
        field: mm a side of the square about the heart that is seen; None sees the whole field.
        window: pixels a side of what the network gets, black beyond the field; None as many as
            the field has.
        turns: 1, or 4: passes take turns to see the image turned by a quarter each.
        own_statistics: share, 0 to 1, that the series' own feature statistics have in batch
            normalisation, beside those of the training.
        one_heart: whether only the heart is kept of what passes mark (`heart.region`).
    """

    name: str
    field: float | None
    window: int | None
    turns: int
    own_statistics: float
    one_heart: bool


HEART = Way("heart", 200.0, 96, 4, 0.3, True)
"""The default: what holds best on real images (`Docs/window.md`)."""

PAPER = Way("paper", None, None, 1, 0.0, False)
"""As the paper did: the whole field as it is, and nothing but dropout."""

WAYS = {way.name: way for way in (HEART, PAPER)}
