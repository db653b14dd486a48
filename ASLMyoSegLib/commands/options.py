"""Types of options, those that several commands share, and what a person states of files."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import SeriesError
from ..uncertainty import DEFAULT_PRECISION, PAPER_TRIALS

if TYPE_CHECKING:
    from ..io import Hints

MOST_FRAMES = 100_000


class Device(str, Enum):
    """Where the network runs."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


Model = Annotated[Path | None, typer.Option("--model", help="Weights; default: those shipped.")]
Trials = Annotated[
    int | None,
    typer.Option(min=2, help=f"Monte Carlo passes per image; the paper took {PAPER_TRIALS}."),
]
Precision = Annotated[
    float | None,
    typer.Option(
        help="As many passes as bring the relative standard error of every image's MCD Uncertainty "
        f"below this; {DEFAULT_PRECISION} where no --trials are given."
    ),
]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of everything random.")]
OnDevice = Annotated[Device, typer.Option("--device", help="auto takes a GPU where there is one.")]
VolumeTypes = Annotated[
    str | None,
    typer.Option(
        metavar="WORDS",
        help="What each frame is, whatever files say: m0scan,(control,label)*6; of one image "
        "alone: control.",
    ),
]
InversionTime = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Of control and label frames, whatever files say."),
]
Variable = Annotated[
    str | None, typer.Option(metavar="NAME", help="Of the images in a MATLAB file.")
]
Axes = Annotated[
    str | None,
    typer.Option(
        metavar="WORDS",
        help="What the axes are, in the order of their sizes: y,x,slice,frame or y,x,frame.",
    ),
]
PixelSize = Annotated[
    str | None,
    typer.Option(metavar="MM", help="Along x, along y, and from slice to slice: 1.9,1.9,8."),
]


def hints_of(
    volume_types: str | None,
    inversion_time: float | None,
    variable: str | None,
    axes: str | None,
    pixel_size: str | None,
) -> Hints:
    """What the options state.

    Raises:
        SeriesError: where one of them cannot be understood.
    """
    from ..io import Hints

    return Hints(
        volume_types=None if volume_types is None else _volume_types(volume_types),
        inversion_time=inversion_time,
        variable=variable,
        axes=None if axes is None else tuple(axes.replace(" ", "").lower().split(",")),
        pixel_size=None if pixel_size is None else _lengths(pixel_size),
    )


def refuse_both(trials: int | None, precision: float | None) -> None:
    """Refuse a number of trials together with a precision."""
    if trials is not None and precision is not None:
        raise typer.BadParameter("give either trials or a precision.", param_hint="--precision")


def _volume_types(text: str) -> tuple[str, ...]:
    """``m0scan,(control,label)*2`` written out."""
    plain = re.sub(r"\s", "", text).lower()
    part = r"(\w+|\(\w+(?:,\w+)*\))(?:\*(\d{1,6}))?"
    if not re.fullmatch(rf"{part}(?:,{part})*", plain):
        raise SeriesError(
            f"--volume-types {text[:60]!r}: cannot be understood; write one word for each frame, "
            "such as m0scan,control,label,control,label or m0scan,(control,label)*2."
        )
    words: list[str] = []
    for match in re.finditer(part, plain):
        words += match[1].strip("()").split(",") * int(match[2] or 1)
        if len(words) > MOST_FRAMES:
            raise SeriesError(f"--volume-types {text[:60]!r}: more than {MOST_FRAMES} frames.")
    return tuple(words)


def _lengths(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise SeriesError(
            f"--pixel-size {text[:60]!r}: give two or three lengths in mm, such as 1.9,1.9."
        ) from None
