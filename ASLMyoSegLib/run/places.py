"""What a run has to do: each series, and where its results go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import OutputError
from ..io import series_name
from ..io.bids.derivatives import SOURCE
from ..io.results import Layout, bids_place
from .failures import note_of


@dataclass(frozen=True)
class Task:
    """One series of a run.

    Attributes:
        source: the series.
        layout: the places of its results.
        data_set: of BIDS that it is of; None where it lies otherwise.
        note: file that is to say why it failed; None for a single one that is no BIDS, of which
            the command says it.
    """

    source: Path
    layout: Layout
    data_set: Path | None = None
    note: Path | None = None


def tasks_of(sources: Sequence[Path], root: Path, output: Path) -> list[Task]:
    """Each series with the places of its results, the same for no two.

    Series that lie as BIDS has it go into one data set of derivatives, or into one for each data
    set that they are of. Of others, a single one goes into `output` itself, several into a folder
    each, called after the series, or after its path beneath `root` where others have the same name.

    Raises:
        OutputError: where two series would give the same results.
    """
    places = [bids_place(source) for source in sources]
    data_sets = {place[0] for place in places if place}
    names = Counter(series_name(source) for source in sources)
    tasks = []
    for source, place in zip(sources, places, strict=True):
        name = series_name(source)
        if place:
            data_set, folder = place
            within = data_set.relative_to(root.absolute()) if len(data_sets) > 1 else Path()
            layout = Layout(
                output / within, name, folder, f"bids:{SOURCE}:{folder}/{source.name}"
            )  # fmt: skip
            tasks.append(Task(source, layout, data_set, note_of(layout.root, name)))
        elif len(sources) == 1:
            tasks.append(Task(source, Layout(output, name)))
        else:
            deep = names[name] > 1 and root in source.parents
            above = source.parent.relative_to(root) if deep else Path()
            layout = Layout(output / above / name, name)
            tasks.append(Task(source, layout, note=note_of(output, "_".join((*above.parts, name)))))
    for task in tasks:
        twins = [t.source.name for t in tasks if t.layout.summary == task.layout.summary]
        if len(twins) > 1:
            raise OutputError(
                f"{task.source.parent}: {' and '.join(twins)} would give the same results; keep "
                "one."
            )
    return tasks
