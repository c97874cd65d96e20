"""The place where builds' tables lie: a folder or an object store, one LanceDB table a build."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import lancedb
from lancedb.db import LanceDBConnection

from core.errors import ConfigurationError, NotFoundError
from core.knowledge.schema import chunk_schema
from core.knowledge.table import BuildTable


class Knowledge:
    """Opens, makes and drops tables. Open it inside the process that uses it, never before a fork."""

    def __init__(self, location: str) -> None:
        self.location = location
        with self._usable():
            if "://" not in location:
                Path(location).mkdir(parents=True, exist_ok=True)
            self._connection = cast(LanceDBConnection, lancedb.connect(location))

    def create(self, table: str, dimensions: int) -> BuildTable:
        """A new, empty table; a table of that name must not exist."""
        with self._usable():
            return BuildTable(self._connection.create_table(table, schema=chunk_schema(dimensions)))

    def open(self, table: str) -> BuildTable:
        """An existing table, at its newest version."""
        if table not in self.tables():
            raise NotFoundError(f"There is no table {table} in {self.location}: index the site again.")
        return BuildTable(self._connection.open_table(table))

    def drop(self, table: str) -> None:
        """Removes a table with its indices; one that is not there is no error."""
        self._connection.drop_table(table, ignore_missing=True)

    def tables(self) -> list[str]:
        """The names of all tables."""
        with self._usable():
            return list(self._connection.list_tables().tables)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Says what to set where the folder or bucket cannot be had; LanceDB calls that a ValueError, at length."""
        try:
            yield
        except (OSError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200].rstrip(".")
            raise ConfigurationError(
                f"Knowledge cannot be kept in {self.location}: {reason}. "
                "Set FRONTDESK_KNOWLEDGE_URL to a folder that can be written to or to s3://bucket/prefix, "
                "a bucket that exists, or unset it to use FRONTDESK_HOME."
            ) from error
