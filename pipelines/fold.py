"""Folds the files of one date into few: in order of time, of bounded size, each turn as it was.

Knows no lease and no grace. A fold that dies anywhere counts for nothing until it is begun again, under the same name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from core.conversations.folds import Dated, manifest_name, new_stem, part_name
from core.conversations.layout import ROW_GROUP, writer
from core.conversations.relation import dataset, in_utc
from core.conversations.schema import Kind
from core.durable import Bucket, Folder, Stored
from core.errors import IntegrityError

_PART_BYTES = 128 * 2**20  # before folding; a part is held in memory while it is written
_BATCH = 8192
_MEMORY = "1GB"  # what sorts more than that goes over the disk


@dataclass(frozen=True, slots=True)
class Folded:
    """What became of one date."""

    folder: str
    files: int
    parts: int
    rows: int


def fold(store: Folder | Bucket, date: Dated, sources: Sequence[Stored], kind: Kind) -> Folded:
    """Writes the fold of these files of a date; they stay where they are, and count no more."""
    stem = new_stem(date.folder, sources)
    files = dataset(store, [file.name for file in sources], kind)
    rows = files.count_rows()
    size = _part_rows(rows, sum(file.size for file in sources))
    parts = -(-rows // size)
    store.put(manifest_name(stem), json.dumps(sorted(_replaced(store, date, sources))).encode(), _no_check)
    written = 0
    with _in_order(files, kind) as batches:
        for number, part in enumerate(_cut(batches, kind, size), 1):
            written += part.rows
            if number == parts and written != rows:  # the last part is what makes the fold count
                raise IntegrityError(f"{date.folder} had {rows} rows and its fold {written}: compact again.")
            name = part_name(stem, number, parts)
            store.put(name, part.to_bytes(), partial(_check, name, part.ids()))
    return Folded(date.folder, len(sources), parts, rows)


class _Part:
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


def _cut(batches: pa.RecordBatchReader, kind: Kind, size: int) -> Iterator[_Part]:
    """Parts of so many rows; the last one has what is left."""
    part = _Part(kind)
    for batch in batches:
        rest = batch
        while len(rest):
            room = size - part.rows
            part.add(rest.slice(0, room))
            rest = rest.slice(room)
            if part.rows == size:
                yield part
                part = _Part(kind)
    if part.rows:
        yield part


@contextmanager
def _in_order(files: ds.Dataset, kind: Kind) -> Iterator[pa.RecordBatchReader]:
    """All rows by time, by id where two share a moment: a second attempt cuts where the first one did."""
    columns = kind.schema.names
    unsorted = files.scanner(columns=columns, batch_size=_BATCH, batch_readahead=2, fragment_readahead=2).to_reader()
    with TemporaryDirectory(prefix="frontdesk-fold-") as spill, in_utc() as connection:
        connection.execute(f"SET memory_limit = '{_MEMORY}'")
        connection.execute(f"SET temp_directory = '{spill}'")
        yield connection.from_arrow(unsorted).order(f"{kind.instant}, turn_id").to_arrow_reader(_BATCH)


def _part_rows(rows: int, size: int) -> int:
    """Rows of a part, such that all are of one size and none is too large."""
    parts = max(1, -(-size // _PART_BYTES))
    return max(1, -(-rows // parts))


def _replaced(store: Folder | Bucket, date: Dated, sources: Sequence[Stored]) -> frozenset[str]:
    """With all that its sources replace: an export that died may yet write one of those names again."""
    names = frozenset(file.name for file in sources)
    folds = [each for each in date.folds if each.parts[0].name in names]
    return names.union(*(each.replaced(store.read) for each in folds))


def _check(name: str, expected: pa.ChunkedArray, data: bytes) -> None:
    found = pq.read_table(pa.BufferReader(data), columns=["turn_id"]).column("turn_id")
    if not found.equals(expected):
        raise IntegrityError(f"{name} does not read back as it was written: compact again.")


def _no_check(_: bytes) -> None:
    """A manifest is bytes."""
