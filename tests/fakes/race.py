"""Runs one function in several real processes that begin at the same moment."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from threading import Barrier
from typing import Any

# Children are forked from a process that has imported the slow part and started no thread: they begin in
# milliseconds, and share no connection with the test.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["core.conversations", "core.database", "alembic.autogenerate", "pytest"])

_start: Barrier


def race(contest: Callable[..., Any], entries: list[tuple[Any, ...]]) -> list[Any]:
    """What `contest(*entry)` returned for each entry; it must be a module's own function, and so picklable."""
    barrier = PROCESSES.Barrier(len(entries))
    with ProcessPoolExecutor(len(entries), PROCESSES, initializer=_arm, initargs=(barrier,)) as processes:
        running = [processes.submit(_contestant, contest, entry) for entry in entries]
        return [future.result(timeout=60) for future in running]


def _arm(barrier: Barrier) -> None:
    global _start  # a barrier travels to a child only while it starts
    _start = barrier


def _contestant(contest: Callable[..., Any], entry: tuple[Any, ...]) -> Any:
    _start.wait(timeout=60)
    return contest(*entry)
