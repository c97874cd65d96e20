"""Conversations: ended turns, and what was said of them, as Parquet by UTC date; the DuckDB view `turns` over all.

Written once per batch under the batch's own name, so that writing a batch again changes nothing. Knows no outbox.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from core.database import Batch
from core.durable import Bucket, Folder, place
from core.errors import IntegrityError
from core.records import Turn

_FILES = "date=*/*.parquet"
_INSTANT = pa.timestamp("us", tz="UTC")
_PARTITION = pa.schema([pa.field("date", pa.date32())])


def _struct(**fields: pa.DataType) -> pa.StructType:
    return pa.struct(list(fields.items()))


_CITATION = _struct(
    n=pa.int32(), source_id=pa.string(), title=pa.string(), url=pa.string(), heading=pa.string(), quote=pa.string()
)
_CHUNK = _struct(
    id=pa.string(),
    document=pa.string(),
    path=pa.string(),
    title=pa.string(),
    url=pa.string(),
    heading=pa.string(),
    position=pa.int32(),
    text=pa.string(),
    tokens=pa.int32(),
    sha256=pa.string(),
)
_RULING = _struct(guard=pa.string(), allowed=pa.bool_(), reason=pa.string(), score=pa.float64())
_PASSAGE = _struct(chunk=_CHUNK, score=pa.float64(), dense=pa.float64(), text=pa.float64())

SCHEMA = pa.schema(
    [
        pa.field("turn_id", pa.string(), nullable=False),
        pa.field("site", pa.string(), nullable=False),
        pa.field("person", pa.string(), nullable=False),
        pa.field("session_id", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("declined", pa.bool_(), nullable=False),
        pa.field("citations", pa.list_(_CITATION)),
        pa.field("passages", pa.list_(_PASSAGE)),
        pa.field("model", pa.string()),
        pa.field("usage", _struct(input_tokens=pa.int64(), output_tokens=pa.int64())),
        pa.field("cost", pa.float64()),
        pa.field("search", pa.string()),
        pa.field("rulings", pa.list_(_RULING)),
        pa.field("timings", pa.map_(pa.string(), pa.float64())),
        pa.field("build", pa.string()),
        pa.field("table_version", pa.int64()),
        pa.field("error", pa.string()),
        pa.field("created_at", _INSTANT, nullable=False),
        pa.field("ended_at", _INSTANT),
    ]
)

FEEDBACK = pa.schema(
    [
        pa.field("turn_id", pa.string(), nullable=False),
        pa.field("site", pa.string(), nullable=False),
        pa.field("rating", pa.string()),
        pa.field("comment", pa.string(), nullable=False),
        pa.field("rated_at", _INSTANT, nullable=False),
    ]
)


class Conversations:
    """The Parquet files under a folder or `s3://…`; another `store` may stand in for the location's own."""

    def __init__(self, location: str, store: Folder | Bucket | None = None) -> None:
        self._store = store or place(location)

    def write(self, batch: Batch) -> list[str]:
        """One file per UTC date on which its turns were asked, durable and read back when it returns; their names."""
        return [
            self._put(f"date={date}/{batch.name}.parquet", pa.Table.from_pylist([_row(turn) for turn in turns], SCHEMA))
            for date, turns in _by_date(batch.turns, _asked_at)
        ]

    def write_feedback(self, batch: Batch) -> list[str]:
        """The same of what was said of these turns, by the date on which they were rated last."""
        return [
            self._put(
                f"feedback/date={date}/{batch.name}.parquet",
                pa.Table.from_pylist([_rating(turn) for turn in turns], FEEDBACK),
            )
            for date, turns in _by_date([turn for turn in batch.turns if turn.feedback], _rated_at)
        ]

    def _put(self, name: str, table: pa.Table) -> str:
        with pa.BufferOutputStream() as sink:
            pq.write_table(table, sink, compression="zstd")
            data = sink.getvalue().to_pybytes()
        self._store.put(name, data, partial(_check, name, table.column("turn_id").to_pylist()))
        return name

    def relation(self, connection: duckdb.DuckDBPyConnection | None = None) -> duckdb.DuckDBPyRelation:
        """The view `turns`, made on the connection; empty, with its columns, before the first export."""
        connection = connection or _in_utc()
        match self._store:
            case Folder(root=root) if any(root.glob(_FILES)):
                files = f"{glob.escape(str(root))}/{_FILES}"
                connection.read_parquet(files, hive_partitioning=True, union_by_name=True).create_view(
                    "turns", replace=True
                )
            case Folder():
                connection.register("turns", _dataset([]))
            case Bucket() as bucket:  # DuckDB's own S3 reader is an extension that it would have to download
                connection.register("turns", _dataset(_turns_of(bucket), bucket))
        return connection.view("turns")


def _in_utc() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")  # else `created_at::date` would not be the partition's date
    return connection


def _by_date(turns: Iterable[Turn], instant: Callable[[Turn], datetime]) -> Iterable[tuple[str, list[Turn]]]:
    dated = sorted(((instant(turn).astimezone(UTC).date().isoformat(), turn) for turn in turns), key=_date)
    return [(date, [turn for _, turn in group]) for date, group in groupby(dated, key=_date)]


def _date(dated: tuple[str, Turn]) -> str:
    return dated[0]


def _asked_at(turn: Turn) -> datetime:
    return turn.created_at


def _rated_at(turn: Turn) -> datetime:
    return turn.feedback.rated_at if turn.feedback else turn.created_at


def _row(turn: Turn) -> dict[str, Any]:
    row = asdict(turn)
    del row["feedback"]  # it comes later, and has files of its own
    session = row.pop("session")
    row |= {"turn_id": row.pop("id"), "session_id": session["id"]}
    return row | {"site": session["site"], "person": session["person"], "status": turn.status.value}


def _rating(turn: Turn) -> dict[str, Any]:
    return {"turn_id": turn.id, "site": turn.session.site} | (asdict(turn.feedback) if turn.feedback else {})


def _check(name: str, expected: list[str], data: bytes) -> None:
    found = pq.read_table(pa.BufferReader(data), columns=["turn_id"]).column("turn_id").to_pylist()
    if found != expected:
        raise IntegrityError(f"{name} holds {len(found)} turns after writing {len(expected)}: export again.")


def _turns_of(bucket: Bucket) -> list[str]:
    return [path for path in bucket.paths() if path.startswith(f"{bucket.root}/date=")]


def _dataset(paths: list[str], bucket: Bucket | None = None) -> ds.Dataset | pa.Table:
    schema = pa.schema([*SCHEMA, *_PARTITION])
    if not (paths and bucket):
        return schema.empty_table()
    return ds.dataset(
        paths,
        schema=schema,
        format="parquet",
        filesystem=bucket.files,
        partitioning=ds.partitioning(_PARTITION, flavor="hive"),
        partition_base_dir=bucket.root,
    )
