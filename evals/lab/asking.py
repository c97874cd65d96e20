"""One question to the whole agent, in this process and on any build; nothing of it becomes a conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from core.embedder import Vectors, load_encoder
from core.records import Build, Citation, Message, Turn, new_id
from core.settings import Settings
from evals.lab.arguments import most, said, text
from evals.lab.passages import frame_of
from evals.lab.shown import page, prose
from evals.lab.waiting import waited
from evals.readers import Question
from evals.rehearsal import rehearse
from serving.agent import Writer, writer_for


@dataclass(frozen=True)
class Answer:
    """What the agent made of a question: the turn as a visitor's would be stored, and the seconds that it took."""

    turn: Turn
    build: Build
    before: tuple[Message, ...]
    seconds: float

    @property
    def text(self) -> str:
        """The answer with its citation marks, or why there is none."""
        return self.turn.answer if self.turn.error is None else f"✗ {self.turn.error}"

    @property
    def declined(self) -> bool:
        """Whether the agent said that it cannot answer."""
        return self.turn.declined

    @property
    def citations(self) -> tuple[Citation, ...]:
        """What the marks stand for."""
        return self.turn.citations

    @property
    def passages(self) -> pl.DataFrame:
        """What the answer was made from, with its scores."""
        return frame_of(self.turn.passages)

    @property
    def history(self) -> tuple[Message, ...]:
        """What was said up to here, as `ask(…, history=…)` takes it for a question that follows."""
        return (*self.before, Message("user", self.turn.question), Message("assistant", self.turn.answer))

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return page("answer", answer=self, turn=self.turn, text=prose(self.text, self.citations))


def ask(
    question: str,
    build: Build,
    settings: Settings,
    *,
    model: str | None = None,
    passages: int | None = None,
    history: Sequence[Message] = (),
) -> Answer:
    """The answer of the site's own model, or of `model`, from a build and after a history."""
    here = settings if passages is None else settings.model_copy(update={"passages": most(passages)})
    before = said(history)
    asked = Question(new_id(), text(question, "question"), before)
    writer = writer_of(model, here) if model else None
    [answered] = waited(lambda: rehearse([asked], build, here, at_once=1, writer=writer))
    return Answer(answered.turn, build, before, answered.seconds)


def writer_of(model: str, settings: Settings) -> Writer:
    """The writer of that name, with an embedding of its own: each loop that asks has one."""

    async def embed(texts: Sequence[str]) -> Vectors:
        encoder = load_encoder(settings.embedding_model, settings)
        return await asyncio.to_thread(encoder.encode, texts, "query")

    return writer_for(model, settings, embed)
