"""Turns: the question is stored before it is answered, and the answer together with its outbox row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from core.codec import from_json, to_json
from core.database.engine import Transactions, insert_if_absent
from core.database.schema import outbox, sessions, turns
from core.database.sites import require_site
from core.errors import ConflictError, NotFoundError
from core.records import Message, Session, Turn, TurnStatus, now

_QUESTION = ("id", "site", "person", "session_id", "question", "created_at")  # written by open, never again
_STALE = "The process that answered this turn went away before it ended."


class Turns:
    """The turns of all sessions; opened once, closed once."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def open(self, turn: Turn) -> Turn:
        """Stores the question; a turn whose id is known comes back as it is stored, in whatever state.

        NotFoundError without the site; ConflictError when the id belongs to another session.
        """
        session = turn.session
        with self._transactions.write() as connection:
            require_site(connection, session.site)
            insert_if_absent(connection, sessions, _session_key(session) | {"created_at": turn.created_at})
            insert_if_absent(connection, turns, _row(turn) | {"status": TurnStatus.OPEN})
            stored = _turn(connection, turn.id)
            if stored.session != session:
                raise ConflictError(f"Turn {turn.id!r} belongs to another session: send a new id.", param="turn_id")
            return stored

    def close(self, turn: Turn) -> bool:
        """Commits the ended turn and its outbox row; False, and nothing written, when it was closed before."""
        if turn.status is TurnStatus.OPEN:
            raise ValueError(f"turn {turn.id} is closed as done, aborted or failed, not as open")
        answer = {name: value for name, value in _row(turn).items() if name not in _QUESTION}
        answer["ended_at"] = turn.ended_at or now()
        still_open = (turns.c.id == turn.id) & (turns.c.status == TurnStatus.OPEN)
        with self._transactions.write() as connection:
            if not connection.execute(update(turns).where(still_open).values(answer)).rowcount:
                _turn(connection, turn.id)  # NotFoundError: a turn that was never opened would be lost silently
                return False
            connection.execute(insert(outbox).values(turn_id=turn.id))
            return True

    def get(self, turn_id: str) -> Turn:
        """The turn, or NotFoundError."""
        with self._transactions.read() as connection:
            return _turn(connection, turn_id)

    def history(self, session: Session, limit: int) -> list[Message]:
        """The last `limit` messages of the session's done turns, oldest first.

        Without those that nobody was asked about: an empty or endless question helps no later one.
        """
        if limit <= 0:
            return []
        done = [turns.c[name] == value for name, value in _turn_session(session).items()]
        query = (
            select(turns.c.question, turns.c.answer)
            .where(*done, turns.c.status == TurnStatus.DONE, turns.c.model != "")  # the guard names no model
            .order_by(turns.c.sequence.desc())
            .limit((limit + 1) // 2)
        )
        with self._transactions.read() as connection:
            rows = connection.execute(query).all()
        messages = [line for row in reversed(rows) for line in _messages(row.question, row.answer)]
        return messages[-limit:]

    def spent(self, site: str, since: datetime) -> float:
        """US dollars that the site's turns have cost that were asked since then."""
        paid = (turns.c.site == site) & (turns.c.created_at >= since) & (turns.c.cost > 0)
        with self._transactions.read() as connection:
            return float(connection.scalar(select(func.coalesce(func.sum(turns.c.cost), 0.0)).where(paid)) or 0)

    def abort_stale(self, before: datetime) -> int:
        """Aborts the turns that were opened before then and are open still; returns how many."""
        stale = (
            select(turns.c.id)
            .where(turns.c.status == TurnStatus.OPEN, turns.c.created_at < before)
            .with_for_update(skip_locked=True)  # a turn that is being closed right now has its host
        )
        aborted = {"status": TurnStatus.ABORTED, "error": _STALE, "ended_at": now()}
        with self._transactions.write() as connection:
            ids = connection.scalars(
                update(turns).where(turns.c.id.in_(stale)).values(aborted).returning(turns.c.id)
            ).all()
            if ids:
                connection.execute(insert(outbox), [{"turn_id": turn_id} for turn_id in ids])
            return len(ids)


def record(row: RowMapping) -> Turn:
    """The turn of a row of `turns`."""
    data: dict[str, Any] = dict(row)
    session = {"site": data.pop("site"), "person": data.pop("person"), "id": data.pop("session_id")}
    return from_json(data | {"session": session})


def _row(turn: Turn) -> dict[str, Any]:
    data = to_json(turn) | {"created_at": turn.created_at, "ended_at": turn.ended_at}
    del data["session"]
    return data | _turn_session(turn.session)


def _session_key(session: Session) -> dict[str, str]:
    return {"site": session.site, "person": session.person, "id": session.id}


def _turn_session(session: Session) -> dict[str, str]:
    return {"site": session.site, "person": session.person, "session_id": session.id}


def _turn(connection: Connection, turn_id: str) -> Turn:
    row = connection.execute(select(turns).where(turns.c.id == turn_id)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"There is no turn {turn_id!r}.")
    return record(row)


def _messages(question: str, answer: str) -> tuple[Message, Message]:
    return Message("user", question), Message("assistant", answer)
