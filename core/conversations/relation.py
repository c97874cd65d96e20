"""The DuckDB view `turns`: named Parquet files, and turns that are in none of them yet, with their latest rating.

A question that does not name `rating` or `comment` does not pay for them: the join is left out of its plan.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from core.conversations.schema import RATINGS, TURNS, Kind, date_of
from core.durable import Bucket, Folder
from core.errors import StorageError
from core.records import Turn

_PARTITION = pa.schema([pa.field("date", pa.date32())])

# One rating a turn: with the GROUP BY DuckDB knows that the join adds and drops no row, and may leave it out.
_VIEW = """
    CREATE OR REPLACE VIEW turns AS
    SELECT told.*, said.latest.rating AS rating, nullif(said.latest.comment, '') AS comment
    FROM (SELECT * FROM tail_turns UNION ALL BY NAME SELECT * FROM exported_turns) AS told
    LEFT JOIN (
        SELECT turn_id, arg_max({rating: rating, comment: comment}, rated_at) AS latest
        FROM (SELECT * FROM tail_ratings UNION ALL BY NAME SELECT * FROM exported_ratings) GROUP BY turn_id
    ) AS said USING (turn_id)
"""
_ALREADY = """
    SELECT turn_id FROM exported_turns
    WHERE date IN (SELECT unnest($dates)) AND turn_id IN (SELECT turn_id FROM tail_turns)
"""


@dataclass(frozen=True, slots=True)
class Files:
    """Names in a store: files of turns, and files of ratings."""

    store: Folder | Bucket
    turns: Sequence[str]
    ratings: Sequence[str]


@dataclass(frozen=True, slots=True)
class Tail:
    """Turns that had ended, and turns that had been rated, when they were not marked as exported."""

    turns: Sequence[Turn] = ()
    rated: Sequence[Turn] = ()


NOTHING = Tail()


def in_utc() -> duckdb.DuckDBPyConnection:
    """A connection of its own, for which a day is a day of UTC."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")  # else `created_at::date` would not be the partition's date
    with suppress(duckdb.InvalidInputException):  # a notebook that has nothing to draw a bar with refuses the setting
        connection.execute("SET enable_progress_bar = false")  # it would write between the lines of a command
    connection.execute("SET parquet_metadata_cache = true")  # a year is some hundred files, opened by each question
    return connection


def turns_view(connection: duckdb.DuckDBPyConnection, files: Files, tail: Tail) -> duckdb.DuckDBPyRelation:
    """Makes the view on the connection; with its columns, where there is nothing."""
    _scan(connection, files.store, files.turns, TURNS, "exported_turns")
    _scan(connection, files.store, files.ratings, RATINGS, "exported_ratings")
    connection.register("tail_ratings", RATINGS.dated_table(tail.rated))  # in both or not, the latest is the latest
    connection.register("tail_turns", TURNS.dated_table(tail.turns))
    if already := _exported_meanwhile(connection, tail.turns):
        connection.register("tail_turns", TURNS.dated_table(turn for turn in tail.turns if turn.id not in already))
    connection.execute(_VIEW)
    return connection.view("turns")


def dataset(store: Folder | Bucket, names: Sequence[str], kind: Kind) -> ds.Dataset:
    """The files as Arrow reads them: a column that one of them lacks is null."""
    return ds.dataset(
        [store.path(name) for name in names],
        schema=kind.dated,
        format="parquet",
        filesystem=store.files,
        partitioning=ds.partitioning(_PARTITION, flavor="hive"),
        partition_base_dir=store.path(kind.folder).rstrip("/"),
    )


def schema_of(store: Folder | Bucket, name: str) -> pa.Schema:
    """The columns of a file; StorageError where it is torn, empty, or something else."""
    try:
        return pq.read_schema(store.path(name), filesystem=store.files)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise StorageError(
            f"{store.path(name)} cannot be read as Parquet: move it away, or put a whole copy in its place."
        ) from error


def _scan(
    connection: duckdb.DuckDBPyConnection, store: Folder | Bucket, names: Sequence[str], kind: Kind, view: str
) -> None:
    match store:
        case _ if not names:
            connection.register(view, kind.dated.empty_table())
        case Folder():
            paths = [glob.escape(store.path(name)) for name in names]
            try:
                files = connection.read_parquet(paths, hive_partitioning=True, union_by_name=True)
            except duckdb.InvalidInputException:
                for name in names:
                    schema_of(store, name)  # says which file it is
                raise
            files.create_view(view, replace=True)
        case Bucket():  # DuckDB's own S3 reader is an extension that it would have to download
            connection.register(view, dataset(store, names, kind))


def _exported_meanwhile(connection: duckdb.DuckDBPyConnection, tail: Sequence[Turn]) -> set[str]:
    """Turns of the tail that an export has put into the files since the tail was read."""
    if not tail:
        return set()
    dates = sorted({date_of(turn.created_at) for turn in tail})
    return {turn_id for (turn_id,) in connection.execute(_ALREADY, {"dates": dates}).fetchall()}
