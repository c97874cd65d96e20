"""The change log of each site: what was put or erased between two builds, in the order in which it happened."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, func, insert, select

from core.codec import plain
from core.database.engine import Transactions
from core.database.schema import changes
from core.database.sites import require_site
from core.records import Change, Document

_DOCUMENT = TypeAdapter(Document | None)


@dataclass(frozen=True, slots=True)
class Standing:
    """The documents whose last change was to be put, and those whose last was to be erased: they stay so."""

    put: frozenset[str] = frozenset()
    erased: frozenset[str] = frozenset()


class Changes:
    """Appends only; a build says by `changes_applied` how far its table has followed."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def append(self, site: str, change: Change) -> int:
        """Stores the change and returns its place in the log."""
        document = None if change.document is None else plain(change.document)
        row = {
            "site": site,
            "document_id": change.document_id,
            "document": document,
            "created_at": change.created_at,
        }
        with self._transactions.write() as connection:
            require_site(connection, site)
            return int(connection.execute(insert(changes).values(row).returning(changes.c.sequence)).scalar_one())

    def after(self, site: str, sequence: int) -> list[Change]:
        """What came later than `sequence`, oldest first."""
        query = select(changes).where(changes.c.site == site, changes.c.sequence > sequence)
        with self._transactions.read() as connection:
            rows = connection.execute(query.order_by(changes.c.sequence)).mappings()
            return [_change(row) for row in rows]

    def standing(self, site: str) -> Standing:
        """What the log has led to so far."""
        last = select(func.max(changes.c.sequence)).where(changes.c.site == site).group_by(changes.c.document_id)
        is_put = changes.c.document.is_not(None)
        query = select(changes.c.document_id, is_put.label("is_put")).where(changes.c.sequence.in_(last))
        with self._transactions.read() as connection:
            rows = connection.execute(query).all()
        return Standing(
            frozenset(row.document_id for row in rows if row.is_put),
            frozenset(row.document_id for row in rows if not row.is_put),
        )


def _change(row: RowMapping) -> Change:
    document = _DOCUMENT.validate_python(row["document"])
    return Change(row["document_id"], document, row["sequence"], row["created_at"])
