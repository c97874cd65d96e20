"""Turns in the database, asked for from async code on a few threads of its own. Knows no agent and no protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from core.codec import storable
from core.database import Begun
from core.errors import ConflictError
from core.records import Action, Feedback, Message, Turn, TurnStatus, now
from serving.hot import Hot, ProcessHot, Said

P = ParamSpec("P")
R = TypeVar("R")


class TurnStore(Protocol):
    """The part of the database that turns live in; synchronous."""

    def open(self, turn: Turn) -> Turn:
        """Store a question; the turn that had the id before, when there was one."""

    def begin(self, turn: Turn, recent: int) -> Begun:
        """As `open`, with the ids of the session's last done turns, oldest first."""

    def said(self, ids: Sequence[str]) -> dict[str, Said]:
        """What was said in these turns."""

    def close(self, turn: Turn) -> bool:
        """Store how it ended, with its outbox row; False when it was closed before."""

    def get(self, turn_id: str) -> Turn:
        """The stored turn, or NotFoundError."""

    def rate(self, turn_id: str, feedback: Feedback, *, site: str, session: str | None = None) -> Turn:
        """Store what is said of an ended turn of this site and session."""


@dataclass(frozen=True, slots=True)
class Opened:
    """`before` is None when the turn is new, its question now stored; `recent` are the session's last done turns."""

    before: Turn | None
    recent: tuple[str, ...]


class Ledger:
    """The async face of `TurnStore`; what was said last is `hot`."""

    def __init__(self, turns: TurnStore, threads: Executor, hot: Hot | None = None) -> None:
        self._turns = turns
        self._threads = threads
        self._hot = hot or ProcessHot()
        self._owing: dict[str, Turn] = {}  # by id, until they are closed

    async def open(self, turn: Turn, messages: int = 0) -> Opened:
        """Store the question, unless its id was sent before; `messages` is how many are to be remembered."""
        begun = await self._call(self._turns.begin, turn, (messages + 1) // 2)
        stored = begun.turn
        if stored.created_at == turn.created_at:
            return Opened(None, begun.recent)
        if stored.question != storable(turn.question):
            raise ConflictError("This turn_id belongs to another question; send a new one.", param="turn_id")
        return Opened(stored, begun.recent)

    async def close(self, turn: Turn) -> bool:
        """Commit an ended turn with its outbox row; False when somebody closed it before."""
        owing = self._owing.pop(turn.id, None)
        if owing and turn.status is not TurnStatus.DONE:
            turn = replace(turn, usage=owing.usage, cost=owing.cost, model=owing.model, rulings=owing.rulings)
        return await self._call(self._turns.close, turn)

    def owe(self, turn: Turn) -> None:
        """What a turn has cost that will not be done, to be stored when it is closed as aborted or failed."""
        self._owing[turn.id] = turn

    async def remember(self, turn: Turn) -> None:
        """Commit a finished turn; ConflictError when it was given up in the meantime."""
        if not await self.close(turn):
            raise ConflictError("This turn was given up before it was finished.", param="turn_id")

    async def abort(self, turn: Turn, answer: str, reason: str) -> bool:
        """Keep what there is of an interrupted turn, its question at least."""
        await self._call(self._turns.open, turn)
        return await self.close(replace(turn, status=TurnStatus.ABORTED, answer=answer, error=reason, ended_at=now()))

    async def get(self, turn_id: str) -> Turn:
        """The stored turn; NotFoundError when there is none."""
        return await self._call(self._turns.get, turn_id)

    async def rate(self, turn_id: str, feedback: Feedback, *, site: str, session: str | None) -> Turn:
        """Commit what a visitor says of an answer; the turn with it."""
        return await self._call(self._turns.rate, turn_id, feedback, site=site, session=session)

    async def history(self, recent: Sequence[str], limit: int) -> list[Message]:
        """The last `limit` messages of these turns; the database is asked only for what is not hot."""
        said = await self._hot.get(recent)
        if missing := [turn for turn in recent if turn not in said]:
            read = await self._call(self._turns.said, missing)
            await self._hot.put(read)
            said |= read
        messages = [message for turn in recent for message in said.get(turn, ())]
        return messages[-limit:] if limit else []

    async def tell(self, action: Action) -> None:
        """Make an action that was done a part of the conversation: a turn of the action's own id."""
        asked = Turn(action.id, action.session, f"Yes: {action.title}.", created_at=now())
        done = replace(asked, status=TurnStatus.DONE, answer=action.result, model=action.tool, ended_at=now())
        if (await self.open(asked)).before is None and await self.close(done):
            await self.keep_hot(done)

    async def keep_hot(self, done: Turn) -> None:
        """So that the next turn finds what was said in this one."""
        said = (Message("user", storable(done.question)), Message("assistant", storable(done.answer)))
        await self._hot.put({done.id: said})

    async def _call(self, method: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(method, *args, **kwargs))
