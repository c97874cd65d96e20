"""When tokens leave together and when they do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from core.records import Event
from serving.coalesce import coalesce, merge_tokens


def token(text: str, number: int = 0) -> Event:
    return Event("token", {"content": text}, number)


async def stream(*steps: Event | float | Exception) -> AsyncGenerator[Event]:
    """Events in a row; a number is a pause in seconds, an exception is raised."""
    for step in steps:
        if isinstance(step, Event):
            yield step
        elif isinstance(step, Exception):
            raise step
        else:
            await asyncio.sleep(step)


async def batches(source: AsyncGenerator[Event], window_ms: float) -> list[list[str]]:
    return [[event.data.get("content", event.type) for event in batch] async for batch in coalesce(source, window_ms)]


async def test_the_first_token_goes_at_once_and_later_ones_together() -> None:
    source = stream(Event("start"), 0.001, token("a"), 0.001, token("b"), token("c"), 0.001, token("d"), 0.2)
    assert await batches(source, 100) == [["start"], ["a"], ["bcd"]]


async def test_a_slow_models_tokens_do_not_wait() -> None:
    loop = asyncio.get_running_loop()
    left: list[float] = []
    source = stream(Event("start"), token("a"), 0.06, token("b"), 0.06, token("c"), 0.06)
    began = loop.time()
    async for _ in coalesce(source, 40):
        left.append(loop.time() - began)
    assert len(left) == 3
    assert left[1] == pytest.approx(0.06, abs=0.03)


async def test_the_end_takes_waiting_tokens_along_at_once() -> None:
    source = stream(Event("start"), token("a"), 0.001, token("b"), token("c"), Event("end"), 0.001)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await batches(source, 5_000))[-1] == ["bc", "end"]
    assert loop.time() - began < 1


async def test_nothing_is_lost_or_reordered() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    source = stream(*(step for letter in letters for step in (token(letter), 0.0005)))
    assert "".join("".join(batch) for batch in await batches(source, 3)) == letters


async def test_a_window_of_zero_merges_nothing() -> None:
    assert await batches(stream(token("a"), token("b"), Event("end")), 0) == [["a"], ["b"], ["end"]]


async def test_a_failure_arrives_after_what_came_before_it() -> None:
    seen: list[str] = []
    with pytest.raises(ValueError, match="broken"):
        async for batch in coalesce(stream(token("a"), token("b"), ValueError("broken")), 20):
            seen += [event.data["content"] for event in batch]
    assert "".join(seen) == "ab"


async def test_closing_closes_the_source() -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[Event]:
        try:
            while True:
                yield token("x")
                await asyncio.sleep(0.001)
        finally:
            closed.set()

    running = coalesce(endless(), 10)
    await anext(running)
    await running.aclose()
    await asyncio.wait_for(closed.wait(), 1)


def test_a_merged_token_has_the_id_of_its_last() -> None:
    assert merge_tokens([token("a", 3), token("b", 4)]) == [token("ab", 4)]
