"""Asks the agent questions in this process and keeps nothing: turns live in memory, the site is only read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from time import perf_counter

from core.embedder import load_encoder
from core.records import Build, Session, Turn, TurnStatus, new_id
from core.settings import Settings
from evals.progress import Watch, silent
from evals.readers import Question
from pipelines.chunk import embedded_text
from serving.agent import Writer
from serving.desk import Desk, open_desk
from serving.embedding import EmbeddingThread, Encoders
from serving.rehearsal import MemoryTurns

_MARK = re.compile(r"[ \t]*\[\d{1,3}\]")


@dataclass(frozen=True, slots=True)
class Answered:
    """A question and the turn that it became, done or failed; seconds as the one who asked waited."""

    question: Question
    turn: Turn
    seconds: float

    @property
    def done(self) -> bool:
        """Whether there is an answer at all, be it that it declines."""
        return self.turn.status is TurnStatus.DONE

    @property
    def text(self) -> str:
        """The answer without its citation marks."""
        return _MARK.sub("", self.turn.answer).strip()

    @property
    def pages(self) -> list[str]:
        """The pages of the passages, best first, each once."""
        return list(dict.fromkeys(passage.chunk.path or passage.chunk.document for passage in self.turn.passages))

    @property
    def contexts(self) -> tuple[str, ...]:
        """What was retrieved, best first, each with where it stands."""
        chunks = (passage.chunk for passage in self.turn.passages)
        return tuple(embedded_text(chunk.title, chunk.heading, chunk.text) for chunk in chunks)


async def rehearse(
    questions: Sequence[Question],
    build: Build,
    settings: Settings,
    *,
    at_once: int,
    writer: Writer | None = None,
    watch: Watch = silent,
) -> list[Answered]:
    """The questions in their order, `at_once` of them under way at any time, each in a session of its own."""
    turns = MemoryTurns({question.id: question.history for question in questions})
    embed = EmbeddingThread(Encoders(lambda model: load_encoder(model, settings)))
    desk = open_desk(settings, embed, build=build.id, writer=writer, turns=turns)
    places = asyncio.Semaphore(at_once)

    async def ask(question: Question) -> Answered:
        async with places:
            result = await _ask(desk, turns, build.site, question)
        watch("Asking", len(questions))
        return result

    try:
        await embed(build.embedding_model, ["warm"])  # else the first question would pay for loading the model
        return list(await asyncio.gather(*map(ask, questions)))
    finally:
        await desk.close()
        embed.close()


async def _ask(desk: Desk, turns: MemoryTurns, site: str, question: Question) -> Answered:
    turn = Turn(new_id(), Session(site, question.id, question.id), question.text)
    began = perf_counter()
    async with aclosing(desk.host.run(turn)) as events:
        async for _ in events:
            pass
    return Answered(question, turns.get(turn.id), perf_counter() - began)
