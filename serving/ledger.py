"""Turns in the database, asked for from async code on a few threads of its own. Knows no agent and no protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from core.codec import storable
from core.errors import ConflictError
from core.records import Message, Session, Turn, TurnStatus, now

P = ParamSpec("P")
R = TypeVar("R")


class TurnStore(Protocol):
    """The part of the database that turns live in; synchronous."""

    def open(self, turn: Turn) -> Turn:
        """Store a question; the turn that had the id before, when there was one."""

    def close(self, turn: Turn) -> bool:
        """Store how it ended, with its outbox row; False when it was closed before."""

    def get(self, turn_id: str) -> Turn:
        """The stored turn, or NotFoundError."""

    def history(self, session: Session, limit: int) -> list[Message]:
        """The last messages of done turns, oldest first."""


class Ledger:
    """The async face of `TurnStore`."""

    def __init__(self, turns: TurnStore, threads: Executor) -> None:
        self._turns = turns
        self._threads = threads

    async def open(self, turn: Turn) -> Turn | None:
        """None when `turn` is new and its question now stored; else the turn that had its id before."""
        stored = await self._call(self._turns.open, turn)
        if stored.created_at == turn.created_at:
            return None
        if stored.question != storable(turn.question):
            raise ConflictError("This turn_id belongs to another question; send a new one.", param="turn_id")
        return stored

    async def close(self, turn: Turn) -> bool:
        """Commit an ended turn with its outbox row; False when somebody closed it before."""
        return await self._call(self._turns.close, turn)

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

    async def history(self, session: Session, limit: int) -> list[Message]:
        """The last `limit` messages of the session, oldest first."""
        return await self._call(self._turns.history, session, limit) if limit else []

    async def _call(self, method: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(method, *args, **kwargs))
