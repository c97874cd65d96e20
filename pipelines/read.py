"""Files to chunks: the step that holds a sandboxed parser and the model's tokenizer open. Knows no Ray."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from time import perf_counter, time
from typing import Any

import pyarrow as pa

from core.embedder import Tokenizer
from core.errors import InvalidInputError
from core.records import Chunk, Document, Source
from core.settings import Settings
from pipelines.chunk import chunk
from pipelines.ingest import Parser, Refusal, ingest
from pipelines.rows import Note, Outcome, pack, unembedded
from pipelines.sources import SourceFile, list_files

_log = logging.getLogger(__name__)


def files_of(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Every file of the sources, as the rows that `Read` takes; InvalidInputError names a source that has none."""
    return [{"source": source.id, **asdict(_printable(file))} for source in sources for file in _listed(source)]


def _listed(source: Source) -> list[SourceFile]:
    try:
        return list_files(source.uri)
    except InvalidInputError as error:
        message = f"A source of site {source.site} cannot be read, and what it held would be lost: {error.message}"
        raise InvalidInputError(message, param="source") from error


def _printable(file: SourceFile) -> SourceFile:
    """Neither Arrow nor a citation can carry a name that is not Unicode."""
    name = file.path.encode("utf-8", "replace").decode()
    return file if name == file.path else SourceFile(name, file.size, "has a name that is not UTF-8: rename it")


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
            note, found = self._read(source, SourceFile(**row))
            notes.append(note)
            chunks += found
        return pack(notes, unembedded(chunks))

    def _read(self, source: Source, file: SourceFile) -> tuple[Note, list[Chunk]]:
        began, started = time(), perf_counter()
        [document] = ingest(source, [file], self._parser, self._max_bytes)
        chunks = self._chunk(document)
        seconds = perf_counter() - started
        if isinstance(chunks, Refusal):
            outcome: Outcome = "ignored" if chunks.ignored else "failed"
            return Note("read", began, seconds, 0, source.id, file.path, outcome, chunks.reason), []
        return Note("read", began, seconds, len(chunks), source.id, file.path), chunks

    def _chunk(self, document: Document | Refusal) -> list[Chunk] | Refusal:
        if isinstance(document, Refusal):
            return document
        try:
            chunks = chunk(document, self._tokenizer, tokens=self._tokens, overlap=self._overlap)
        except Exception as error:  # noqa: BLE001 - a bad file never stops a build, whatever is bad about it
            _log.exception("Chunking %s failed", document.path)
            return Refusal(document.path, f"cannot be cut into chunks: {type(error).__name__}: {error}")
        return chunks or Refusal(document.path, "holds no text")
