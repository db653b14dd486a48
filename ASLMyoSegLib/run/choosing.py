"""Which series of a BIDS data set a run takes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import SeriesError
from ..io import series_name


def entities_of(name: str) -> dict[str, str]:
    """BIDS entities in the name of a series: ``sub``, ``ses``, ``acq`` and so on."""
    return dict(re.findall(r"(?:^|_)([a-z]+)-([A-Za-z0-9]+)", name))


@dataclass(frozen=True)
class Choice:
    """What the names of series must say; nothing chosen takes all.

    Attributes:
        participants: labels, with ``sub-`` or without.
        sessions: labels, with ``ses-`` or without.
        entities: the label that an entity must have: ``{"acq": "rest"}``.
    """

    participants: Sequence[str] = ()
    sessions: Sequence[str] = ()
    entities: Mapping[str, str] = field(default_factory=dict)

    def takes(self, name: str) -> bool:
        """Whether a series of this name is one of them."""
        found = entities_of(name)
        return (
            _allowed(found.get("sub"), self.participants, "sub-")
            and _allowed(found.get("ses"), self.sessions, "ses-")
            and all(found.get(entity) == label for entity, label in self.entities.items())
        )

    def of(self, sources: Sequence[Path], path: Path) -> list[Path]:
        """The series that are chosen.

        Raises:
            SeriesError: where there is none, or no series of a participant or session that is
                named.
        """
        names = {source: series_name(source) for source in sources}
        for entity, wanted in (("sub", self.participants), ("ses", self.sessions)):
            there = {entities_of(name).get(entity) for name in names.values()}
            for label in wanted:
                if label.removeprefix(f"{entity}-") not in there:
                    known = ", ".join(sorted(label for label in there if label)) or "none"
                    raise SeriesError(
                        f"{path}: no series of {entity}-{label.removeprefix(f'{entity}-')}; there "
                        f"are {known[:200]}."
                    )
        chosen = [source for source in sources if self.takes(names[source])]
        if not chosen:
            raise SeriesError(
                f"{path}: none of its {len(sources)} series is chosen; look at --participant-label,"
                " --session-label and --filter."
            )
        return chosen


def _allowed(label: str | None, wanted: Sequence[str], prefix: str) -> bool:
    return not wanted or label in {one.removeprefix(prefix) for one in wanted}
