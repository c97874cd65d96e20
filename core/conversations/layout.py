"""How a file of turns or ratings is laid out: what makes a year of them quick to ask.

Rows in order of time, in groups that a thread takes one at a time; zstd; a dictionary for each column but those whose
values seldom repeat, where it costs space and time.
"""

from __future__ import annotations

from functools import cache

import pyarrow as pa
import pyarrow.parquet as pq

from core.conversations.schema import Kind

ROW_GROUP = 65_536  # rows; a group of turns with their passages is some hundred MB when it is unpacked

_SELDOM_REPEATED = ("turn_id", "created_at", "ended_at", "rated_at", "cost", "timings.key_value.value", "score")


def writer(sink: pa.NativeFile, kind: Kind) -> pq.ParquetWriter:
    """A writer of the one form that all files have."""
    return pq.ParquetWriter(sink, kind.schema, compression="zstd", use_dictionary=list(_repeating(kind)))


def to_bytes(table: pa.Table, kind: Kind) -> bytes:
    """The table, which is in order, as a file."""
    with pa.BufferOutputStream() as sink:
        with writer(sink, kind) as file:
            file.write_table(table, row_group_size=ROW_GROUP)
        data: bytes = sink.getvalue().to_pybytes()
    return data


@cache
def _repeating(kind: Kind) -> tuple[str, ...]:
    with pa.BufferOutputStream() as sink:
        pq.write_table(kind.schema.empty_table(), sink)
        columns = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    paths = [columns.column(number).path for number in range(len(columns))]
    return tuple(path for path in paths if not path.endswith(_SELDOM_REPEATED))
