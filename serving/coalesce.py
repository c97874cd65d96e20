"""Coalescing: what comes within a few milliseconds travels together; what somebody waits for goes at once.

A message between replicas costs the same whether it holds one token or twenty (0.4-0.8 ms of CPU at each end), a
model's tokens come faster than people read, and every step of the graph costs per token too. So a writer's text
is gathered where it is written, and events once more where they leave the replica.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from typing import Generic, TypeVar

from core.records import Event, Message, Passage
from serving.agent import Closing, Writer

T = TypeVar("T")

_AT_ONCE = {"token", "end", "error"}


def coalesce(events: AsyncGenerator[Event], window_ms: float) -> AsyncGenerator[list[Event]]:
    """Batches in order: a token or the last event leaves at once, with what waits, for `window_ms` at most."""
    return gather(events, window_ms, lambda event: event.type in _AT_ONCE)


class CoalescingWriter:
    """A writer whose first words come at once and whose later ones come together."""

    def __init__(self, writer: Writer, window_ms: float) -> None:
        self._writer = writer
        self._window_ms = window_ms

    @property
    def name(self) -> str:
        """The writer's own."""
        return self._writer.name

    async def write(
        self, question: str, passages: Sequence[Passage], history: Sequence[Message], policy: str, /
    ) -> AsyncGenerator[str | Closing]:
        """The same answer in fewer pieces."""
        pieces = self._writer.write(question, passages, history, policy)
        async with aclosing(gather(pieces, self._window_ms, _first_only())) as batches:
            async for batch in batches:
                if text := "".join(piece for piece in batch if isinstance(piece, str)):
                    yield text
                for piece in batch:
                    if isinstance(piece, Closing):
                        yield piece


def _first_only() -> Callable[[object], bool]:
    waiting = iter([True])
    return lambda _: next(waiting, False)


async def gather(items: AsyncGenerator[T], window_ms: float, hurries: Callable[[T], bool]) -> AsyncGenerator[list[T]]:
    """Batches of `items` in order, at most one in `window_ms` but for items that hurry. 0 gathers nothing."""
    if not window_ms:
        async with aclosing(items):
            async for item in items:
                yield [item]
        return
    basket: _Basket[T] = _Basket(window_ms / 1000, hurries)
    collecting = asyncio.create_task(basket.collect(items))
    try:
        async for batch in basket.batches():
            yield batch
    finally:
        collecting.cancel()


class _Basket(Generic[T]):
    """Where items wait between the task that collects them and the one that hands them out."""

    def __init__(self, window: float, hurries: Callable[[T], bool]) -> None:
        self._window = window
        self._hurries = hurries
        self._waiting: list[T] = []
        self._filled = asyncio.Event()
        self._hurried = asyncio.Event()
        self._ended = False
        self._failure: Exception | None = None

    async def collect(self, items: AsyncGenerator[T]) -> None:
        try:
            async with aclosing(items):
                async for item in items:
                    self._waiting.append(item)
                    self._filled.set()
                    if self._hurries(item):
                        self._hurried.set()
                        await asyncio.sleep(0)  # a source that never pauses would leave no time to hand it out
        except Exception as failure:  # noqa: BLE001 - carried over to `batches`, which raises it
            self._failure = failure
        finally:
            self._ended = True
            self._filled.set()
            self._hurried.set()

    async def batches(self) -> AsyncGenerator[list[T]]:
        clock = asyncio.get_running_loop().time
        due = clock() + self._window
        while await self._filled.wait():
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):  # in the past after a pause, which then costs nobody a wait
                    await self._hurried.wait()
            batch, self._waiting = self._waiting, []
            self._filled.clear()
            self._hurried.clear()
            if batch:
                yield batch
            if self._ended and not self._waiting:
                break
            due = clock() + self._window
        if self._failure is not None:
            raise self._failure
