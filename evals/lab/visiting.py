"""Visitors, rehearsed: questions to a site's live build that are kept as a visitor's are, with what they said of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing

import polars as pl

from core.embedder import load_encoder
from core.records import Feedback, Rating, Session, Turn, new_id
from core.settings import Settings
from evals.lab.waiting import waited
from serving.desk import Desk, open_desk
from serving.embedding import EmbeddingThread, Encoders

_SCHEMA = {"question": pl.String, "answer": pl.String, "declined": pl.Boolean, "turn_id": pl.String}


def visit(questions: Sequence[str], site: str, settings: Settings, opinion: Feedback | None) -> pl.DataFrame:
    """A row a question, in their order, each asked by somebody else; all of them are of this opinion."""
    turns = waited(lambda: _asked(questions, site, settings, opinion))
    rows = [(turn.question, turn.answer, turn.declined, turn.id) for turn in turns]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def opinion_of(rating: Rating | None, comment: str) -> Feedback | None:
    """None where nobody said anything."""
    return Feedback(rating, comment) if rating else None


async def _asked(questions: Sequence[str], site: str, settings: Settings, opinion: Feedback | None) -> list[Turn]:
    embed = EmbeddingThread(Encoders(lambda model: load_encoder(model, settings)))
    desk = open_desk(settings, embed)
    try:
        return [await _one(desk, question, site, opinion) for question in questions]
    finally:
        await desk.close()
        embed.close()


async def _one(desk: Desk, question: str, site: str, opinion: Feedback | None) -> Turn:
    person = new_id()
    turn = Turn(new_id(), Session(site, person, person), question)
    async with aclosing(desk.host.run(turn)) as events:
        async for _ in events:
            pass
    if opinion:
        return await desk.host.rate(turn.id, opinion, site=site, session=person)
    return desk.database.turns.get(turn.id)
