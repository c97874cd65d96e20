"""Conversations: ended turns, and what was said of them, as Parquet by UTC date; the DuckDB view `turns` over all.

Written once per batch under the batch's own name, so that writing a batch again changes nothing. Knows no outbox.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from functools import partial

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from core.conversations.folds import Dated, by_date
from core.conversations.layout import to_bytes
from core.conversations.relation import NOTHING, Files, Tail, in_utc, turns_view
from core.conversations.schema import RATINGS, TURNS, Kind, date_of
from core.database import Batch
from core.durable import Bucket, Folder, place
from core.errors import IntegrityError, StorageError
from core.records import Turn

_LISTINGS = 3  # a fold may go while its manifest is about to be read, once its grace is over


class Conversations:
    """The Parquet files under a folder or `s3://…`; another `store` may stand in for the location's own."""

    def __init__(self, location: str, store: Folder | Bucket | None = None) -> None:
        self.store = store or place(location)

    def write(self, batch: Batch) -> list[str]:
        """One file per UTC date on which its turns were asked, durable and read back when it returns; their names."""
        return self._write(TURNS, batch.name, batch.turns)

    def write_feedback(self, batch: Batch) -> list[str]:
        """The same of what was said of these turns, by the date on which they were rated last."""
        return self._write(RATINGS, batch.name, [turn for turn in batch.turns if turn.feedback])

    def _write(self, kind: Kind, batch: str, turns: Sequence[Turn]) -> list[str]:
        return [
            self._put(f"{kind.folder}date={day}/{batch}.parquet", kind.table(dated), kind)
            for day, dated in _by_date(turns, kind)
        ]

    def _put(self, name: str, table: pa.Table, kind: Kind) -> str:
        expected = table.column("turn_id").to_pylist()
        self.store.put(name, to_bytes(table, kind), partial(_check, name, expected))
        return name

    def dates(self) -> list[Dated]:
        """The files of each date as they are now, of turns and of ratings."""
        for _ in range(_LISTINGS):
            with suppress(FileNotFoundError):
                return by_date(self.store.stored(), self.store.read)
        raise StorageError(f"The files in {self.store.path('')} change faster than they can be listed: try again.")

    def relation(
        self, connection: duckdb.DuckDBPyConnection | None = None, tail: Tail = NOTHING
    ) -> duckdb.DuckDBPyRelation:
        """The view `turns` of what is exported now, made on the connection, with the latest rating of each turn.

        `tail` is what may not be in the files yet, read before this is called: each turn counts once. The files stay
        readable for the grace of FRONTDESK_GRACE_SECONDS; who reads longer asks again.
        """
        exported: list[str] = []
        rated: list[str] = []
        for dated in self.dates():
            (exported if TURNS.holds(dated.folder) else rated).extend(file.name for file in dated.counting)
        return turns_view(connection or in_utc(), Files(self.store, exported, rated), tail)


def _by_date(turns: Iterable[Turn], kind: Kind) -> Iterable[tuple[date, list[Turn]]]:
    dated: dict[date, list[Turn]] = {}
    for turn in turns:
        dated.setdefault(date_of(kind.at(turn)), []).append(turn)
    return sorted(dated.items())


def _check(name: str, expected: list[str], data: bytes) -> None:
    found = pq.read_table(pa.BufferReader(data), columns=["turn_id"]).column("turn_id").to_pylist()
    if found != expected:
        raise IntegrityError(f"{name} holds {len(found)} turns after writing {len(expected)}: export again.")
