"""How documents would be cut: their chunks as a frame and as a map, before anything is indexed.

The same parsers, chunker and tokenizer as an indexing takes; nothing is embedded and nothing kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

import polars as pl

from core.embedder import Tokenizer, load_tokenizer
from core.knowledge.passages import shared_end
from core.records import Chunk, Document, Source
from core.settings import Settings
from evals.lab.arguments import place, sizes
from evals.lab.shown import page
from pipelines.chunk import chunk
from pipelines.ingest import Refusal, ingest
from pipelines.sandbox import SandboxedParser
from pipelines.sources import list_files

COLOURS = (
    "#4477aa",
    "#ccbb44",
    "#228833",
    "#aa3377",
    "#66ccee",
    "#ee6677",
)  # Paul Tol's bright ones, told apart by all
_MAPS, _TEXTS = 40, 12  # documents drawn as a map, and chunks of a single one that are shown whole
_SCHEMA: dict[str, type[pl.DataType]] = {
    "path": pl.String,
    "title": pl.String,
    "position": pl.Int64,
    "heading": pl.String,
    "tokens": pl.Int64,
    "repeated": pl.Int64,
    "text": pl.String,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk as it is drawn: `repeated` are the characters at its start that the one before ends with."""

    chunk: Chunk
    repeated: int
    colour: str


@dataclass(frozen=True)
class ChunkPreview:
    """The chunks of some documents, and the files that gave none."""

    documents: tuple[Document, ...]
    refused: tuple[Refusal, ...]
    chunks: tuple[Chunk, ...]
    tokens: int
    overlap: int

    @cached_property
    def frame(self) -> pl.DataFrame:
        """A row a chunk, in reading order; `repeated` counts characters."""
        rows = [
            {
                "path": piece.chunk.path,
                "title": piece.chunk.title,
                "position": piece.chunk.position,
                "heading": piece.chunk.heading,
                "tokens": piece.chunk.tokens,
                "repeated": piece.repeated,
                "text": piece.chunk.text,
            }
            for pieces in self.maps.values()
            for piece in pieces
        ]
        return pl.DataFrame(rows, schema=_SCHEMA)

    @cached_property
    def maps(self) -> dict[str, list[Piece]]:
        """Document path -> its chunks as they are drawn; what stands under one heading has one colour."""
        return {path: list(_pieces(list(chunks))) for path, chunks in groupby(self.chunks, lambda each: each.path)}

    def __len__(self) -> int:
        return len(self.chunks)

    def _repr_html_(self) -> str:
        drawn = dict(list(self.maps.items())[:_MAPS])
        return page("chunks", preview=self, maps=drawn, texts=_TEXTS, single=len(self.maps) == 1)


def chunk_preview(
    what: str | Path | Document, settings: Settings, *, tokens: int | None = None, overlap: int | None = None
) -> ChunkPreview:
    """The chunks of a document, or of whatever `index` takes as a source but a website: a file, a folder, a glob."""
    tokens = settings.chunk_tokens if tokens is None else tokens
    sizes(tokens, 0 if overlap is None else overlap)
    overlap = min(settings.chunk_overlap, tokens - 1) if overlap is None else overlap
    read = [what] if isinstance(what, Document) else list(_read(str(place(what, "what")), settings))
    documents = tuple(each for each in read if isinstance(each, Document))
    refused = tuple(each for each in read if isinstance(each, Refusal))
    tokenizer: Tokenizer = load_tokenizer(settings.embedding_model, settings)
    chunks = [piece for each in documents for piece in chunk(each, tokenizer, tokens=tokens, overlap=overlap)]
    return ChunkPreview(documents, refused, tuple(chunks), tokens, overlap)


def _read(place: str, settings: Settings) -> Iterator[Document | Refusal]:
    source = Source("preview", "preview", place)
    with closing(SandboxedParser(memory_mb=settings.parse_memory_mb, seconds=settings.parse_seconds)) as parser:
        yield from ingest(source, list_files(place), parser, int(settings.max_document_mb * 2**20))


def _pieces(chunks: Sequence[Chunk]) -> Iterator[Piece]:
    headings = {heading: n for n, heading in enumerate(dict.fromkeys(each.heading for each in chunks))}
    for before, each in zip([None, *chunks], chunks, strict=False):
        together = before is not None and before.heading == each.heading
        repeated = shared_end(before.text, each.text) if before and together else 0
        yield Piece(each, repeated, COLOURS[headings[each.heading] % len(COLOURS)])
