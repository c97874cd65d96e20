"""The columns of a build's table, and how chunks become its rows and rows chunks again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.records import Chunk

Vector = NDArray[np.float32]  # (dimensions,), unit length

COLUMNS = [field.name for field in fields(Chunk)]
_TYPES: Mapping[str, pa.DataType] = {
    "position": pa.int32(),
    "tokens": pa.int32(),
    "searched": pa.string(),
    "place": pa.string(),
}
_WORD = re.compile(r"[^\W_]+")


def chunk_schema(dimensions: int) -> pa.Schema:
    """The columns of a build's table; `id` is its primary key, which keeps concurrent merges from doubling rows."""
    text = [pa.field(name, pa.string(), nullable=False) for name in COLUMNS if name not in _TYPES]
    other = [pa.field(name, kind, nullable=False) for name, kind in _TYPES.items()]
    key = text.pop(0).with_metadata({"lance-schema:unenforced-primary-key": "true"})
    return pa.schema([key, *text, *other, pa.field("vector", pa.list_(pa.float32(), dimensions), nullable=False)])


def to_batch(chunks: Sequence[Chunk], vectors: NDArray[np.float32]) -> pa.RecordBatch:
    """Rows for `BuildTable.add`; vectors are (len(chunks), dimensions), in the order of the chunks."""
    schema = chunk_schema(vectors.shape[1])
    values = {name: [getattr(chunk, name) for chunk in chunks] for name in COLUMNS}
    values["searched"] = ["\n".join([chunk.title, chunk.heading, chunk.text]) for chunk in chunks]
    values["place"] = [" ".join(_WORD.findall(chunk.path)) for chunk in chunks]
    columns = [pa.array(values[name], schema.field(name).type) for name in schema.names[:-1]]
    flat = pa.array(np.ascontiguousarray(vectors, np.float32).ravel())
    vector = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    return pa.record_batch([*columns, vector], schema=schema)


def to_chunk(row: Mapping[str, Any]) -> Chunk:
    """The chunk that a row of these columns holds."""
    return Chunk(**{name: row[name] for name in COLUMNS})


def to_vectors(rows: pa.Table) -> NDArray[np.float32]:
    """The vectors of rows, (len(rows), dimensions)."""
    column = rows["vector"].combine_chunks()
    flat: NDArray[np.float32] = column.flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(len(rows), column.type.list_size)
