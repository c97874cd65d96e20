"""Async work from a notebook's cell, which runs inside an event loop already and must not start another there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def waited(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What the work returns, done in a thread with a loop of its own."""
    with ThreadPoolExecutor(1, thread_name_prefix="lab") as thread:
        return thread.submit(lambda: asyncio.run(work())).result()
