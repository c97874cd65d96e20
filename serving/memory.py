"""What the desk remembers beside the last messages: a summary of the older ones, and what they mean to a question.

Both come as notes for the agent. The summary follows after each answer; what a crash left out of it is folded in by
the next turn, at first without a model, so that nobody waits. Whatever fails here costs a note, never a turn.
"""

from __future__ import annotations

import asyncio
import logging
import textwrap
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, Protocol, TypeVar

from core.database import Older
from core.knowledge import Memory
from core.records import Message, Session, Summary, Turn
from serving.agent.summarizer import Summarizer, extract

logger = logging.getLogger(__name__)

R = TypeVar("R")

_AT_ONCE = 20  # turns that a summary takes in one step
_SHOWN = 200  # characters of a remembered question and of its answer

RecallByMeaning = Callable[[Turn, Sequence[str]], Awaitable[Sequence[Memory]]]


class SummaryStore(Protocol):
    """The part of the database that summaries live in; synchronous."""

    def older(self, session: Session, keep: int, limit: int) -> Older:
        """The summary, and turns that it lacks though they are not among the last `keep`."""

    def replace(self, session: Session, old: Summary, new: Summary) -> bool:
        """Store `new` where `old` still stands."""


class NoMemory:
    """Remembers nothing: for conversations that are no visitor's."""

    async def notes(self, _turn: Turn, _history: Sequence[Message]) -> list[Message]:
        """None."""
        return []

    async def follow(self, _done: Turn) -> None:
        """Nothing follows."""


class SessionMemory:
    """The memory of all sessions; `messages` are the last ones that the agent gets word for word."""

    def __init__(
        self,
        *,
        summaries: SummaryStore,
        recall: RecallByMeaning,
        summarizer_for: Callable[[str], Summarizer],  # of the model that answered
        messages: int,
        threads: Executor,
    ) -> None:
        self._summaries = summaries
        self._recall = recall
        self._summarizer_for = summarizer_for
        self._messages = messages
        self._threads = threads

    async def notes(self, turn: Turn, history: Sequence[Message]) -> list[Message]:
        """What bears on the question and is not in `history`: [] in a short conversation, which costs no query."""
        has_older = len(history) >= self._messages
        wanted = []
        if has_older:
            wanted.append(_if_it_can(self._summary(turn.session), "the summary"))
        if has_older or not turn.session.is_anonymous:
            wanted.append(_if_it_can(self._recalled(turn, history), "recall"))
        return [Message("note", note) for note in await asyncio.gather(*wanted) if note]

    async def follow(self, done: Turn) -> None:
        """Fold into the summary what this turn has made older than the last messages."""
        session = done.session
        summarize = None
        while (older := await self._older(session)).waiting:
            summarize = summarize or self._summarizer_for(
                done.model
            )  # who answered: what a site may spend holds here too
            text = await summarize(older.summary.text, older.waiting)
            new = Summary(text, older.waiting[-1].sequence)
            if not await self._call(partial(self._summaries.replace, session, older.summary, new)):
                return  # another replica was quicker, and goes on

    async def _summary(self, session: Session) -> str:
        older = await self._older(session)
        return await extract(older.summary.text, older.waiting) if older.waiting else older.summary.text

    async def _recalled(self, turn: Turn, history: Sequence[Message]) -> str:
        known = [message.content for message in history if message.role == "user"]
        return "\n".join(map(_told, await self._recall(turn, known)))

    async def _older(self, session: Session) -> Older:
        return await self._call(partial(self._summaries.older, session, self._messages // 2, _AT_ONCE))

    async def _call(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


async def _if_it_can(note: Coroutine[Any, Any, str], what: str) -> str:
    try:
        return await note
    except Exception:  # a database or a table that is away costs what would have been remembered
        logger.warning("%s failed; the turn goes on without it", what, exc_info=True)
        return ""


def _told(memory: Memory) -> str:
    question, answer = (textwrap.shorten(text, _SHOWN, placeholder=" …") for text in (memory.question, memory.answer))
    return f"Asked before: {question} Answered: {answer}"
