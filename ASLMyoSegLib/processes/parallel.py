"""Several processes at one job, as `torchrun` starts them on one machine or on many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

PATIENCE = timedelta(days=7)
"""A process that is done waits so long for the others; one that dies ends the waiting at once."""


@dataclass(frozen=True)
class Group:
    """The processes of one start.

    Attributes:
        rank: of this process, from 0.
        size: number of processes.
    """

    rank: int = 0
    size: int = 1

    def from_first(self, content: Any) -> Any:
        """What process 0 gave, in every process."""
        if self.size == 1:
            return content
        box = [content]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def gather(self, content: Any) -> list[Any]:
        """What every process gave, by rank, in every process."""
        if self.size == 1:
            return [content]
        boxes: list[Any] = [None] * self.size
        dist.all_gather_object(boxes, content)
        return boxes


def launched_rank() -> int:
    """Rank that `torchrun` gave to this process; 0 without it."""
    return int(os.environ.get("RANK", "0"))


@contextmanager
def launched() -> Iterator[Group]:
    """The group that `torchrun` started this process in; a group of one without it.

    Processes talk through gloo, and tensors on GPUs through NCCL; each process of a machine takes
    the GPU of its own number.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Group()
        return
    gpus = torch.cuda.device_count()
    if gpus:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % gpus)
    dist.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo", timeout=PATIENCE)
    try:
        yield Group(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()
