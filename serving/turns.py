"""The host of turns: runs the agent for one question and sees that the turn ends exactly once.

A question is stored before the agent is asked, and `end` leaves only after the whole turn was committed. Who
closes a turn first decides how it ended. Knows neither HTTP nor Ray.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Protocol

from core.errors import FrontdeskError, NotFoundError, OverloadedError
from core.records import Action, Event, Feedback, Message, Turn, TurnStatus, now
from serving.answers import Answer, Outcome
from serving.coalesce import coalesce
from serving.events import end_event, error_event, failure, start_event
from serving.ledger import Ledger
from serving.readiness import Check, ask_all
from serving.replay import replay

logger = logging.getLogger(__name__)

Afterwards = Callable[[Turn], Awaitable[None]]
Offered = Callable[[str], Awaitable[Sequence[Action]]]  # in a turn, by its id
Act = Callable[[Answer], Awaitable[Outcome]]


class Answerer(Protocol):
    """The agent, as its host sees it: events, and last the turn as it was committed."""

    def stream(self, turn: Turn, history: Sequence[Message]) -> AsyncGenerator[Event | Turn]:
        """Events as they happen, then the turn, done and committed."""


async def _no_offers(_turn: str) -> Sequence[Action]:
    """What a turn offered where nothing is offered."""
    return ()


async def _no_actions(answer: Answer) -> Outcome:
    """What comes of an answer where nothing is offered."""
    raise NotFoundError(f"There is no action {answer.action!r}.")


async def _nothing(_turn: Turn) -> None:
    """What follows a turn where nothing does."""


class TurnHost:
    """Runs turns one stream each; any number at a time. `afterwards` follows a done turn, and delays nobody."""

    def __init__(
        self,
        *,
        agent: Answerer,
        ledger: Ledger,
        history_messages: int,
        afterwards: Afterwards = _nothing,
        offered: Offered = _no_offers,
    ) -> None:
        self._agent = agent
        self._ledger = ledger
        self._history_messages = history_messages
        self._afterwards = afterwards
        self._offered = offered
        self._closing: set[asyncio.Task[Any]] = set()

    async def run(self, turn: Turn) -> AsyncGenerator[Event]:
        """The numbered events of a new turn, or the replay of a finished one; ConflictError while one runs."""
        opened = await self._ledger.open(turn, self._history_messages)
        events = self._answer(turn, opened.recent) if opened.before is None else self._replay(opened.before)
        async with aclosing(events):
            number = 0
            async for event in events:
                number += 1
                yield Event(event.type, event.data, number)

    async def rate(self, turn_id: str, feedback: Feedback, *, site: str, session: str | None) -> Turn:
        """Keep what a visitor says of an answer; the turn with it."""
        return await self._ledger.rate(turn_id, feedback, site=site, session=session)

    async def drain(self) -> None:
        """Wait until interrupted turns are stored, and what follows the others is done."""
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _answer(self, turn: Turn, recent: Sequence[str]) -> AsyncGenerator[Event]:
        answer: list[str] = []
        ended = False
        try:
            yield start_event(turn)
            async with aclosing(self._ask(turn, recent)) as items:
                async for item in items:
                    if isinstance(item, Turn):
                        ended = True
                        self._in_background(self._follow(item))
                        yield end_event(item)
                    else:
                        if item.type == "token":
                            answer.append(item.data["content"])
                        yield item
        except Exception as error:  # noqa: BLE001 - a turn that fails for any reason is stored and told as failed
            ended = True
            yield await self._failed(turn, "".join(answer), error)
        finally:
            if not ended:  # cancelled or closed by a client that left: no await may be trusted here any more
                self._in_background(self._ledger.abort(turn, "".join(answer), "The client left."))

    async def _replay(self, turn: Turn) -> AsyncGenerator[Event]:
        for event in replay(turn, await self._offered(turn.id)):
            yield event

    async def _ask(self, turn: Turn, recent: Sequence[str]) -> AsyncGenerator[Event | Turn]:
        history = await self._ledger.history(recent, self._history_messages)
        async with aclosing(self._agent.stream(turn, history)) as items:
            async for item in items:
                yield item
                if isinstance(item, Turn):
                    return
        raise FrontdeskError(f"The agent stopped without an answer to turn {turn.id}.")

    async def _failed(self, turn: Turn, answer: str, error: Exception) -> Event:
        known = error if isinstance(error, FrontdeskError) else _unexpected(turn, error)
        failed = replace(turn, status=TurnStatus.FAILED, answer=answer, error=failure(known), ended_at=now())
        await self._ledger.close(failed)
        return error_event(known)

    async def _follow(self, done: Turn) -> None:
        if not done.model:  # what a guard answered is no part of the conversation
            return
        try:
            await self._ledger.keep_hot(done)
            await self._afterwards(done)
        except Exception:  # the turn has ended well, and the next one makes up for what is missing
            logger.exception("what follows turn %s failed", done.id)

    def _in_background(self, closing: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class LocalHost:
    """Turns in this very process, for a server without Ray: coalesced as between replicas, and bounded."""

    def __init__(
        self, host: TurnHost, *, window_ms: float, limit: int, checks: Mapping[str, Check], act: Act = _no_actions
    ) -> None:
        self._host = host
        self._window_ms = window_ms
        self._limit = limit
        self._checks = checks
        self._act = act
        self._running = 0

    async def run(self, turn: Turn) -> AsyncGenerator[list[Event]]:
        """Batches of events; OverloadedError when `limit` turns are running."""
        if self._running >= self._limit:
            raise OverloadedError("Too many people are asking just now. Please try again in a moment.")
        self._running += 1
        try:
            async with aclosing(coalesce(self._host.run(turn), self._window_ms)) as batches:
                async for batch in batches:
                    yield batch
        finally:
            self._running -= 1

    async def rate(self, turn_id: str, feedback: Feedback, *, site: str, session: str | None) -> Turn:
        """Keep what a visitor says of an answer; the turn with it."""
        return await self._host.rate(turn_id, feedback, site=site, session=session)

    async def act(self, answer: Answer) -> Outcome:
        """What came of a visitor's yes or no."""
        return await self._act(answer)

    async def ready(self) -> dict[str, str]:
        """What each dependency answers."""
        return await ask_all(self._checks)


def _unexpected(turn: Turn, error: Exception) -> FrontdeskError:
    logger.error("turn %s failed", turn.id, exc_info=error)
    return FrontdeskError("Something went wrong on our side; it was logged. Please ask again.")
