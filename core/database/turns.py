"""Turns: the question is stored before it is answered, and the answer together with its outbox row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, insert, select, update

from core.codec import from_json, plain, to_json
from core.database.engine import Transactions, insert_if_absent
from core.database.schema import outbox, ratings, sessions, turns
from core.database.sites import require_site
from core.errors import ConflictError, NotFoundError
from core.records import Feedback, Message, Session, Turn, TurnStatus, now

_QUESTION = ("id", "site", "person", "session_id", "question", "created_at")  # written by open, never again
_TOLD = (turns.c.status == TurnStatus.DONE, turns.c.model != "")  # the guard names no model
_STALE = "The process that answered this turn went away before it ended."


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn as it is stored, and the ids of the session's last done turns as they were then, oldest first."""

    turn: Turn
    recent: tuple[str, ...]


class Turns:
    """The turns of all sessions; opened once, closed once."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def open(self, turn: Turn) -> Turn:
        """Stores the question; a turn whose id is known comes back as it is stored, in whatever state.

        NotFoundError without the site; ConflictError when the id belongs to another session.
        """
        return self.begin(turn, 0).turn

    def begin(self, turn: Turn, recent: int) -> Begun:
        """As `open`, and in the same transaction the session's last `recent` turns that an answer goes on from.

        A done turn never changes: who knows these ids' words from before knows them as they are.
        """
        session = turn.session
        with self._transactions.write() as connection:
            require_site(connection, session.site)
            insert_if_absent(connection, sessions, _session_key(session) | {"created_at": turn.created_at})
            insert_if_absent(connection, turns, _row(turn) | {"status": TurnStatus.OPEN})
            stored = _turn(connection, turn.id)
            if stored.session != session:
                raise ConflictError(f"Turn {turn.id!r} belongs to another session: send a new id.", param="turn_id")
            return Begun(stored, _recent(connection, session, recent) if recent > 0 else ())

    def said(self, ids: Sequence[str]) -> dict[str, tuple[Message, ...]]:
        """What was said in these turns."""
        query = select(turns.c.id, turns.c.question, turns.c.answer).where(turns.c.id.in_(ids))
        with self._transactions.read() as connection:
            return {row.id: _messages(row.question, row.answer) for row in connection.execute(query)}

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

    def rate(self, turn_id: str, feedback: Feedback, *, site: str, session: str | None = None) -> Turn:
        """Commits what is said of an ended turn, and its row for the export; the turn as it is now.

        NotFoundError unless the turn is of this site and, where one is named, of this session; ConflictError while
        it is being answered.
        """
        with self._transactions.write() as connection:
            rated = _turn(connection, turn_id)
            if rated.session.site != site or session not in (None, rated.session.id):
                raise _unknown(turn_id)
            if rated.status is TurnStatus.OPEN:
                raise ConflictError(f"Turn {turn_id!r} is still being answered: rate it when it has ended.")
            connection.execute(update(turns).where(turns.c.id == turn_id).values(feedback=plain(feedback)))
            connection.execute(insert(ratings).values(turn_id=turn_id))
            return _turn(connection, turn_id)

    def get(self, turn_id: str) -> Turn:
        """The turn, or NotFoundError."""
        with self._transactions.read() as connection:
            return _turn(connection, turn_id)

    def recent(self, site: str, limit: int) -> list[Turn]:
        """The site's last done turns, newest first, without those that the guard answered."""
        query = select(turns).where(turns.c.site == site, *_TOLD).order_by(turns.c.sequence.desc()).limit(limit)
        with self._transactions.read() as connection:
            return [record(row) for row in connection.execute(query).mappings()]

    def history(self, session: Session, limit: int, *, before: datetime | None = None) -> list[Message]:
        """The last `limit` messages of the session's done turns, oldest first; of those asked `before` then.

        Without those that nobody was asked about: an empty or endless question helps no later one.
        """
        if limit <= 0:
            return []
        wanted = [asked_and_answered(session)]
        if before is not None:
            wanted.append(turns.c.created_at < before)
        query = (
            select(turns.c.question, turns.c.answer)
            .where(*wanted)
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


def of_session(session: Session) -> ColumnElement[bool]:
    """The session's turns."""
    return and_(*(turns.c[name] == value for name, value in _turn_session(session).items()))


def asked_and_answered(session: Session) -> ColumnElement[bool]:
    """The session's turns that an answer goes on from."""
    return and_(of_session(session), *_TOLD)


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
        raise _unknown(turn_id)
    return record(row)


def _unknown(turn_id: str) -> NotFoundError:
    return NotFoundError(f"There is no turn {turn_id!r}.", param="turn_id")


def _recent(connection: Connection, session: Session, limit: int) -> tuple[str, ...]:
    query = select(turns.c.id).where(asked_and_answered(session)).order_by(turns.c.sequence.desc()).limit(limit)
    return tuple(reversed(connection.scalars(query).all()))


def _messages(question: str, answer: str) -> tuple[Message, Message]:
    return Message("user", question), Message("assistant", answer)
