"""Summaries: what is kept of each session's older turns, and which turns wait to be taken into it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update

from core.database.engine import Transactions, insert_if_absent
from core.database.schema import summaries, turns
from core.database.turns import asked_and_answered, of_session
from core.records import Exchange, Session, Summary, TurnStatus, now


@dataclass(frozen=True, slots=True)
class Older:
    """A session's summary, and the turns after it that are no longer among the last ones, oldest first."""

    summary: Summary
    waiting: tuple[Exchange, ...]


class Summaries:
    """One a session, replaced only by who has read the one before."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def older(self, session: Session, keep: int, limit: int) -> Older:
        """The summary and up to `limit` turns that it lacks; the session's last `keep` turns belong to none."""
        with self._transactions.read() as connection:
            summary = _summary(connection, session)
            return Older(summary, _waiting(connection, session, summary.covers, keep, limit))

    def replace(self, session: Session, old: Summary, new: Summary) -> bool:
        """Stores `new` where `old` still stands; False where somebody was quicker."""
        values = {"text": new.text, "covers": new.covers, "updated_at": now()}
        with self._transactions.write() as connection:
            if not old.covers:
                return insert_if_absent(connection, summaries, _key(session) | values)
            unchanged = _of(session) & (summaries.c.covers == old.covers)
            return connection.execute(update(summaries).where(unchanged).values(values)).rowcount == 1

    def erase(self, site: str, person: str) -> int:
        """Forgets all sessions of the person; returns how many had a summary."""
        theirs = (summaries.c.site == site) & (summaries.c.person == person)
        with self._transactions.write() as connection:
            return connection.execute(delete(summaries).where(theirs)).rowcount


def _key(session: Session) -> dict[str, str]:
    return {"site": session.site, "person": session.person, "session_id": session.id}


def _of(session: Session) -> ColumnElement[bool]:
    return and_(*(summaries.c[name] == value for name, value in _key(session).items()))


def _summary(connection: Connection, session: Session) -> Summary:
    row = connection.execute(select(summaries.c.text, summaries.c.covers).where(_of(session))).one_or_none()
    return Summary(row.text, row.covers) if row else Summary()


def _waiting(connection: Connection, session: Session, covers: int, keep: int, limit: int) -> tuple[Exchange, ...]:
    done = asked_and_answered(session)
    query = (
        select(turns.c.sequence, turns.c.question, turns.c.answer)
        .where(done, turns.c.sequence > covers, ~_an_earlier_one_is_open(session, covers))
        .order_by(turns.c.sequence)
        .limit(limit)
    )
    if keep:
        last = select(turns.c.sequence).where(done).order_by(turns.c.sequence.desc()).offset(keep - 1).limit(1)
        query = query.where(turns.c.sequence < last.scalar_subquery())
    return tuple(Exchange(*row) for row in connection.execute(query))


def _an_earlier_one_is_open(session: Session, covers: int) -> ColumnElement[bool]:
    # Else a slow turn would end below what the summary covers, and be in neither.
    is_open = (turns.c.status == TurnStatus.OPEN) & (turns.c.sequence > covers)  # bounded: no walk over old turns
    first_open = select(func.min(turns.c.sequence)).where(of_session(session), is_open)
    return turns.c.sequence > func.coalesce(first_open.scalar_subquery(), turns.c.sequence)
