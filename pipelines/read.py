"""Files to chunks: the step that holds a sandboxed parser and the model's tokenizer open. Knows no Ray.

A file arrives as a row: the id of its source, its path, size, problem and URL, as `pipelines.plan` lists them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from time import perf_counter, time

import pyarrow as pa

from core.embedder import Tokenizer
from core.records import Chunk, Document, IndexedFile, Outcome, Source
from core.settings import Settings
from pipelines.chunk import chunk
from pipelines.ingest import Parser, Refusal, document_id, ingest
from pipelines.rows import Note, pack, unembedded
from pipelines.sources import SourceFile

_log = logging.getLogger(__name__)


class Read:
    """Rows of files to rows of chunks, and a note on each file. Opens its parser and tokenizer where it is made."""

    def __init__(
        self,
        sources: Sequence[Source],
        settings: Settings,
        open_parser: Callable[[], Parser],
        open_tokenizer: Callable[[], Tokenizer],
    ) -> None:
        self._sources = {source.id: source for source in sources}
        self._parser = open_parser()
        self._tokenizer = open_tokenizer()
        self._tokens, self._overlap = settings.chunk_tokens, settings.chunk_overlap
        self._max_bytes = int(settings.max_document_mb * 2**20)

    def __call__(self, files: pa.Table) -> pa.Table:
        """A note for every file, and the chunks of those that became documents."""
        notes: list[Note] = []
        chunks: list[Chunk] = []
        for row in files.to_pylist():
            source = self._sources[row.pop("source")]
            note, found = self._read(
                source, SourceFile(row["path"], row["size"], row["problem"], row["url"]), row["sha256"]
            )
            notes.append(note)
            chunks += found
        return pack(notes, unembedded(chunks))

    def close(self) -> None:
        """End the parser's child."""
        self._parser.close()

    def _read(self, source: Source, file: SourceFile, sha256: str) -> tuple[Note, list[Chunk]]:
        began, started = time(), perf_counter()
        [document] = ingest(source, [file], self._parser, self._max_bytes)
        chunks = self._chunk(document)
        seconds = perf_counter() - started
        named = (document_id(source.id, file.path), source.id, file.path)
        if isinstance(chunks, Refusal):
            outcome: Outcome = "ignored" if chunks.ignored else "failed"
            return Note("read", began, seconds, IndexedFile(*named, sha256, outcome, chunks.reason)), []
        # The hash of what was read: the file may have changed since it was listed.
        read = document.sha256 if isinstance(document, Document) else sha256
        return Note("read", began, seconds, IndexedFile(*named, read, chunks=len(chunks))), chunks

    def _chunk(self, document: Document | Refusal) -> list[Chunk] | Refusal:
        if isinstance(document, Refusal):
            return document
        try:
            chunks = chunk(document, self._tokenizer, tokens=self._tokens, overlap=self._overlap)
        except Exception as error:  # noqa: BLE001 - a bad file never stops a build, whatever is bad about it
            _log.exception("Chunking %s failed", document.path)
            return Refusal(document.path, f"cannot be cut into chunks: {type(error).__name__}: {error}")
        return chunks or Refusal(document.path, "holds no text")
