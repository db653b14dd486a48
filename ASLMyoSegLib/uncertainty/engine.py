"""Stochastic passes as fast as the machine makes them: batches found by measurement."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from ..errors import DeviceMemoryError
from ..network import MCDUNet
from ..network.bernoulli import spread, words_for
from ..network.folded import FoldedUNet
from ..network.precision import sampling_type
from .graph import GraphedPass
from .random_words import RandomWords
from .tuning import Choice, recall, remember

CHUNK_SECONDS = 0.3
"""A batch takes no longer than this, so that work can be stopped at once."""

LARGEST_BATCH = {"cpu": 64, "cuda": 256}
"""Beyond these, a pass gains little, and images would get more passes than they need."""

REPETITIONS = 3

NEARLY = 1.05
"""Times per pass that differ by less than this factor are equal."""


@dataclass(frozen=True)
class PreparedImage:
    """An image whose passes can begin.

    Attributes:
        features: of each of its views before the first dropout.
        bits: its random bits.
    """

    features: torch.Tensor
    bits: RandomWords


class Engine:
    """Passes of one network over images of one size.

    Attributes:
        batch: passes computed at once. On CPUs it changes no draw.
        device: where.
        dtype: in which type.
    """

    def __init__(
        self,
        network: MCDUNet,
        rows: int,
        columns: int,
        device: torch.device,
        *,
        views: int = 1,
        dtype: torch.dtype | None = None,
        batch: int | None = None,
    ) -> None:
        """Make ready.

        Args:
            network: trained.
            rows: of the images, a multiple of the network's stride, as are the columns.
            columns: of the images.
            device: where to compute.
            views: of each image, that its passes take turns with.
            dtype: None takes the fastest.
            batch: None measures, once on each machine, and records a CUDA graph where that pays.
        """
        self.device = device
        self.dtype = dtype or sampling_type(device)
        self._keep = 1 - network.architecture.dropout
        self._network = FoldedUNet(network, rows, columns, device, self.dtype)
        self._words = [words_for(y * x * maps) for y, x, maps in self._network.mask_shapes]
        self._graph: GraphedPass | None = None
        self._setting = [network.architecture, rows, columns, device, self.dtype]
        self._blank = torch.zeros(views, 1, rows, columns)
        if batch is not None:
            self.batch = batch
        else:
            self._take(recall(self._setting) or self._tuned())
        if device.type == "cuda" and batch is None and self.batch % views == 0:
            image = self.prepare(self._blank, 0, 0)
            words = image.bits.draw(self.batch)
            self._graph = GraphedPass.if_faster(self._logits, image.features, words)

    def tune(self) -> None:
        """Measure what is the fastest, take it, and remember it for this machine."""
        self._take(self._tuned())

    def prepare(self, image: torch.Tensor, seed: int, stream: int) -> PreparedImage:
        """Begin with an image, or with several views of it, of zero mean and unit variance.

        Args:
            image: (view, 1, y, x), on any device.
            seed: of the series.
            stream: number of the image in it; streams are independent.
        """
        bits = RandomWords(self._keep, sum(self._words), seed, stream, self.device)
        return PreparedImage(self._network.before_dropout(image), bits)

    @torch.inference_mode()
    def passes(self, image: PreparedImage, count: int) -> torch.Tensor:
        """Probabilities of the next passes, float32 (count, 1, y, x).

        Pass number k of an image sees view k modulo their number. Where memory runs out, batches
        are halved until they fit, with the same draws.

        Raises:
            DeviceMemoryError: where memory does not suffice for a single pass.
        """
        first = image.bits.passes % len(image.features)
        return self._within_memory(image.features, image.bits.draw(count), first).sigmoid()

    def _within_memory(
        self, features: torch.Tensor, words: torch.Tensor, first: int
    ) -> torch.Tensor:
        try:
            if self._graph is not None and len(words) == self._graph.batch and not first:
                return self._graph(features, words)
            return self._logits(features, words, first)
        except torch.OutOfMemoryError:
            if len(words) == 1:
                raise self._too_small() from None
        # Outside of the handler, whose traceback would keep the tensors alive.
        self._graph = None
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self.batch = min(self.batch, max(1, len(words) // 2))
        half = max(1, len(words) // 2)
        return torch.cat(
            [
                self._within_memory(features, part, (first + number * half) % len(features))
                for number, part in enumerate(words.split(half))
            ]
        )

    def _too_small(self) -> DeviceMemoryError:
        return DeviceMemoryError(
            f"{self.device}: memory does not suffice for one pass; close other programs that use "
            "it, or take --device cpu."
        )

    def _logits(self, features: torch.Tensor, words: torch.Tensor, first: int = 0) -> torch.Tensor:
        logits = self._network.after_dropout(features, self._masks(words), first)
        if self._network.mask_shapes:
            return logits
        # Without dropout all passes over a view are one.
        return logits[(first + torch.arange(len(words))) % len(features)]

    def _masks(self, words: torch.Tensor) -> Iterator[torch.Tensor]:
        parts = words.split(self._words, dim=1)
        shapes = self._network.mask_shapes
        for (rows, columns, maps), part in zip(shapes, parts, strict=True):
            values = spread(part, self.dtype)[:, : rows * columns * maps]
            yield values.reshape(-1, rows, columns, maps).permute(0, 3, 1, 2)

    def _take(self, choice: Choice) -> None:
        self.batch = choice.batch
        self._network.fuse_masks = choice.fuse_masks

    def _tuned(self) -> Choice:
        """Of batches that fit into memory and keep a chunk short, the largest of the fastest."""
        image = self.prepare(self._blank, 0, 0)
        paces: dict[int, float] = {}
        batch = 1
        while batch <= LARGEST_BATCH[self.device.type]:
            try:
                seconds = self._seconds(image, batch)
            except torch.OutOfMemoryError:
                break
            if paces and seconds > CHUNK_SECONDS:
                break
            paces[batch] = seconds / batch
            batch *= 2
        if not paces:
            raise self._too_small()
        worth = min(paces.values()) * NEARLY
        batch = max(batch for batch, pace in paces.items() if pace <= worth)
        choice = Choice(batch, self._fused_is_faster(image, batch))
        remember(self._setting, choice)
        return choice

    def _fused_is_faster(self, image: PreparedImage, batch: int) -> bool:
        """Not where oneDNN has no fast kernel for it; the results are the same."""
        seconds = []
        for fused in (True, False):
            self._network.fuse_masks = fused
            seconds.append(self._seconds(image, batch))
        return seconds[0] <= seconds[1]

    @torch.inference_mode()
    def _seconds(self, image: PreparedImage, batch: int) -> float:
        """The least of a few batches, as other work on the machine only adds."""
        least = float("inf")
        for _ in range(REPETITIONS):
            started = time.perf_counter()
            self._logits(image.features, image.bits.draw(batch)).sum().item()
            least = min(least, time.perf_counter() - started)
        return least
