"""Opens SQLite or PostgreSQL such that both behave alike: durable commits, writers that wait, instants in UTC.

Knows URLs, drivers and transactions, and no table.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from core.errors import ConfigurationError

_WAIT_SECONDS = 30  # for another writer of SQLite, before it counts as an error
_WAL_IS_SAFE = (3, 51, 3)  # older SQLite may corrupt a write-ahead log that several processes share


class Transactions:
    """Gives out transactions: each commits when its block ends, and rolls back when the block raises."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(writes=True)

    def read(self) -> AbstractContextManager[Connection]:
        """A transaction that only reads."""
        return self.engine.begin()

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that writes; on SQLite it holds the one write lock from its start."""
        return self._writer.begin()


def connect(location: str) -> Transactions:
    """A pooled engine for the URL; nothing is opened yet."""
    url = database_url(location)
    return Transactions(_sqlite_engine(url) if url.drivername == "sqlite" else _postgres_engine(url))


def database_url(location: str) -> URL:
    """The location as a URL with the driver that is used for it."""
    try:
        url = make_url(location)
    except ArgumentError as error:
        raise _unusable("it is not a URL") from error
    match url.drivername:
        case "sqlite" if url.database and url.database != ":memory:":
            return url
        case "sqlite":
            raise _unusable("SQLite needs a file that several processes can open")
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return url.set(drivername="postgresql+psycopg")
        case other:
            raise _unusable(f"{other!r} is not a database it knows")


def _unusable(reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"FRONTDESK_DATABASE_URL cannot be used: {reason}. "
        "Set it to sqlite:///path or postgresql://user:password@host/name.",
        param="FRONTDESK_DATABASE_URL",
    )


def sqlite_file(url: URL) -> Path | None:
    """The file of an SQLite database; None for a server."""
    return Path(str(url.database)) if url.drivername == "sqlite" else None


def insert_if_absent(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Inserts the row unless a unique key is taken; whether it did."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert = dialect.insert(table).values(values).on_conflict_do_nothing()
    # Without the option psycopg's count of inserted rows is not passed on for every table.
    return connection.execute(insert.execution_options(preserve_rowcount=True)).rowcount == 1


def _postgres_engine(url: URL) -> Engine:
    try:
        return create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "PostgreSQL needs its driver: install it with `pip install 'frontdesk[postgres]'`."
        ) from error


def _sqlite_engine(url: URL) -> Engine:
    driver = _sqlite_driver()
    engine = create_engine(url, module=driver, connect_args={"timeout": _WAIT_SECONDS})
    journal = "WAL" if driver.sqlite_version_info >= _WAL_IS_SAFE else "DELETE"

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: object) -> None:
        connection.isolation_level = None  # the driver begins no transaction behind our back
        for pragma in (f"journal_mode = {journal}", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that begins reading and then writes fails at once where another has written in between;
        # one that asks for the write lock first waits for it.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _sqlite_driver() -> ModuleType:
    """pysqlite3, which carries a sound SQLite; the standard library's where there is no wheel of it."""
    try:
        return import_module("pysqlite3.dbapi2")
    except ModuleNotFoundError:
        return import_module("sqlite3")
