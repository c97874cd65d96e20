"""What the same person asked before, found by meaning. Knows no summary and no agent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Protocol

from core.knowledge import Memory, Vector
from core.records import Session, Turn
from serving.embedding import Embed

_LIKE = 0.7  # cosine
_MOST = 3  # memories


class MemorySearch(Protocol):
    """The part of `Memories` that is read; synchronous."""

    def search(self, session: Session, vector: Vector, *, floor: float, limit: int) -> list[Memory]:
        """The nearest earlier turns of the session's person."""


class MeaningRecall:
    """Asks the memories with the question's vector, which the search for passages needs anyway."""

    def __init__(self, memories: MemorySearch, embed: Embed, model: str, threads: Executor) -> None:
        self._memories = memories
        self._embed = embed
        self._model = model
        self._threads = threads

    async def __call__(self, turn: Turn, known: Sequence[str]) -> list[Memory]:
        """Earlier turns like this one, best first; those whose questions are `known` are no news."""
        vector = (await self._embed(self._model, [turn.question]))[0]
        search = partial(self._memories.search, turn.session, vector, floor=_LIKE, limit=_MOST + len(known))
        found = await asyncio.get_running_loop().run_in_executor(self._threads, search)
        return [memory for memory in found if memory.question not in known][:_MOST]
