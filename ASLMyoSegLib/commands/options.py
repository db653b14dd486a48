"""Types of options, those that several commands share, and what a person states of files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from ..errors import SeriesError
from ..uncertainty import DEFAULT_PRECISION, PAPER_TRIALS

if TYPE_CHECKING:
    from ..io import Hints
    from ..run.choosing import Choice
    from ..run.flow import FlowOptions

MOST_FRAMES = 100_000


class Device(str, Enum):
    """Where the network runs."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Ways(str, Enum):
    """How passes look at the images."""

    heart = "heart"
    paper = "paper"


class Kinetics(str, Enum):
    """The model of flow."""

    general = "general"
    paper = "paper"


class Weights(str, Enum):
    """Which pixels of a mask count."""

    posterior = "posterior"
    mask = "mask"


PASSES = "Network and passes"
OF_FLOW = "How flow is measured"
STATED = "What files do not say"
OF_BIDS = "Which series of a BIDS data set, and how many at once"

Model = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="FILE",
        help="Weights; default: those shipped.",
        rich_help_panel=PASSES,
    ),
]
Trials = Annotated[
    int | None,
    typer.Option(
        min=2,
        metavar="N",
        help=f"Monte Carlo passes per image; the paper took {PAPER_TRIALS}.",
        rich_help_panel=PASSES,
    ),
]
Precision = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        rich_help_panel=PASSES,
        help="As many passes as bring the relative standard error of every image's MCD Uncertainty "
        f"below this; {DEFAULT_PRECISION} where no --trials are given.",
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        min=0,
        max=2**32 - 1,
        metavar="N",
        help="Of everything random.",
        rich_help_panel=PASSES,
    ),
]
OnDevice = Annotated[
    Device,
    typer.Option(
        "--device",
        metavar="NAME",
        help=f"{', '.join(Device)}; auto takes a GPU where there is one.",
        rich_help_panel=PASSES,
    ),
]


Participants = Annotated[
    list[str] | None,
    typer.Option(
        "--participant-label",
        metavar="LABEL",
        help="Only these participants: 01 or sub-01; several times, or 01,02.",
        rich_help_panel=OF_BIDS,
    ),
]
Sessions = Annotated[
    list[str] | None,
    typer.Option(
        "--session-label",
        metavar="LABEL",
        help="Only these sessions.",
        rich_help_panel=OF_BIDS,
    ),
]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="ENTITY=LABEL",
        help="Only series whose name has this entity: acq=rest, run=1.",
        rich_help_panel=OF_BIDS,
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs",
        min=1,
        max=1024,
        metavar="N",
        help="Series done side by side.",
        rich_help_panel=OF_BIDS,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Tell what would be done, and what not and why; do nothing.",
        rich_help_panel=OF_BIDS,
    ),
]


def choice_of(
    participants: list[str] | None, sessions: list[str] | None, filters: list[str] | None
) -> Choice:
    """Which series are to be taken.

    Raises:
        SeriesError: where a filter is none.
    """
    from ..run.choosing import Choice

    entities = {}
    for text in _separate(filters):
        entity, equals, label = text.partition("=")
        if not (entity.isalpha() and equals and label.isalnum()):
            raise SeriesError(f"--filter {text}: write an entity and its label, such as acq=rest.")
        entities[entity] = label
    return Choice(_separate(participants), _separate(sessions), entities)


def _separate(texts: list[str] | None) -> tuple[str, ...]:
    """Parts of texts with commas between."""
    return tuple(part.strip() for text in texts or () for part in text.split(",") if part.strip())


