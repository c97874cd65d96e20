"""What becomes of an answer when its client leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.requests import Request
from starlette.types import Message

from core.errors import FrontdeskError
from core.records import Event
from serving.listening import last_event, unless_left


def request_of(client_leaves: asyncio.Event) -> Request:
    async def receive() -> Message:
        await client_leaves.wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http", "headers": []}, receive)


async def test_an_answer_in_time_is_returned() -> None:
    async def answer() -> int:
        return 42

    assert await unless_left(request_of(asyncio.Event()), answer()) == 42


async def test_an_answer_nobody_waits_for_is_given_up() -> None:
    leaves, given_up = asyncio.Event(), asyncio.Event()

    async def answer() -> int:
        try:
            await asyncio.sleep(60)
        finally:
            given_up.set()
        return 42

    asyncio.get_running_loop().call_later(0.01, leaves.set)
    assert await unless_left(request_of(leaves), answer()) is None
    await asyncio.wait_for(given_up.wait(), 1)


async def test_a_turn_without_any_event_is_an_error() -> None:
    async def nothing() -> AsyncGenerator[list[Event]]:
        for batch in list[list[Event]]():
            yield batch

    with pytest.raises(FrontdeskError, match="broke off"):
        await last_event(nothing())


async def test_what_was_offered_is_told_with_the_end() -> None:
    async def batches() -> AsyncGenerator[list[Event]]:
        yield [Event("token", {"content": "Gladly."}, 1), Event("action", {"action": {"id": "a1"}}, 2)]
        yield [Event("end", {"content": "Gladly."}, 3)]

    assert (await last_event(batches())).payload() == {
        "type": "end",
        "id": 3,
        "content": "Gladly.",
        "actions": [{"id": "a1"}],
    }
