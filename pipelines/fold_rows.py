"""The rows of many files in order of time, each once, in parts of a bounded size. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from core.conversations.layout import ROW_GROUP, writer
from core.conversations.relation import in_utc
from core.conversations.schema import Kind

_BATCH = 8192
_MEMORY = "1GB"  # what sorts more than that goes over the disk


class Part:
    """A file in memory while it grows."""

    def __init__(self, kind: Kind) -> None:
        self.rows = 0
        self._ids: list[pa.Array] = []
        self._sink = pa.BufferOutputStream()
        self._writer = writer(self._sink, kind)
        self._schema = kind.schema

    def add(self, batch: pa.RecordBatch) -> None:
        """Rows that come after those it has."""
        [whole] = pa.Table.from_batches([batch]).cast(self._schema).to_batches()
        self._writer.write_batch(whole, row_group_size=ROW_GROUP)
        self._ids.append(whole.column("turn_id"))
        self.rows += len(whole)

    def ids(self) -> pa.ChunkedArray:
        """Of the turns in it, in their order."""
        return pa.chunked_array(self._ids, pa.string())

    def to_bytes(self) -> bytes:
        """The finished file."""
        self._writer.close()
        data: bytes = self._sink.getvalue().to_pybytes()
        return data


def _cut(batches: Iterable[pa.RecordBatch], kind: Kind, size: int) -> Iterator[Part]:
    """Parts of so many rows; the last one has what is left."""
    part = Part(kind)
    for batch in batches:
        rest = batch
        while len(rest):
            room = size - part.rows
            part.add(rest.slice(0, room))
            rest = rest.slice(room)
            if part.rows == size:
                yield part
                part = Part(kind)
    if part.rows:
        yield part


@contextmanager
def in_parts(files: ds.Dataset, kind: Kind, size: int) -> Iterator[Iterator[Part]]:
    """All rows by time, by id where two share a moment: a second attempt cuts where the first one did."""
    columns = kind.schema.names
    unsorted = files.scanner(columns=columns, batch_size=_BATCH, batch_readahead=2, fragment_readahead=2).to_reader()
    with TemporaryDirectory(prefix="frontdesk-fold-") as spill, in_utc() as connection:
        connection.execute(f"SET memory_limit = '{_MEMORY}'")
        connection.execute(f"SET temp_directory = '{spill}'")
        ordered = connection.from_arrow(unsorted).order(f"{kind.instant}, turn_id").to_arrow_reader(_BATCH)
        yield _cut(_once(ordered, kind), kind, size)


def distinct(files: ds.Dataset, kind: Kind) -> int:
    """How many rows there are, where each counts once: a turn may be in two folds that were made at the same time."""
    keys = files.scanner(columns=["turn_id", kind.instant]).to_reader()
    with in_utc() as connection:
        counted = connection.from_arrow(keys).aggregate(f"count(DISTINCT (turn_id, {kind.instant}))")
        [(rows,)] = counted.fetchall()
    return int(rows)


def _once(batches: Iterable[pa.RecordBatch], kind: Kind) -> Iterator[pa.RecordBatch]:
    """Of rows in order the first of each id and instant."""
    last: tuple[pa.Scalar, pa.Scalar] | None = None
    for batch in filter(len, batches):
        ids, instants = batch.column("turn_id"), batch.column(kind.instant)
        again = pc.and_(pc.equal(ids[1:], ids[:-1]), pc.equal(instants[1:], instants[:-1]))
        new = pa.concat_arrays([pa.array([(ids[0], instants[0]) != last]), pc.invert(again)])
        last = (ids[-1], instants[-1])
        yield batch if pc.all(new).as_py() else batch.filter(new)
