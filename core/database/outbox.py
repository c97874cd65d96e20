"""The outbox: ended turns and ratings on their way to Parquet, in batches whose names never change, and to memory.

A batch is claimed in one commit and marked in another; whoever claims in between, after a crash or beside another
exporter, is handed the same batch under the same name, so that writing it twice is writing it once. Memory needs no
batches: it merges by the turn's id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import ColumnElement, Connection, Row, Table, func, select, update

from core.database.engine import Transactions
from core.database.schema import outbox, ratings, turns
from core.database.turns import record
from core.records import Turn, now

_CLAIM_LOCK = 7_261_001  # PostgreSQL's advisory lock of those who claim; any number that nobody else takes


@dataclass(frozen=True, slots=True)
class Batch:
    """Turns that are exported together, in the order in which they ended or were rated first."""

    name: str
    turns: tuple[Turn, ...]


class Queue:
    """Hands out batches until they are marked as exported; `waiting` is its table, `kind` begins a batch's name."""

    def __init__(self, transactions: Transactions, waiting: Table, kind: str) -> None:
        self._transactions = transactions
        self._waiting = waiting
        self._kind = kind

    def claim(self, limit: int) -> Batch | None:
        """The oldest unfinished batch, else a new one of up to `limit` rows; None when nothing waits."""
        with self._transactions.write() as connection:
            _one_at_a_time(connection)
            name = _unfinished(connection, self._waiting) or _assign(connection, self._waiting, self._kind, limit)
            return _batch(connection, self._waiting, name) if name else None

    def mark_exported(self, batch: str) -> None:
        """The batch has arrived; marking it again changes nothing."""
        waiting = (self._waiting.c.batch == batch) & self._waiting.c.exported_at.is_(None)
        with self._transactions.write() as connection:
            connection.execute(update(self._waiting).where(waiting).values(exported_at=now()))

    def pending(self) -> tuple[Turn, ...]:
        """The turns that are not marked as exported, whether somebody is at it or not."""
        with self._transactions.read() as connection:
            return _turns(connection, self._waiting, self._waiting.c.exported_at.is_(None))


class Ratings(Queue):
    """Turns that were rated, with what was said of them last."""

    def __init__(self, transactions: Transactions) -> None:
        super().__init__(transactions, ratings, "feedback")


class Outbox(Queue):
    """Turns that have ended; memory takes them too, in its own time."""

    def __init__(self, transactions: Transactions) -> None:
        super().__init__(transactions, outbox, "turns")

    def unremembered(self, limit: int) -> list[Turn]:
        """The oldest `limit` ended turns that memory has not taken; handed out again until they are marked."""
        query = (
            select(turns)
            .join(outbox, outbox.c.turn_id == turns.c.id)
            .where(outbox.c.remembered_at.is_(None))
            .order_by(outbox.c.sequence)
            .limit(limit)
        )
        with self._transactions.read() as connection:
            return [record(row) for row in connection.execute(query).mappings()]

    def mark_remembered(self, ids: Sequence[str]) -> set[str]:
        """Memory has taken these turns; returns those that are still there, for one may have been erased since."""
        marked = update(outbox).where(outbox.c.turn_id.in_(ids)).values(remembered_at=now()).returning(outbox.c.turn_id)
        with self._transactions.write() as connection:
            return set(connection.scalars(marked).all())


def _one_at_a_time(connection: Connection) -> None:
    # SQLite has one writer anyway. On PostgreSQL two claims would otherwise see the same rows as free.
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_CLAIM_LOCK)))


def _unfinished(connection: Connection, waiting: Table) -> str | None:
    claimed = waiting.c.batch.is_not(None) & waiting.c.exported_at.is_(None)
    return connection.scalar(select(waiting.c.batch).where(claimed).order_by(waiting.c.sequence).limit(1))


def _assign(connection: Connection, waiting: Table, kind: str, limit: int) -> str | None:
    # By what has no batch yet and never by "later than the last": on PostgreSQL a lower number may commit later.
    free = waiting.c.batch.is_(None) & waiting.c.exported_at.is_(None)
    rows = connection.execute(
        select(waiting.c.sequence, waiting.c.turn_id).where(free).order_by(waiting.c.sequence).limit(limit)
    ).all()
    if not rows:
        return None
    name = f"{kind}-{_span(rows)}"
    chosen = waiting.c.sequence.in_([row.sequence for row in rows])
    connection.execute(update(waiting).where(chosen).values(batch=name))
    return name


def _span(rows: Sequence[Row[int, str]]) -> str:
    # The digest keeps apart the batches of a database that was made anew, or of two that share a folder.
    digest = sha256("\0".join(row.turn_id for row in rows).encode()).hexdigest()[:12]
    return f"{rows[0].sequence:012}-{rows[-1].sequence:012}-{digest}"


def _batch(connection: Connection, waiting: Table, name: str) -> Batch:
    return Batch(name, _turns(connection, waiting, waiting.c.batch == name))


def _turns(connection: Connection, waiting: Table, wanted: ColumnElement[bool]) -> tuple[Turn, ...]:
    query = select(turns).join(waiting, waiting.c.turn_id == turns.c.id).where(wanted).order_by(waiting.c.sequence)
    found = [record(row) for row in connection.execute(query).mappings()]
    return tuple({turn.id: turn for turn in found}.values())  # one that was rated twice is there once