def stating(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options by which a person states what files do not say; it gets them as
    `hints`."""

    @wraps(command)
    def with_options(**options: Any) -> None:
        stated = {name: options.pop(name) for name in signature(hints_of).parameters}
        command(hints=hints_of(**stated), **options)

    parameters = [
        parameter.replace(annotation=annotation)
        for function in (command, hints_of)
        for parameter, annotation in _annotated(function)
        if parameter.name != "hints"
    ]
    with_options.__signature__ = Signature(parameters)
    with_options.__annotations__ = {p.name: p.annotation for p in parameters}
    return with_options


def _annotated(function: Callable[..., Any]) -> Iterator[tuple[Parameter, Any]]:
    types = get_type_hints(function, localns={"Hints": object}, include_extras=True)
    for parameter in signature(function).parameters.values():
        yield parameter, types[parameter.name]


InWay = Annotated[
    Ways,
    typer.Option(
        "--way",
        metavar="NAME",
        help="heart: find it, look at it closely, mark nothing else; paper: the whole field, "
        "nothing but dropout.",
        rich_help_panel=PASSES,
    ),
]
Heart = Annotated[
    str | None,
    typer.Option(
        "--heart",
        metavar="PLACE",
        help="Where it is: column and row of a pixel as stored, from 0 (48,50), or right, anterior "
        "and superior as Slicer shows them (12.5mm,-30mm,41mm); default: it is looked for.",
        rich_help_panel=PASSES,
    ),
]
OfKinetics = Annotated[
    Kinetics | None,
    typer.Option(
        "--kinetics",
        metavar="NAME",
        rich_help_panel=OF_FLOW,
        help="general (Buxton's model, readout corrected; default) or paper (its formula).",
    ),
]
OfWeights = Annotated[
    Weights | None,
    typer.Option(
        "--weights",
        metavar="NAME",
        rich_help_panel=OF_FLOW,
        help="Pixels of a mask count by how surely they are muscle (posterior; default) or all "
        "alike (mask), as in the paper.",
    ),
]
Haematocrit = Annotated[
    float | None,
    typer.Option(
        min=0.1,
        max=0.7,
        metavar="SHARE",
        help="0.42, for instance; it tells T1 of blood.",
        rich_help_panel=OF_FLOW,
    ),
]
T1Myocardium = Annotated[
    str | None,
    typer.Option(
        metavar="S|FILE",
        rich_help_panel=OF_FLOW,
        help="Native T1 of muscle: a number, or a map in seconds; default: by field strength.",
    ),
]


def flow_options(
    kinetics: Kinetics | None,
    weights: Weights | None,
    haematocrit: float | None,
    t1_myocardium: str | None,
) -> FlowOptions:
    """How flow is to be measured."""
    from ..run.flow import FlowOptions

    t1: float | Path | None = None
    if t1_myocardium is not None:
        try:
            t1 = float(t1_myocardium)
        except ValueError:
            t1 = Path(t1_myocardium)
    return FlowOptions(
        kinetics.value if kinetics else None, weights.value if weights else None, haematocrit, t1
    )


def hints_of(
    *,
    volume_types: Annotated[
        str | None,
        typer.Option(
            metavar="WORDS",
            rich_help_panel=STATED,
            help="What each frame is, whatever files say: m0scan,(control,label)*6, or n/a; of "
            "one image alone: control.",
        ),
    ] = None,
    skip_frames: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBERS",
            help="Frames to leave out; the first is 0: 3,7-9.",
            rich_help_panel=STATED,
        ),
    ] = None,
    inversion_time: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            help="Of control and label frames, whatever files say.",
            rich_help_panel=STATED,
        ),
    ] = None,
    variable: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Of the images in a MATLAB file.", rich_help_panel=STATED
        ),
    ] = None,
    axes: Annotated[
        str | None,
        typer.Option(
            metavar="WORDS",
            rich_help_panel=STATED,
            help="What the axes are, in the order of their sizes: y,x,slice,frame or y,x,frame.",
        ),
    ] = None,
    pixel_size: Annotated[
        str | None,
        typer.Option(
            metavar="MM",
            help="Along x, along y, and from slice to slice: 1.9,1.9,8.",
            rich_help_panel=STATED,
        ),
    ] = None,
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
        skip_frames=None if skip_frames is None else _frames(skip_frames),
    )


def refuse_both(trials: int | None, precision: float | None) -> None:
    """Refuse a number of trials together with a precision."""
    if trials is not None and precision is not None:
        raise typer.BadParameter("give either trials or a precision.", param_hint="--precision")


def _volume_types(text: str) -> tuple[str, ...]:
    """``m0scan,(control,label)*2`` written out."""
    plain = re.sub(r"\s", "", text).lower()
    part = r"([\w/]+|\([\w/]+(?:,[\w/]+)*\))(?:\*(\d{1,6}))?"
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


def _frames(text: str) -> tuple[int, ...]:
    """``3,7-9`` written out."""
    plain = re.sub(r"\s", "", text)
    if not re.fullmatch(r"\d{1,6}(-\d{1,6})?(,\d{1,6}(-\d{1,6})?)*", plain):
        raise SeriesError(
            f"--skip-frames {text[:60]!r}: give numbers of frames, of which the first is 0, such "
            "as 3,7-9."
        )
    found: set[int] = set()
    for part in plain.split(","):
        first, _, last = part.partition("-")
        found |= {*range(int(first), min(int(last or first), MOST_FRAMES) + 1)}
    return tuple(sorted(found))
