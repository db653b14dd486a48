"""Processes of this machine that do one thing after the other, side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from threading import local
from typing import Any, TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")

_do: Callable[[Any], Any]


def done_by_processes(
    do: Callable[[T], R], things: Sequence[T], jobs: int, died: Callable[[T], R]
) -> Iterator[R]:
    """What `do` gives of each thing, in their order, by so many processes at once.

    A process that dies, for want of memory say, costs the thing that it was at and is replaced.

    Args:
        do: can be pickled, as can things and what it gives; goes to each process once.
        things: of which something is to be done.
        jobs: how many processes.
        died: what counts as done of a thing whose process died.
    """
    threads = max(1, (os.cpu_count() or 1) // jobs)
    own = local()
    pools: list[ProcessPoolExecutor] = []

    def ask(thing: T) -> R:
        if getattr(own, "pool", None) is None:
            # Forking a process whose libraries run threads can hang it.
            own.pool = ProcessPoolExecutor(1, get_context("spawn"), _begin, (do, threads))
            pools.append(own.pool)
        try:
            answer: Future[R] = own.pool.submit(_go, thing)
            return answer.result()
        except BrokenProcessPool:
            own.pool = None
            return died(thing)

    with ThreadPoolExecutor(jobs) as askers:
        try:
            yield from askers.map(ask, things)
        finally:
            askers.shutdown(wait=False, cancel_futures=True)
            for pool in pools:
                pool.shutdown(wait=False, cancel_futures=True)


def _begin(do: Callable[[Any], Any], threads: int) -> None:
    global _do
    _do = do
    torch.set_num_threads(threads)


def _go(thing: Any) -> Any:
    return _do(thing)
