"""One document put or erased between two builds: into the log and into the live table at once.

A build that is staged now or was live before follows when it is promoted. Knows no HTTP and no job.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa

from core.database import Database
from core.embedder import Encoder, Tokenizer
from core.knowledge import BuildTable, Knowledge, to_batch
from core.records import Build, Change, Chunk, Document, IndexedFile
from pipelines.chunk import chunk, embedded_text
from pipelines.lease import held
from pipelines.pointer import PATIENCE, publishing


class Changes:
    """Makes changes to tables; opens a build's embedding model when a document is put, and not before."""

    def __init__(
        self,
        database: Database,
        knowledge: Knowledge,
        open_tokenizer: Callable[[str], Tokenizer],
        open_encoder: Callable[[str], Encoder],
    ) -> None:
        self._database = database
        self._knowledge = knowledge
        self._open_tokenizer = open_tokenizer
        self._open_encoder = open_encoder

    def make(self, site: str, change: Change) -> int:
        """Logs the change and makes it in the live build; returns its place in the log."""
        with held(self._database, publishing(site), wait=PATIENCE):
            sequence = self._database.changes.append(site, change)
            self._follow(site)
            return sequence

    def catch_up(self, site: str) -> int:
        """Makes in the live build what the log holds and it does not, as when a process died between the two."""
        if not self._missing(site):
            return 0
        with held(self._database, publishing(site), wait=PATIENCE):
            return self._follow(site)

    def apply(self, build: Build, table: BuildTable, change: Change) -> None:
        """The change in one build's table, and noted; making it twice is making it once."""
        chunks = self._chunks(build, change.document) if change.document else []
        table.put(change.document_id, self._rows(build, chunks) if chunks else None)
        self._database.builds.note_change(build.id, change.sequence, _noted(change, chunks))

    def _follow(self, site: str) -> int:
        missing = self._missing(site)
        for build, change in missing:
            self.apply(build, self._knowledge.open(build.table), change)
        return len(missing)

    def _missing(self, site: str) -> list[tuple[Build, Change]]:
        live = self._database.sites.get(site).live_build
        if live is None:
            return []
        build = self._database.builds.get(live)
        return [(build, change) for change in self._database.changes.after(site, build.changes_applied)]

    def _chunks(self, build: Build, document: Document) -> list[Chunk]:
        tokens, overlap = build.settings["chunk_tokens"], build.settings["chunk_overlap"]
        return chunk(document, self._open_tokenizer(build.embedding_model), tokens=tokens, overlap=overlap)

    def _rows(self, build: Build, chunks: Sequence[Chunk]) -> pa.RecordBatch:
        encoder = self._open_encoder(build.embedding_model)
        return to_batch(chunks, encoder.encode([embedded_text(each.title, each.heading, each.text) for each in chunks]))


def _noted(change: Change, chunks: Sequence[Chunk]) -> IndexedFile | str:
    document = change.document
    if document is None:
        return change.document_id
    if not chunks:
        reason = "holds no text"
        return IndexedFile(document.id, document.source, document.path, document.sha256, "failed", reason)
    return IndexedFile(document.id, document.source, document.path, document.sha256, chunks=len(chunks))
