"""Leases: who may do what only one may do at a time. A holder that dies loses its lease when it expires."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from core.database.engine import Transactions, insert_if_absent
from core.database.schema import leases
from core.errors import ConflictError
from core.records import now


class Leases:
    """Named leases, each with a holder and an end."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def take(self, name: str, holder: str, seconds: float) -> None:
        """Takes or prolongs the lease; ConflictError says who holds it and until when."""
        until = now() + timedelta(seconds=seconds)
        with self._transactions.write() as connection:
            if not _taken(connection, name, holder, until):
                other = connection.execute(select(leases).where(leases.c.name == name)).mappings().one()
                raise ConflictError(
                    f"{name} is under way already: {other['holder']} holds it until "
                    f"{other['expires_at']:%H:%M:%S} UTC, longer if it is still at work. Try again later."
                )

    def prolong(self, name: str, holder: str, seconds: float) -> None:
        """For who has it; ConflictError where another took it meanwhile, even if that one has given it back since."""
        mine = (leases.c.name == name) & (leases.c.holder == holder)
        with self._transactions.write() as connection:
            until = now() + timedelta(seconds=seconds)
            if connection.execute(update(leases).where(mine).values(expires_at=until)).rowcount != 1:
                raise _lost(name)

    def check(self, name: str, holder: str) -> None:
        """ConflictError unless the holder still has it."""
        if self.holder(name) != holder:
            raise _lost(name)

    def holder(self, name: str) -> str | None:
        """Who has the lease, expired or not."""
        with self._transactions.read() as connection:
            return connection.scalar(select(leases.c.holder).where(leases.c.name == name))

    def release(self, name: str, holder: str) -> None:
        """Gives the lease back; nothing happens where another holds it by now."""
        mine = (leases.c.name == name) & (leases.c.holder == holder)
        with self._transactions.write() as connection:
            connection.execute(delete(leases).where(mine))


def _lost(name: str) -> ConflictError:
    return ConflictError(f"{name} was taken over by another process while this one did not answer: try again later.")


def _taken(connection: Connection, name: str, holder: str, until: datetime) -> bool:
    if insert_if_absent(connection, leases, {"name": name, "holder": holder, "expires_at": until}):
        return True
    free = (leases.c.holder == holder) | (leases.c.expires_at < now())
    mine = update(leases).where(leases.c.name == name, free).values(holder=holder, expires_at=until)
    return connection.execute(mine).rowcount == 1
