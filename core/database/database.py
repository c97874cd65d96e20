"""The open database: one connection pool, and a repository for each noun."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.database.actions import Actions
from core.database.builds import Builds
from core.database.changes import Changes
from core.database.engine import Transactions, connect, database_url, sqlite_file
from core.database.leases import Leases
from core.database.outbox import Outbox, Ratings
from core.database.pins import Pins
from core.database.sites import Sites, Sources
from core.database.summaries import Summaries
from core.database.turns import Turns
from core.database.upgrade import require_head
from core.errors import ConfigurationError


class Database:
    """Synchronous and safe to share between threads; each process opens its own."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self.sites = Sites(transactions)
        self.pins = Pins(transactions)
        self.sources = Sources(transactions)
        self.builds = Builds(transactions)
        self.changes = Changes(transactions)
        self.leases = Leases(transactions)
        self.turns = Turns(transactions)
        self.actions = Actions(transactions)
        self.outbox = Outbox(transactions)
        self.ratings = Ratings(transactions)
        self.summaries = Summaries(transactions)

    def ping(self) -> None:
        """Raises when the database does not answer."""
        with self._transactions.read() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Gives the connections back; the object is of no use afterwards."""
        self._transactions.engine.dispose()


def database_exists(location: str) -> bool:
    """Whether there may be anything in it: an SQLite file that was never made holds nothing, a server is asked."""
    file = sqlite_file(database_url(location))
    return file is None or file.exists()


def open_database(location: str) -> Database:
    """The database at its newest revision; else ConfigurationError with what to do."""
    url = database_url(location)
    if not database_exists(location):  # connecting would create it
        raise ConfigurationError(f"There is no database at {sqlite_file(url)}: run `python -m core migrate`.")
    transactions = connect(location)
    try:
        with transactions.read() as connection:
            require_head(connection)
    except OperationalError as error:
        transactions.engine.dispose()
        raise ConfigurationError(f"The database {url!r} does not answer: {error.orig}") from error
    except ConfigurationError:
        transactions.engine.dispose()
        raise
    return Database(transactions)
