"""The answers that sites' owners have fixed."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete, insert, select

from core.database.engine import Transactions
from core.database.schema import pins
from core.database.sites import require_site
from core.errors import NotFoundError
from core.records import Pin


class Pins:
    """The pins of all sites. A question that is pinned again gets the new answer."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def put(self, pin: Pin) -> None:
        """Stores the pin in place of one of the same question; NotFoundError without the site."""
        same = (pins.c.site == pin.site) & (pins.c.question == pin.question)
        with self._transactions.write() as connection:
            require_site(connection, pin.site)
            connection.execute(delete(pins).where(same))
            connection.execute(insert(pins).values(asdict(pin)))

    def of(self, site: str) -> list[Pin]:
        """The site's pins, oldest first."""
        query = select(pins).where(pins.c.site == site).order_by(pins.c.created_at, pins.c.id)
        with self._transactions.read() as connection:
            return [Pin(**row) for row in connection.execute(query).mappings()]

    def remove(self, site: str, pin: str) -> None:
        """Forgets the pin; NotFoundError where the site has none of that id."""
        with self._transactions.write() as connection:
            if not connection.execute(delete(pins).where(pins.c.site == site, pins.c.id == pin)).rowcount:
                raise NotFoundError(
                    f"Site {site!r} has no pin {pin!r}: `python -m serving sites pins {site}` shows those it has."
                )
