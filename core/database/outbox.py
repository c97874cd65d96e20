"""The outbox: ended turns on their way to Parquet, in batches whose names never change, and to memory.

A batch is claimed in one commit and marked in another; whoever claims in between, after a crash or beside another
exporter, is handed the same batch under the same name, so that writing it twice is writing it once. Memory needs no
batches: it merges by the turn's id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, Row, func, select, update

from core.database.engine import Transactions
from core.database.schema import outbox, turns
from core.database.turns import record
from core.records import Turn, now

_CLAIM_LOCK = 7_261_001  # PostgreSQL's advisory lock of those who claim; any number that nobody else takes


@dataclass(frozen=True, slots=True)
class Batch:
    """Ended turns that are exported together, in the order in which they ended."""

    name: str
    turns: tuple[Turn, ...]


class Outbox:
    """Hands out batches until they are marked as exported."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def claim(self, limit: int) -> Batch | None:
        """The oldest unfinished batch, else a new one of up to `limit` turns; None when nothing waits."""
        with self._transactions.write() as connection:
            _one_at_a_time(connection)
            name = _unfinished(connection) or _assign(connection, limit)
            return _batch(connection, name) if name else None

    def mark_exported(self, batch: str) -> None:
        """The batch has arrived; marking it again changes nothing."""
        waiting = (outbox.c.batch == batch) & outbox.c.exported_at.is_(None)
        with self._transactions.write() as connection:
            connection.execute(update(outbox).where(waiting).values(exported_at=now()))

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


def _unfinished(connection: Connection) -> str | None:
    claimed = outbox.c.batch.is_not(None) & outbox.c.exported_at.is_(None)
    return connection.scalar(select(outbox.c.batch).where(claimed).order_by(outbox.c.sequence).limit(1))


def _assign(connection: Connection, limit: int) -> str | None:
    # By what has no batch yet and never by "later than the last": on PostgreSQL a lower number may commit later.
    free = outbox.c.batch.is_(None) & outbox.c.exported_at.is_(None)
    rows = connection.execute(
        select(outbox.c.sequence, outbox.c.turn_id).where(free).order_by(outbox.c.sequence).limit(limit)
    ).all()
    if not rows:
        return None
    name = _name(rows)
    chosen = outbox.c.sequence.in_([row.sequence for row in rows])
    connection.execute(update(outbox).where(chosen).values(batch=name))
    return name


def _name(rows: Sequence[Row[int, str]]) -> str:
    # The digest keeps apart the batches of a database that was made anew, or of two that share a folder.
    digest = sha256("\0".join(row.turn_id for row in rows).encode()).hexdigest()[:12]
    return f"turns-{rows[0].sequence:012}-{rows[-1].sequence:012}-{digest}"


def _batch(connection: Connection, name: str) -> Batch:
    query = (
        select(turns)
        .join(outbox, outbox.c.turn_id == turns.c.id)
        .where(outbox.c.batch == name)
        .order_by(outbox.c.sequence)
    )
    return Batch(name, tuple(record(row) for row in connection.execute(query).mappings()))
