"""What a client hears of a turn, however it ends, and what happens to the turn when the client leaves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeVar

from starlette.requests import Request

from core.errors import FrontdeskError
from core.records import Event
from serving.events import error_event

T = TypeVar("T")

logger = logging.getLogger(__name__)


async def told_to_the_end(first: list[Event], batches: AsyncGenerator[list[Event]]) -> AsyncGenerator[list[Event]]:
    """`first`, then the rest of the batches; if they break off, an `error` event as the last."""
    latest = first[-1].id
    try:
        async with aclosing(batches):
            yield first
            async for events in batches:
                latest = events[-1].id
                yield events
    except FrontdeskError as error:
        yield [_farewell(error, latest + 1)]
    except Exception:  # the status line has left: an event is the only way to tell the client
        logger.exception("a stream broke off")
        yield [_farewell(FrontdeskError("The answer broke off. Please ask again."), latest + 1)]


async def last_event(batches: AsyncGenerator[list[Event]]) -> Event:
    """The event that ends a turn, with what was offered in it; all others are only waited for."""
    last, offered = None, []
    async with aclosing(batches):
        async for events in batches:
            offered += [event.data["action"] for event in events if event.type == "action"]
            last = events[-1]
    if last is None:
        raise FrontdeskError("The answer broke off. Please ask again.")
    return replace(last, data={**last.data, "actions": offered}) if offered else last


async def unless_left(request: Request, answering: Coroutine[Any, Any, T]) -> T | None:
    """The result of `answering`; None, and `answering` cancelled, when the client leaves before it is there."""
    answer = asyncio.create_task(answering)
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait({answer, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return answer.result() if answer.done() else None
    finally:
        answer.cancel()
        leaving.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _farewell(error: FrontdeskError, number: int) -> Event:
    event = error_event(error)
    return Event(event.type, event.data, number)
