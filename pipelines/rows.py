"""The rows that stream through an indexing: each is a chunk, or a note of what a stage did with a file or batch.

Both travel in one Arrow table, so that a file's outcome is lost or repeated only where its chunks would be too.
Knows Arrow and the records; no step, no store and no Ray.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import pyarrow as pa

from core.knowledge import chunk_schema
from core.records import Chunk, IndexedFile


@dataclass(frozen=True, slots=True)
class Note:
    """What a stage did: `read` with one file of a source, `embed` with one batch of chunks."""

    stage: Literal["read", "embed"]
    began: float  # seconds since the epoch
    seconds: float
    file: IndexedFile | None = None  # of `read`
    embedded: int = 0  # chunks of `embed` that the model turned into vectors
    reused: int = 0  # and those that brought theirs along


_FILE = pa.struct(
    [(field.name, pa.int64() if field.name == "chunks" else pa.string()) for field in fields(IndexedFile)]
)
_NOTE = pa.struct(
    [
        ("stage", pa.string()),
        ("began", pa.float64()),
        ("seconds", pa.float64()),
        ("file", _FILE),
        ("embedded", pa.int64()),
        ("reused", pa.int64()),
    ]
)
_STORED = chunk_schema(1)
_CHUNK = pa.struct([(field.name, _STORED.field(field.name).type) for field in fields(Chunk)])


def unembedded(chunks: Sequence[Chunk]) -> pa.StructArray:
    """Chunks that have no vector yet, as `pack` takes them."""
    return pa.array([asdict(chunk) for chunk in chunks], _CHUNK)


def pack(notes: Sequence[Note], chunks: pa.StructArray) -> pa.Table:
    """One table of both: a row of a note has no chunk, a row of a chunk no note."""
    said = pa.array([asdict(note) for note in notes], _NOTE)
    return pa.table(
        {
            "note": pa.concat_arrays([said, pa.nulls(len(chunks), _NOTE)]),
            "chunk": pa.concat_arrays([pa.nulls(len(notes), chunks.type), chunks]),
        }
    )


def notes_in(rows: pa.Table) -> list[Note]:
    """The notes among the rows."""
    return [_note(row) for row in rows["note"].drop_null().to_pylist()]


def chunks_in(rows: pa.Table) -> pa.Table:
    """The chunks among the rows, as a table of their columns."""
    return pa.Table.from_struct_array(rows["chunk"].drop_null())


def _note(row: Mapping[str, Any]) -> Note:
    file = None if row["file"] is None else IndexedFile(**row["file"])
    return Note(**{**row, "file": file})
