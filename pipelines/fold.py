"""Folds the files of one date into few: in order of time, of bounded size, each turn as it was, and once.

Knows no lease and no grace. A fold that dies anywhere counts for nothing until it is begun again, under the same name.
Before the part that makes it count it looks again whether its sources do. What it has written by then it leaves for
the sweep: another process may be writing the same fold.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from core.conversations.folds import Dated, by_date, manifest_name, new_stem, part_name
from core.conversations.relation import dataset, schema_of
from core.conversations.schema import Kind
from core.durable import Bucket, Folder, Stored
from core.errors import ConflictError, IntegrityError, StorageError
from pipelines.fold_rows import Part, distinct, in_parts
from pipelines.lease import Still

_log = logging.getLogger(__name__)
_PART_BYTES = 128 * 2**20  # before folding; a part is held in memory while it is written
_AT_ONCE = 16  # files of a bucket, whose columns are looked at


@dataclass(frozen=True, slots=True)
class Folded:
    """What became of one date."""

    folder: str
    files: int
    parts: int
    rows: int
    left: str = ""  # why it was left as it is


def fold(store: Folder | Bucket, date: Dated, sources: Sequence[Stored], kind: Kind, still: Still) -> Folded:
    """Writes the fold of these files of a date; they stay where they are, and count no more.

    ConflictError where they count no more before it does, or where `still` raises it.
    """
    if why := _hindrance(store, sources, kind):
        _log.warning("%s is not compacted: %s", date.folder, why)
        return Folded(date.folder, len(sources), len(sources), 0, why)
    files = dataset(store, [file.name for file in sources], kind)
    rows = _rows(files, kind, date.folder)
    size = _part_rows(rows, sum(file.size for file in sources))
    work = _Fold(store, new_stem(date.folder, sources), -(-rows // size), sources, still)
    store.put(manifest_name(work.stem), json.dumps(sorted(_replaced(store, date, sources))).encode(), _no_check)
    written = 0
    with in_parts(files, kind, size) as parts:
        for number, part in enumerate(parts, 1):
            written += part.rows
            if number < work.parts:
                work.put(number, part)
            elif written == rows:
                work.finish(part)
            else:
                raise IntegrityError(f"{date.folder} had {rows} rows and its fold {written}: compact again.")
    return Folded(date.folder, len(sources), work.parts, rows)


@dataclass(frozen=True, slots=True)
class _Fold:
    """A fold that is being written."""

    store: Folder | Bucket
    stem: str
    parts: int
    sources: Sequence[Stored]
    still: Still

    def put(self, number: int, part: Part) -> None:
        """A part that does not make it count."""
        name = part_name(self.stem, number, self.parts)
        self.store.put(name, part.to_bytes(), lambda data: _check(name, part.ids(), data))

    def finish(self, part: Part) -> None:
        """The last part, from which on it counts."""
        name = part_name(self.stem, self.parts, self.parts)

        def check(data: bytes) -> None:
            _check(name, part.ids(), data)
            self._look_again()  # in a folder nobody else can write between this look and the name

        self._look_again()  # in a bucket the check comes when the name is there
        self.store.put(name, part.to_bytes(), check)

    def _look_again(self) -> None:
        self.still()
        others = [file for file in self.store.stored(self._folder) if not file.name.startswith(self.stem)]
        try:
            counting = {file.name for date in by_date(others, self.store.read) for file in date.counting}
        except FileNotFoundError:
            counting = set()
        if not counting.issuperset(file.name for file in self.sources):
            raise _meanwhile(self._folder)

    @property
    def _folder(self) -> str:
        return self.stem.rpartition("/")[0]


def _hindrance(store: Folder | Bucket, sources: Sequence[Stored], kind: Kind) -> str:
    """What would be lost: a fold has no columns but ours."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            schemas = list(pool.map(partial(schema_of, store), (file.name for file in sources)))
        except StorageError as error:
            return error.message
        except FileNotFoundError as error:
            raise _meanwhile(sources[0].folder) from error
    for file, schema in zip(sources, schemas, strict=True):
        if unknown := kind.unknown(schema):
            return f"{file.name} has {', '.join(unknown)}, which a newer version of Frontdesk wrote: update this one."
    return ""


def _meanwhile(folder: str) -> ConflictError:
    return ConflictError(f"{folder} was compacted by another process meanwhile: try again later.")


def _rows(files: ds.Dataset, kind: Kind, folder: str) -> int:
    rows = distinct(files, kind)
    if doubled := files.count_rows() - rows:
        _log.warning("%s has %d rows twice: they are folded once", folder, doubled)
    return rows


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
