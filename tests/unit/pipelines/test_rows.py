"""Chunks and notes that travel in one table."""

from __future__ import annotations

import numpy as np

from core.knowledge import to_batch
from core.records import Chunk, IndexedFile
from pipelines.rows import Note, chunks_in, notes_in, pack, unembedded
from tests.fakes.records import chunk

NOTES = [
    Note("read", 1.5, 0.25, IndexedFile("d1", "s1", "a.md", "ab", chunks=2)),
    Note("read", 1.75, 0.5, IndexedFile("d2", "s1", "b.pdf", "", "failed", "is malformed")),
    Note("embed", 2.0, 0.5, embedded=2, reused=1),
]


def test_what_is_packed_comes_out_as_it_was() -> None:
    chunks = [chunk("c1"), chunk("c2")]
    rows = pack(NOTES, unembedded(chunks))
    assert notes_in(rows) == NOTES
    assert [Chunk(**row) for row in chunks_in(rows).to_pylist()] == chunks


def test_notes_without_chunks_and_chunks_without_notes() -> None:
    assert notes_in(pack(NOTES, unembedded([]))) == NOTES
    assert len(chunks_in(pack(NOTES, unembedded([])))) == 0
    assert notes_in(pack([], unembedded([chunk()]))) == []


def test_chunks_with_vectors_have_the_columns_of_a_builds_table() -> None:
    batch = to_batch([chunk()], np.ones((1, 4), np.float32))
    found = chunks_in(pack(NOTES, batch.to_struct_array()))
    assert found.column_names == batch.schema.names
    assert found["vector"].to_pylist() == [[1.0] * 4]
