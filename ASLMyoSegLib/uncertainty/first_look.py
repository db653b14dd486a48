"""A first look at low cost: where the heart is, before it is looked at closely."""

from __future__ import annotations

import numpy as np
import torch

from ..network import MCDUNet, ProbabilisticUNet
from ..network.adaptation import adapted
from ..series import ASLSeries
from .grid import NetworkGrid
from .heart import Guess, Marks, Places, agree, marks_of
from .latent_engine import engine_for
from .views import turned, turned_back

PASSES = 4
"""Over each image, one for each quarter turn."""
FIELD = 200.0
"""mm a side of the square about the expected place that is seen."""
SIDE = 96
"""Pixels a side of what the network gets."""
ADAPTATION = 4
"""Images from which the network's feature statistics are taken."""
SEED = 0
"""Of its passes, whatever that of those that count: the same images have their heart in one place.
"""


class FirstLook:
    """Looks at the images of a series one by one; what it saw of all tells where the heart is."""

    def __init__(
        self,
        series: ASLSeries,
        network: MCDUNet | ProbabilisticUNet,
        guess: Guess,
        *,
        share: float,
        device: torch.device,
    ) -> None:
        """Make ready.

        Args:
            series: the images.
            network: trained.
            guess: where the heart is expected.
            share: of own feature statistics (`ways.Way`).
            device: where to compute.
        """
        self._guess = guess
        self._spacing = np.array(series.geometry.spacing[1::-1])
        self._slices = series.images.shape[1]
        flat = torch.from_numpy(np.ascontiguousarray(series.images, np.float32))
        self._images = flat.reshape(-1, 1, *series.images.shape[2:])
        stride = network.architecture.stride
        self._grid = NetworkGrid.about(series, guess.place, FIELD, SIDE, stride)
        chosen = np.linspace(0, len(self._images) - 1, ADAPTATION).round().astype(int)
        views = torch.cat(
            [
                turned(self._grid.apply(self._images[index : index + 1]), PASSES)[[number % PASSES]]
                for number, index in enumerate(chosen)
            ]
        )
        if share and isinstance(network, MCDUNet):
            network = adapted(network, views, share, device)
        self._engine = engine_for(network, *views.shape[-2:], device, views=PASSES, batch=PASSES)
        self._seen: list[Marks] = []

    def __len__(self) -> int:
        """Images to be looked at."""
        return len(self._images)

    def go_on(self) -> None:
        """Look at the next image."""
        index = len(self._seen)
        image = self._images[index : index + 1]
        stream = len(self._images) + index  # passes that count have other draws
        prepared = self._engine.prepare(turned(self._grid.apply(image), PASSES), SEED, stream)
        maps = turned_back(self._engine.passes(prepared, PASSES), 0, PASSES)
        mean = self._grid.undo(maps).mean((0, 1)).cpu().double().numpy()
        marks = marks_of(mean * bool(image.min() < image.max()))
        first = np.array([span.start for span in self._grid.window])
        self._seen.append(Marks(marks.labels[:0], marks.middles + first, marks.weights))

    def places(self) -> Places:
        """Where the heart is, by all that was seen."""
        votes = [
            self._seen[start : start + self._slices]
            for start in range(0, len(self._seen), self._slices)
        ]
        return agree(votes, self._guess, self._spacing)
