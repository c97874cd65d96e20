"""What visitors really asked: the last questions of a site, each with what had been said before it.

From the database, and what is there no more from the exported Parquet. They may hold personal data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb

from core.conversations import Conversations
from core.database import Database
from core.errors import NotFoundError
from core.records import Message
from evals.readers import Question

# As `Turns.recent` and `Turns.history` do it in the database: done turns that not only the guard saw.
_EXPORTED = """
    SELECT turn_id, question, said FROM (
        SELECT turn_id, question, created_at,
            list({question: question, answer: answer}) OVER (
                PARTITION BY person, session_id ORDER BY created_at ROWS BETWEEN $turns PRECEDING AND 1 PRECEDING
            ) AS said
        FROM turns WHERE site = $site AND status = 'done' AND model <> ''
    )
    WHERE NOT list_contains($known, turn_id) ORDER BY created_at DESC LIMIT $last
"""


def last_questions(
    site: str, last: int, database: Database, conversations: Conversations, messages: int
) -> list[Question]:
    """Up to `last` questions, newest first and each once, with up to `messages` messages before them."""
    found = [*_stored(site, last, database, messages)]
    if len(found) < last:
        known = [question.id for question in found]
        found += _exported(site, last - len(found), known, conversations, messages)
    if not found:
        raise NotFoundError(
            f'Nobody has asked site {site} anything yet. Ask it: python -m serving ask "…" --site {site}, or '
            f"measure it on questions of your own: python -m evals answers FILE --site {site}"
        )
    return list({(each.text, each.history): each for each in reversed(found)}.values())[::-1]


def _stored(site: str, last: int, database: Database, messages: int) -> Iterator[Question]:
    for turn in database.turns.recent(site, last):
        history = database.turns.history(turn.session, messages, before=turn.created_at)
        yield Question(turn.id, turn.question, tuple(history))


def _exported(
    site: str, last: int, known: Sequence[str], conversations: Conversations, messages: int
) -> Iterator[Question]:
    turns = (messages + 1) // 2
    with duckdb.connect() as connection:
        conversations.relation(connection)
        parameters = {"site": site, "known": known, "last": last, "turns": turns}
        rows = connection.execute(_EXPORTED, parameters).fetchall()
    for turn_id, question, said in rows:
        history = [line for each in said or () for line in _lines(each)]
        yield Question(turn_id, question, tuple(history[-messages:] if messages else ()))


def _lines(said: Mapping[str, Any]) -> tuple[Message, Message]:
    return Message("user", said["question"]), Message("assistant", said["answer"])
