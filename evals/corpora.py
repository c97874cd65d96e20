"""Indexes a `corpus.jsonl` with the project's own chunker, encoder and table, once per content and settings."""

from __future__ import annotations

import re
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
    knowledge = Knowledge(corpora_location(settings))
    name = _table_name(folder, settings, encoder, one_passage=one_passage)
    if name in knowledge.tables():
        if (table := _finished(knowledge.open(name))) is not None:
            return table
        knowledge.drop(name)
    chunks = _whole(folder) if one_passage else _cut(folder, settings)
    return _fill(knowledge.create(name, encoder.dimensions), chunks, encoder)


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


def _table_name(folder: Path, settings: Settings, encoder: Encoder, *, one_passage: bool) -> str:
    """The corpus with everything that shapes the table: the same name means the same rows."""
    shape = "one-passage" if one_passage else f"{settings.chunk_tokens}-{settings.chunk_overlap}"
    code = [Path(part.__code__.co_filename).read_bytes() for part in (chunk, sections, to_batch)]
    model = f"{encoder.name} {vectors_version(encoder.name)}"
    content = [(folder / "corpus.jsonl").read_bytes(), *code, model.encode(), shape.encode()]
    label = re.sub(r"[^A-Za-z0-9_.-]+", "-", folder.resolve().name)  # what LanceDB allows
    return f"{label}-{sha256(b''.join(content)).hexdigest()[:16]}"
