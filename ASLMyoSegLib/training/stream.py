"""An endless stream of drawn pictures: no data set, and none is seen twice."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from ..phantom.pictures import draw_pictures, draw_style
from ..phantom.window import Picture
from ..processes.parallel import Group
from .dataset import Examples
from .recipe import TrainingConfig
from .sources import Batch

NEAR, WHOLE = 0.75, 1.5
"""Sides of windows that show less or more, relative to the recipe's."""
LIKE = 2
"""Pictures that are drawn of each slice, in other views and colours."""
ALIKE = 0.4
"""Share of the batches whose pictures are of one style, as those of one scan are: with them the
network meets batch normalisation's statistics of single images, which inference mixes in."""
VALIDATION = 192
"""Pictures that no epoch shows."""
AHEAD = 4
"""Batches that are drawn while the network learns."""


class StreamSource:
    """Pictures by number of their batch, so that a resumed training goes on where it stopped."""

    def __init__(self, config: TrainingConfig, drawers: int = 1) -> None:
        """Draw what validation needs.

        Args:
            config: with `pictures`.
            drawers: processes that draw beside the one that learns; 0 draws in it.
        """
        self._config, self._drawers = config, drawers
        self._steps = max(1, config.pictures.an_epoch // config.batch_size)
        self.images = self._steps * config.batch_size
        drawn = [draw_batch(config, -1 - n) for n in range(-(-VALIDATION // config.batch_size))]
        self.validation = Examples(
            torch.cat([b.images for b in drawn]),
            torch.cat([b.targets for b in drawn]),
        )
        self._numbers: Iterator[int] = iter(())
        self._next, self._ahead = -1, iter(())

    def batches(self, epoch: int, group: Group) -> Iterator[Batch]:
        first = epoch * self._steps * group.size + group.rank
        if self._next != first:  # the first epoch of this process
            numbers = itertools.count(first, group.size)
            self._ahead = iter(self._loader(numbers))
        self._next = first + self._steps * group.size
        yield from itertools.islice(self._ahead, self._steps)

    def _loader(self, numbers: Iterator[int]) -> DataLoader:
        spawned = {"multiprocessing_context": "spawn", "prefetch_factor": AHEAD}
        return DataLoader(
            _Batches(self._config),
            batch_size=None,
            sampler=numbers,
            num_workers=self._drawers,
            **(spawned if self._drawers else {}),
        )


class _Batches(Dataset):
    """Batches by number, for processes that draw ahead."""

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config

    def __getitem__(self, number: int) -> Batch:
        return draw_batch(self._config, number)


def draw_batch(config: TrainingConfig, number: int) -> Batch:
    """The batch of a number; negative ones are for validation, in windows of the recipe's side.

    Args:
        config: with `pictures`.
        number: of the batch.
    """
    rng = np.random.default_rng([config.seed, number < 0, abs(number)])
    pictures, scale, chance = config.pictures, 1.0, rng.random()
    if chance < pictures.near + pictures.whole and number >= 0:
        scale = NEAR if chance < pictures.near else WHOLE
    side, count = round(pictures.side * scale), max(1, round(config.batch_size / scale**2))
    common = draw_style(rng) if rng.random() < ALIKE else None
    drawn: list[Picture] = []
    while len(drawn) < count:
        some = min(LIKE, count - len(drawn))
        drawn += draw_pictures(rng, side, common or draw_style(rng), some)
    images, shares = (
        torch.from_numpy(np.stack(part))[:, None]
        for part in ([p.image for p in drawn], [p.share for p in drawn])
    )
    return Batch(images, shares)
