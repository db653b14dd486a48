"""A batch of passes recorded as a CUDA graph: one launch in place of about a hundred."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

Logits = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""From features before dropout and words of random bits to logits."""

REPETITIONS = 3


class GraphedPass:
    """Replays the recorded passes with other features and other random bits.

    Attributes:
        batch: passes that were recorded; no other number can be replayed.
    """

    def __init__(self, logits: Logits, features: torch.Tensor, words: torch.Tensor) -> None:
        self.batch = len(words)
        self._features, self._words = features.clone(), words.clone()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # libraries choose their kernels before recording
            for _ in range(2):
                logits(self._features, self._words)
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._logits = logits(self._features, self._words)

    def __call__(self, features: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        self._features.copy_(features)
        self._words.copy_(words)
        self._graph.replay()
        return self._logits.clone()

    @staticmethod
    @torch.inference_mode()
    def if_faster(
        logits: Logits, features: torch.Tensor, words: torch.Tensor
    ) -> GraphedPass | None:
        """A graph where it saves time: the larger the batch, the less there is to save."""
        try:
            graph = GraphedPass(logits, features, words)
        except torch.OutOfMemoryError:
            return None
        alternatives = (logits, graph)
        seconds = [
            min(_seconds(way, features, words) for _ in range(REPETITIONS)) for way in alternatives
        ]
        return graph if seconds[1] < seconds[0] else None


def _seconds(way: Logits, features: torch.Tensor, words: torch.Tensor) -> float:
    torch.cuda.synchronize()
    started = time.perf_counter()
    way(features, words)
    torch.cuda.synchronize()
    return time.perf_counter() - started
