"""What studies share: the cohort, trained networks, passes; each is made once and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ...io.files import replacing
from ...network import LoadedModel
from .cohort import Cohort, Scan, read_cohort
from .inference import Passes, TestTable, predicted_masks, run_passes, score
from .networks import AnyRecipe, Networks
from .scale import Scale

Told = Callable[[str, int, int], None]
"""Called with what is being done, what of it is done, and of how much."""


@dataclass(frozen=True)
class Row:
    """A line of the comparison: what is measured, the paper's result and ours, in words."""

    what: str
    paper: str
    ours: str


@dataclass(frozen=True)
class Outcome:
    """What a study found.

    Attributes:
        numbers: behind the figures, for JSON.
        rows: beside the paper's results.
        figures: by the name of their file.
        setting: what networks and passes were used, in words.
    """

    numbers: dict[str, Any]
    rows: list[Row]
    figures: dict[str, Figure]
    setting: str


@dataclass
class Workbench:
    """Cohort, networks and passes of one scale, in one folder.

    Attributes:
        folder: of everything that is kept; a later start goes on with it.
        scale: of the studies.
        told: of progress.
    """

    folder: Path
    scale: Scale
    told: Told = field(default=lambda what, done, total: None)

    @cached_property
    def cohort(self) -> Cohort:
        return read_cohort(self.folder / "cohort", self.telling("simulating"))

    @cached_property
    def networks(self) -> Networks:
        return Networks(self.folder / "networks", lambda: self.cohort)

    @property
    def testing(self) -> list[Scan]:
        return self.cohort.testing

    def setting(self, network: str, trials: int | None = None) -> str:
        """What a result was made with, in words."""
        return (
            f"{self.scale.name}: {network}; {self.scale.words}; "
            f"{trials or self.scale.trials} passes"
        )

    def model(self, recipe: AnyRecipe, what: str) -> LoadedModel:
        """A network, trained where it is not there."""
        return self.networks.model(recipe, self.telling(f"training: {what}"))

    def passes(self, recipe: AnyRecipe, what: str, trials: int | None = None) -> Passes:
        """Over the test scans; `trials` are the scale's where not given."""
        trials = trials or self.scale.trials
        path = self.folder / "passes" / f"{recipe.key}-{trials}.npz"
        if path.is_file():
            with np.load(path, allow_pickle=False) as content:
                return Passes(content["mean"], content["std"], content["dice"])
        model = self.model(recipe, what)
        telling = self.telling(f"passes: {what}")
        found = run_passes(model, self.testing, recipe.window, trials, telling)
        with replacing(path) as beside, beside.open("wb") as file:
            np.savez_compressed(file, mean=found.mean, std=found.std, dice=found.dice)
        return found

    def table(self, recipe: AnyRecipe, what: str, trials: int | None = None) -> TestTable:
        """Scores of the test images."""
        return score(self.passes(recipe, what, trials), self.testing, recipe.window)

    def masks(self, recipe: AnyRecipe, what: str, trials: int | None = None) -> list[np.ndarray]:
        """Of the test scans, bool (frame, slice, y, x) each."""
        return predicted_masks(self.passes(recipe, what, trials), self.testing, recipe.window)

    def telling(self, what: str) -> Callable[[int, int], None]:
        """Progress of something, in words."""
        return lambda done, total: self.told(what, done, total)
