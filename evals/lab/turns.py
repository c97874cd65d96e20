"""A stored turn with what had been said before it: from the database, or from Parquet where that has it alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import duckdb

from core.codec import from_json
from core.conversations import Conversations
from core.conversations.relation import in_utc
from core.database import database_exists, open_database
from core.errors import NotFoundError
from core.records import Message, Turn
from core.settings import Settings

_BEFORE = """
    SELECT question, answer FROM turns
    WHERE site = $site AND person = $person AND session_id = $session AND created_at < $at
        AND status = 'done' AND model <> ''
    ORDER BY created_at DESC LIMIT $turns
"""
_SAID = "SELECT rating, comment, rated_at FROM exported_ratings WHERE turn_id = $id ORDER BY rated_at DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Kept:
    """A turn, the messages before it, and where both are from."""

    turn: Turn
    history: tuple[Message, ...]
    place: str


def kept_turn(turn_id: str, settings: Settings) -> Kept:
    """The turn of this id; NotFoundError where neither has it."""
    if not database_exists(settings.database_location):  # the Parquet may have come from another machine
        return _exported(turn_id, settings)
    with closing(open_database(settings.database_location)) as database:
        try:
            turn = database.turns.get(turn_id)
        except NotFoundError:
            return _exported(turn_id, settings)
        history = database.turns.history(turn.session, settings.history_messages, before=turn.created_at)
    return Kept(turn, tuple(history), "the database")


def _exported(turn_id: str, settings: Settings) -> Kept:
    with in_utc() as connection:
        Conversations(settings.conversations_location).relation(connection)
        found = _rows(connection, "SELECT * FROM turns WHERE turn_id = $id", {"id": turn_id})
        if not found:
            raise NotFoundError(
                f"There is no turn {turn_id!r}, neither in the database nor in {settings.conversations_location}."
            )
        turn = _turn(found[0], _rows(connection, _SAID, {"id": turn_id}))
        before = _rows(connection, _BEFORE, _session(turn, (settings.history_messages + 1) // 2))
    lines = [line for row in reversed(before) for line in _lines(row)]
    return Kept(turn, tuple(lines[-settings.history_messages :] if settings.history_messages else ()), "Parquet")


def _rows(connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = connection.execute(query, dict(parameters))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _turn(row: Mapping[str, Any], said: Sequence[Mapping[str, Any]]) -> Turn:
    """The turn of its row, with what was said of it last."""
    session = {"site": row["site"], "person": row["person"], "id": row["session_id"]}
    told = {name: value for name, value in row.items() if value is not None}
    return from_json({**told, "id": row["turn_id"], "session": session, "feedback": said[0] if said else None})


def _session(turn: Turn, turns: int) -> dict[str, Any]:
    session = turn.session
    return {
        "site": session.site,
        "person": session.person,
        "session": session.id,
        "at": turn.created_at.astimezone(UTC),
        "turns": turns,
    }


def _lines(row: Mapping[str, Any]) -> tuple[Message, Message]:
    return Message("user", row["question"]), Message("assistant", row["answer"])
