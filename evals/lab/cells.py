"""Computes the cells of an experiment that nobody has computed yet: a table for each shape, a score for each cell.

Shapes are computed side by side, as Ray tasks that share the machine's cores; a single one here and now. What was
computed is known by content: the same documents, shape, weights, questions and code.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
from filelock import FileLock

from core.embedder import Encoder, Kind, Vectors, load_encoder, load_tokenizer
from core.knowledge import BuildTable, Knowledge
from core.records import Chunk
from core.settings import Settings
from evals.corpora import kept_table, table_name
from evals.lab.corpus import Corpus, bytes_of, experiments_folder
from evals.lab.grid import Cell, Shape
from evals.pages import by_path
from evals.readers import Task
from evals.results import fingerprint, kept
from evals.retrieval import evaluate_table
from evals.subject import code_version, digest, fusion_of
from pipelines.chunk import chunk
from pipelines.cluster import ray_cluster


@dataclass(frozen=True, slots=True)
class Work:
    """One shape of a corpus, and the cells of it that are to be scored."""

    corpus: Corpus
    shape: Shape
    cells: tuple[Cell, ...]
    task: Task
    settings: Settings
    reuse: tuple[tuple[str, str], ...] = ()  # locations and names of tables that may hold some of its vectors


Compute = Callable[[Sequence[Work]], None]


def key_of(cell: Cell, corpus: Corpus, task: Task) -> str:
    """The same for cells that would come out the same."""
    return digest(table_of(cell.shape, corpus), str(cell.weights), fingerprint(task), code_version())


def table_of(shape: Shape, corpus: Corpus) -> str:
    """The name of the table that holds this shape of the corpus."""
    return table_name(
        corpus.site, bytes_of(corpus), f"{shape.chunk_tokens}-{shape.chunk_overlap}", shape.embedding_model
    )


def recorded(key: str, settings: Settings) -> str | None:
    """The name of the results of a cell that was computed before, while they are there."""
    file = _record(key, settings)
    name = str(json.loads(file.read_text())["results"]) if file.exists() else ""
    return name if name and kept(name, settings) else None


def compute(work: Sequence[Work]) -> None:
    """Every cell of the work, recorded when this returns."""
    cores = len(os.sched_getaffinity(0))
    if len(work) < 2:
        for each in work:
            compute_shape(each, cores)
        return
    at_once = min(len(work), cores)
    with _ray(work[0].settings.ray_address):
        import ray

        task = ray.remote(num_cpus=cores / at_once, max_retries=0)(compute_shape)
        ray.get([task.remote(each, max(1, cores // at_once)) for each in work])


def compute_shape(work: Work, threads: int) -> None:
    """The shape's table, made unless it is there, and the scores of its cells on it."""
    encoder = _Thrifty(load_encoder(work.shape.embedding_model, work.settings, threads=threads), work.reuse)
    table = _table(work, encoder)
    pages = by_path(table)
    for cell in work.cells:
        report = evaluate_table(
            work.task,
            table,
            encoder,
            pages,
            work.settings,
            _made_with(cell, work.corpus),
            modes=("fused",),
            weights=cell.weights,
        )
        _keep(key_of(cell, work.corpus, work.task), str(report.meta["results"]), work.settings)


def tables_location(settings: Settings) -> str:
    """Where LanceDB keeps the tables of experiments, apart from those of sites."""
    return str(experiments_folder(settings) / "tables")


def _table(work: Work, encoder: Encoder) -> BuildTable:
    location = tables_location(work.settings)
    name = table_of(work.shape, work.corpus)
    Path(location).mkdir(parents=True, exist_ok=True)
    with FileLock(Path(location) / f".{name}.lock"):  # two notebooks may try the same
        return kept_table(Knowledge(location), name, partial(_cut, work), encoder)


def _cut(work: Work) -> list[Chunk]:
    tokenizer = load_tokenizer(work.shape.embedding_model, work.settings)
    size = {"tokens": work.shape.chunk_tokens, "overlap": work.shape.chunk_overlap}
    return [piece for document in work.corpus.documents() for piece in chunk(document, tokenizer, **size)]


def _made_with(cell: Cell, corpus: Corpus) -> Mapping[str, str | int]:
    """What results say of a cell; no `site`, as no build of it was measured."""
    return {
        "chunk_tokens": cell.shape.chunk_tokens,
        "chunk_overlap": cell.shape.chunk_overlap,
        "embedding_model": cell.shape.embedding_model,
        "fusion": fusion_of(cell.weights),
        "corpus_fingerprint": corpus.key,
        "code": code_version(),
    }


def _record(key: str, settings: Settings) -> Path:
    return experiments_folder(settings) / "cells" / f"{key}.json"


def _keep(key: str, results: str, settings: Settings) -> None:
    file = _record(key, settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps({"results": results}))
    part.replace(file)


@contextmanager
def _ray(address: str) -> Iterator[None]:
    """The Ray that the notebook runs already, else one that is stopped again."""
    ray = sys.modules.get("ray")  # not imported here: what it reads then must be set before
    if ray and ray.is_initialized():
        yield
        return
    logging.getLogger("ray.widgets.util").setLevel(logging.WARNING)  # in a notebook it asks for packages to draw with
    with ray_cluster(address):
        yield


class _Thrifty:
    """An encoder that does nothing twice: a chunk that a table holds brings its vector, a question is encoded once."""

    def __init__(self, encoder: Encoder, reuse: Sequence[tuple[str, str]]) -> None:
        self._encoder = encoder
        self._reuse = [Knowledge(location).open(name) for location, name in reuse]
        self._asked: dict[tuple[str, ...], Vectors] = {}

    @property
    def name(self) -> str:
        return self._encoder.name

    @property
    def dimensions(self) -> int:
        return self._encoder.dimensions

    @property
    def max_tokens(self) -> int:
        return self._encoder.max_tokens

    def encode(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """As the encoder would."""
        if kind == "query":
            key = tuple(texts)
            if key not in self._asked:
                self._asked[key] = self._encoder.encode(texts, kind)
            return self._asked[key]
        return self._documents(texts)

    def _documents(self, texts: Sequence[str]) -> Vectors:
        hashes = [sha256(text.encode()).hexdigest() for text in texts]
        known = {digest: vector for table in self._reuse for digest, vector in table.vectors(hashes).items()}
        new = {digest: text for digest, text in zip(hashes, texts, strict=True) if digest not in known}
        known |= zip(new, self._encoder.encode(list(new.values())), strict=True)
        return np.array([known[digest] for digest in hashes], np.float32).reshape(len(texts), self.dimensions)
