"""Chunks to vectors: the step that holds the embedding model open. Knows no Ray."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, time

import pyarrow as pa

from core.embedder import Encoder
from core.knowledge import to_batch
from core.records import Chunk
from pipelines.chunk import embedded_text
from pipelines.rows import Note, chunks_in, notes_in, pack


class Embed:
    """Rows of chunks to rows of a build's table, notes passed through and one added. Opens the model where it is made.

    The encoder sorts by length within a call, so the larger the batches, the less is padded.
    """

    def __init__(self, open_encoder: Callable[[], Encoder]) -> None:
        self._encoder = open_encoder()

    def __call__(self, rows: pa.Table) -> pa.Table:
        """The same chunks with their vectors."""
        began, started = time(), perf_counter()
        chunks = [Chunk(**row) for row in chunks_in(rows).to_pylist()]
        vectors = self._encoder.encode([embedded_text(each.title, each.heading, each.text) for each in chunks])
        embedded = to_batch(chunks, vectors).to_struct_array()
        note = Note("embed", began, perf_counter() - started, len(chunks))
        return pack([*notes_in(rows), note], embedded)
