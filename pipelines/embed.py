"""Chunks to vectors: the step that holds the embedding model open. Knows no Ray.

A chunk whose hash an earlier build knows brings its vector along, and the model is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter, time

import numpy as np
import pyarrow as pa

from core.embedder import Encoder, Vectors
from core.knowledge import Vector, to_batch
from core.records import Chunk
from pipelines.chunk import embedded_text
from pipelines.rows import Note, chunks_in, notes_in, pack

Known = Callable[[Sequence[str]], Mapping[str, Vector]]  # the vectors of the hashes that an earlier build knows


def nothing_known(_: Sequence[str]) -> Mapping[str, Vector]:
    """For a first build: every chunk is new."""
    return {}


class Embed:
    """Rows of chunks to rows of a build's table, notes passed through and one added. Opens the model where it is made.

    The encoder sorts by length within a call, so the larger the batches, the less is padded.
    """

    def __init__(self, open_encoder: Callable[[], Encoder], open_known: Callable[[], Known]) -> None:
        self._encoder = open_encoder()
        self._known = open_known()

    def __call__(self, rows: pa.Table) -> pa.Table:
        """The same chunks with their vectors."""
        began, started = time(), perf_counter()
        chunks = [Chunk(**row) for row in chunks_in(rows).to_pylist()]
        known = self._known([chunk.sha256 for chunk in chunks])
        new = {chunk.sha256: chunk for chunk in chunks if chunk.sha256 not in known}
        vectors = {**known, **dict(zip(new, self._encode(list(new.values())), strict=True))}
        stacked: Vectors = np.array([vectors[chunk.sha256] for chunk in chunks], np.float32)
        embedded = to_batch(chunks, stacked.reshape(len(chunks), self._encoder.dimensions)).to_struct_array()
        seconds = perf_counter() - started
        note = Note("embed", began, seconds, embedded=len(new), reused=len(chunks) - len(new))
        return pack([*notes_in(rows), note], embedded)

    def _encode(self, chunks: Sequence[Chunk]) -> Vectors:
        return self._encoder.encode([embedded_text(each.title, each.heading, each.text) for each in chunks])
