"""What travels together and what goes at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from core.records import Event, Message, Passage
from serving.agent import Closing
from serving.coalesce import CoalescingWriter, coalesce, gather

PATIENT = 5_000.0  # milliseconds: a window that no test waits for


async def told(*steps: str | float | Exception) -> AsyncGenerator[str]:
    """Words in a row; a number is a pause in seconds, an exception is raised."""
    for step in steps:
        if isinstance(step, str):
            yield step
        elif isinstance(step, Exception):
            raise step
        else:
            await asyncio.sleep(step)


async def batches(*steps: str | float | Exception, window: float, hurry: str = "") -> list[list[str]]:
    return [batch async for batch in gather(told(*steps), window, lambda word: word in hurry.split())]


async def test_what_comes_within_a_window_travels_together() -> None:
    assert await batches("a", 0.001, "b", 0.001, "c", window=100) == [["a", "b", "c"]]


async def test_what_hurries_goes_at_once_and_takes_along_what_waits() -> None:
    steps = ("a", 0.001, "b", "now", 0.001, "c", 0.001)
    async with asyncio.timeout(1):
        assert await batches(*steps, window=PATIENT, hurry="now") == [["a", "b", "now"], ["c"]]


async def test_after_a_pause_nothing_waits() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    left = [loop.time() - began async for _ in gather(told(0.05, "a", 0.12, "b", 0.12), 100, lambda word: word == "a")]
    assert left[1] == pytest.approx(0.17, abs=0.04)


async def test_nothing_is_lost_or_reordered() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    steps = [step for letter in letters for step in (letter, 0.0005)]
    assert "".join("".join(batch) for batch in await batches(*steps, window=3, hurry="e")) == letters


async def test_a_window_of_zero_gathers_nothing() -> None:
    assert await batches("a", "b", "c", window=0) == [["a"], ["b"], ["c"]]


async def test_a_failure_arrives_after_what_came_before_it() -> None:
    seen: list[str] = []
    with pytest.raises(ValueError, match="broken"):
        async for batch in gather(told("a", "b", ValueError("broken")), 20, lambda _: False):
            seen += batch
    assert seen == ["a", "b"]


async def test_closing_closes_the_source() -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[str]:
        try:
            while True:
                yield "x"
                await asyncio.sleep(0.001)
        finally:
            closed.set()

    running = gather(endless(), 10, lambda _: False)
    await anext(running)
    await running.aclose()
    await asyncio.wait_for(closed.wait(), 1)


async def test_a_token_goes_at_once_with_the_events_before_it() -> None:
    async def turn() -> AsyncGenerator[Event]:
        for event in (Event("start"), Event("status"), Event("sources"), Event("token")):
            yield event
        await asyncio.sleep(0.01)
        yield Event("end")

    async with asyncio.timeout(1):
        left = [[event.type for event in batch] async for batch in coalesce(turn(), PATIENT)]
    assert left == [["start", "status", "sources", "token"], ["end"]]


class Typist:
    """Writes words with a pause before each but the first."""

    name = "typist"

    def __init__(self, *words: str, pause: float) -> None:
        self.words = words
        self.pause = pause

    async def write(
        self, question: str, passages: Sequence[Passage], history: Sequence[Message], policy: str, /
    ) -> AsyncGenerator[str | Closing]:
        for number, word in enumerate(self.words):
            await asyncio.sleep(self.pause if number else 0)
            yield word
        yield Closing(declined=True)


async def written(writer: CoalescingWriter) -> list[str | Closing]:
    return [piece async for piece in writer.write("q", [], [], "")]


async def test_a_writers_first_words_come_at_once_and_later_ones_together() -> None:
    writer = CoalescingWriter(Typist("a", "b", "c", "d", pause=0.001), 200)
    assert writer.name == "typist"
    assert await written(writer) == ["a", "bcd", Closing(declined=True)]


async def test_a_slow_writers_words_do_not_wait() -> None:
    assert await written(CoalescingWriter(Typist("a", "b", "c", pause=0.06), 20)) == [
        "a",
        "b",
        "c",
        Closing(declined=True),
    ]


async def test_a_writer_without_a_window_is_left_alone() -> None:
    assert await written(CoalescingWriter(Typist("a", "b", pause=0), 0)) == ["a", "b", Closing(declined=True)]
