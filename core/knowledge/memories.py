"""Memories: what people asked earlier and what they were told, found by meaning in a LanceDB table of their own.

One row a turn, one table an embedding model: vectors of two models cannot be compared. Embeds nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from hashlib import sha256
from operator import and_
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any, cast

import lancedb
import numpy as np
import pyarrow as pa
from lancedb.expr import Expr, col, lit
from lancedb.index import BTree
from lancedb.table import LanceTable
from numpy.typing import NDArray

from core.errors import IntegrityError
from core.knowledge.schema import Vector
from core.records import Session, Turn

_TEXTS = ("site", "person", "session", "question", "answer")
_LONGEST = 600  # characters of an answer: what an answer quotes can be found again where it was quoted from
_FRESH = 5.0  # seconds after which a reader sees what was remembered or erased in another process
_CLEANUPS = 100
_MOMENT = timedelta(milliseconds=1)
_READABLE = timedelta(hours=1)  # how long versions stay for those who read them


@dataclass(frozen=True, slots=True)
class Memory:
    """An earlier turn, and how near its question is to what was looked for."""

    turn: str
    question: str
    answer: str
    cosine: float


class Memories:
    """The memories of all sites and people that were embedded by one model. Safe to share between threads."""

    def __init__(self, location: str, model: str, *, fresh: float = _FRESH) -> None:
        self._location = location
        self._name = f"memories_{sha256(model.encode()).hexdigest()[:12]}"
        self._fresh = fresh
        self._table: LanceTable | None = None
        self._looked_at = -fresh
        self._opening = Lock()

    def add(self, turns: Sequence[Turn], vectors: NDArray[np.float32]) -> None:
        """Remembers the turns by the vectors of their questions; a turn that is there already is there once."""
        rows = _rows(turns, vectors)
        merge = self._made(rows.schema).merge_insert("id")
        merge.when_matched_update_all().when_not_matched_insert_all().execute(rows)

    def search(self, session: Session, vector: Vector, *, floor: float, limit: int) -> list[Memory]:
        """The nearest of the same person's questions whose cosine is over `floor`, best first; [] without a table.

        An anonymous person is the session itself: it is reminded of nothing else, and nobody else of it.
        """
        table = self._opened()
        if table is None:
            return []
        query = table.search(vector).distance_type("cosine").where(_reach(session)).limit(limit)
        rows = query.select(["id", "question", "answer", "_distance"]).to_list()
        found = [Memory(row["id"], row["question"], row["answer"], 1 - row["_distance"]) for row in rows]
        return [memory for memory in found if memory.cosine > floor]

    def forget(self, turns: Sequence[str]) -> None:
        """Removes these turns."""
        if turns and (table := self._opened(now=True)) is not None:
            _delete(table, col("id").isin([lit(turn) for turn in turns]))

    def erase(self, site: str, person: str) -> None:
        """Removes everything the person said on the site, from the disk too."""
        if (table := self._opened(now=True)) is not None:
            _delete(table, _is("site", site) & _is("person", person))

    def compact(self) -> None:
        """Merges the small files of many rounds, and brings the index up to them."""
        if (table := self._opened(now=True)) is not None:
            table.optimize(cleanup_older_than=_READABLE)

    def rows(self) -> int:
        """How many turns it holds."""
        table = self._opened(now=True)
        return int(table.count_rows()) if table is not None else 0

    def _opened(self, *, now: bool = False) -> LanceTable | None:
        """The table at its newest version, or one not older than allowed; None where there is none."""
        with self._opening:
            if now or monotonic() - self._looked_at >= self._fresh:
                self._looked_at = monotonic()
                if self._table is not None:
                    self._table.checkout_latest()  # type: ignore[no-untyped-call]
                elif (connection := self._connection()) and self._name in connection.list_tables().tables:
                    self._table = cast(LanceTable, connection.open_table(self._name))
            return self._table

    def _made(self, schema: pa.Schema) -> LanceTable:
        if (table := self._opened(now=True)) is not None:
            return table
        if "://" not in self._location:
            Path(self._location).mkdir(parents=True, exist_ok=True)
        made = lancedb.connect(self._location).create_table(self._name, schema=schema, exist_ok=True)
        table = cast(LanceTable, made)
        table.create_index("person", config=BTree())  # a person's memories are found among everybody's
        with self._opening:
            self._table = table
        return table

    def _connection(self) -> Any:
        there = "://" in self._location or Path(self._location).is_dir()
        return lancedb.connect(self._location) if there else None


def _reach(session: Session) -> Expr:
    """Which memories a session may have."""
    same = [_is("site", session.site), _is("person", session.person)]
    own = _is("session", session.id)
    return reduce(and_, [*same, own if session.is_anonymous else ~_is("session", session.person)])


def _is(column: str, value: str) -> Expr:
    return col(column).isin([lit(value)])


def _delete(table: LanceTable, where: Expr) -> None:
    """Also from the disk, where a deletion alone leaves the text.

    Compaction writes a file anew if it has lost a tenth of its rows or has a small neighbour: one row put again is one.
    A version younger than a millisecond outlives a cleanup, and with it the text: it is cleaned up again.
    """
    table.delete(where)
    one = table.search().limit(1).to_arrow()
    table.merge_insert("id").when_matched_update_all().execute(one)
    table.optimize(cleanup_older_than=_MOMENT, delete_unverified=True)
    compacted = table.version
    for _ in range(_CLEANUPS):
        if all(kept["version"] >= compacted for kept in table.list_versions()):
            return
        sleep(0.01)
        table.optimize(cleanup_older_than=_MOMENT, delete_unverified=True)
    raise IntegrityError(f"Table {table.name} keeps what was erased in an older version. Erase it again.")


def _schema(dimensions: int) -> pa.Schema:
    key = {"lance-schema:unenforced-primary-key": "true"}  # else two workers at once would double a row
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False, metadata=key),
            *(pa.field(name, pa.string(), nullable=False) for name in _TEXTS),
            pa.field("vector", pa.list_(pa.float32(), dimensions), nullable=False),
        ]
    )


def _rows(turns: Sequence[Turn], vectors: NDArray[np.float32]) -> pa.Table:
    rows = [
        {
            "id": turn.id,
            "site": turn.session.site,
            "person": turn.session.person,
            "session": turn.session.id,
            "question": turn.question,
            "answer": turn.answer[:_LONGEST],
            "vector": vector,
        }
        for turn, vector in zip(turns, vectors, strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=_schema(vectors.shape[1]))
