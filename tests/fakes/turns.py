"""Turns kept in memory with the database's rules, an agent that says what it is told, and a settled host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock

from core.database import Begun
from core.errors import ConflictError, NotFoundError
from core.records import (
    Chunk,
    Citation,
    Event,
    Feedback,
    Message,
    Passage,
    Session,
    Turn,
    TurnStatus,
    Usage,
    now,
)
from serving.ledger import Ledger
from serving.turns import TurnHost


class FakeTurns:
    """What `database.turns` promises, in a dictionary."""

    def __init__(self) -> None:
        self.stored: dict[str, Turn] = {}
        self._lock = Lock()

    def open(self, turn: Turn) -> Turn:
        with self._lock:
            stored = self.stored.setdefault(turn.id, turn)
        if stored.session != turn.session:
            raise ConflictError("This turn belongs to another session.", param="turn_id")
        return stored

    def close(self, turn: Turn) -> bool:
        with self._lock:
            if self.stored[turn.id].status is not TurnStatus.OPEN:
                return False
            self.stored[turn.id] = turn
            return True

    def get(self, turn_id: str) -> Turn:
        if turn_id not in self.stored:
            raise NotFoundError("no such turn")
        return self.stored[turn_id]

    def rate(self, turn_id: str, feedback: Feedback, *, site: str, session: str | None = None) -> Turn:
        turn = self.get(turn_id)
        if turn.session.site != site or session not in (None, turn.session.id):
            raise NotFoundError("no such turn")
        if turn.status is TurnStatus.OPEN:
            raise ConflictError("This turn has not ended.")
        self.stored[turn_id] = replace(turn, feedback=feedback)
        return self.stored[turn_id]

    def begin(self, turn: Turn, recent: int) -> Begun:
        stored = [other for other in self.stored.values() if other.session == turn.session]
        done = [other.id for other in stored if other.status is TurnStatus.DONE and other.model]
        return Begun(self.open(turn), tuple(done[-recent:]) if recent else ())

    def said(self, ids: Sequence[str]) -> dict[str, tuple[Message, ...]]:
        turns = [self.stored[each] for each in ids]
        return {t.id: (Message("user", t.question), Message("assistant", t.answer)) for t in turns}


class FakeAgent:
    """Answers with `tokens`, `pause` seconds before each; raises `failure` in place of the last words."""

    def __init__(self, ledger: Ledger, *, tokens: Sequence[str] = ("Hello", " there."), pause: float = 0) -> None:
        self.asked: list[tuple[Turn, list[Message]]] = []
        self.failure: Exception | None = None
        self.tokens = tokens
        self.pause = pause
        self._ledger = ledger

    async def stream(self, turn: Turn, history: Sequence[Message]) -> AsyncGenerator[Event | Turn]:
        self.asked.append((turn, list(history)))
        yield Event("status", {"content": "searching"})
        yield Event("sources", {"sources": []})
        for token in self.tokens:
            await asyncio.sleep(self.pause)
            yield Event("token", {"content": token})
        if self.failure is not None:
            raise self.failure
        done = answered(turn, "".join(self.tokens))
        await self._ledger.remember(done)
        yield done


def question(text: str = "Are you open?", *, turn_id: str = "t1", session: str = "s1", site: str = "demo") -> Turn:
    """A new turn of an anonymous visitor."""
    return Turn(turn_id, Session(site, session, session), text)


def answered(turn: Turn, answer: str) -> Turn:
    """`turn`, done, with one passage and one citation."""
    chunk = Chunk("c1", "d1", "hours.md", "Hours", "/pages/hours.md", "Opening", 0, "We open at nine.", 5, "hash")
    return replace(
        turn,
        status=TurnStatus.DONE,
        answer=answer,
        passages=(Passage(chunk, 0.9),),
        citations=(Citation(1, "c1", "Hours", "/pages/hours.md", "Opening", "We open at nine."),),
        model="fake",
        usage=Usage(7, 2),
        timings={"total": 1.5},
        ended_at=now(),
    )


class Desk:
    """Fakes wired as the application is: turns, ledger, agent, host."""

    def __init__(self, *, tokens: Sequence[str] = ("Hello", " there."), pause: float = 0) -> None:
        self.turns = FakeTurns()
        self.ledger = Ledger(self.turns, ThreadPoolExecutor(2))
        self.agent = FakeAgent(self.ledger, tokens=tokens, pause=pause)
        self.host = TurnHost(agent=self.agent, ledger=self.ledger, history_messages=4)
