"""Indexes a `corpus.jsonl` with the project's own chunker, encoder and table, once per content and settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

from core.embedder import Encoder, load_tokenizer, vectors_version
from core.errors import IntegrityError, InvalidInputError
from core.knowledge import BuildTable, Knowledge, to_batch
from core.records import Chunk, Document
from core.settings import Settings
from evals.readers import CorpusDocument, read_corpus
from pipelines.chunk import chunk, embedded_text
from pipelines.markdown import sections

_BATCH = 2048  # chunks embedded at a time: long enough that sorting by length pays


def corpus_folder(questions: Path) -> Path:
    """Where the corpus of a folder or a file of questions lies: there, or beside the file."""
    return questions.parent if questions.is_file() else questions


def index_corpus(folder: Path, settings: Settings, encoder: Encoder, *, one_passage: bool = False) -> BuildTable:
    """The folder's table: an earlier one of the same corpus, model and chunking, or a new one.

    `one_passage` embeds each document whole, cut where the model stops reading.
    """
    if not (folder / "corpus.jsonl").exists():
        raise InvalidInputError(f"{folder} has no corpus.jsonl beside its questions. Name a site to ask: --site NAME")
    shape = "one-passage" if one_passage else f"{settings.chunk_tokens}-{settings.chunk_overlap}"
    name = table_name(folder.resolve().name, (folder / "corpus.jsonl").read_bytes(), shape, encoder.name)
    cut = partial(_whole, folder) if one_passage else partial(_cut, folder, settings)
    return kept_table(Knowledge(corpora_location(settings)), name, cut, encoder)


def kept_table(knowledge: Knowledge, name: str, cut: Callable[[], list[Chunk]], encoder: Encoder) -> BuildTable:
    """The table of that name, from an earlier run that finished it or made of these chunks now."""
    if name in knowledge.tables():
        if (table := _finished(knowledge.open(name))) is not None:
            return table
        knowledge.drop(name)
    return _fill(knowledge.create(name, encoder.dimensions), cut(), encoder)


def corpora_location(settings: Settings) -> str:
    """Where LanceDB keeps the tables of corpora, apart from those of sites."""
    return str(settings.home / "evals" / "corpora")


def _finished(table: BuildTable) -> BuildTable | None:
    """The table, unless the run that made it was stopped: rows come before indices, so a whole index proves both."""
    try:
        table.verify(table.rows())
    except IntegrityError:
        return None
    return table


def _fill(table: BuildTable, chunks: list[Chunk], encoder: Encoder) -> BuildTable:
    for start in range(0, len(chunks), _BATCH):
        batch = chunks[start : start + _BATCH]
        table.add(
            to_batch(batch, encoder.encode([embedded_text(each.title, each.heading, each.text) for each in batch]))
        )
    table.build_indices()
    table.verify(len(chunks))
    return table


def _cut(folder: Path, settings: Settings) -> list[Chunk]:
    tokenizer = load_tokenizer(settings.embedding_model, settings)
    return [
        piece
        for document in read_corpus(folder)
        for piece in chunk(_document(document), tokenizer, tokens=settings.chunk_tokens, overlap=settings.chunk_overlap)
    ]


def _document(document: CorpusDocument) -> Document:
    return Document(
        id=document.id, source="corpus", path="", title=document.title, url="", text=document.text, sha256=""
    )


def _whole(folder: Path) -> list[Chunk]:
    return [Chunk(each.id, each.id, "", each.title, "", "", 0, each.text, 0, "") for each in read_corpus(folder)]


def table_name(label: str, content: bytes, shape: str, model: str) -> str:
    """The corpus with everything that shapes its table: the same name means the same rows."""
    code = [Path(part.__code__.co_filename).read_bytes() for part in (chunk, sections, to_batch)]
    parts = [content, *code, f"{model} {vectors_version(model)}".encode(), shape.encode()]
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", label)  # what LanceDB allows
    return f"{safe}-{sha256(b''.join(parts)).hexdigest()[:16]}"
