"""`python -m evals bench search`: our fused search against LanceDB's bare hybrid query on the same build.

Both get the same question vectors, alternate question by question, and return the same number of hits. Ours
also merges a page's chunks, converts rows to records and scores every passage by cosine. `exact_p50_ms` is ours
without the index of the vectors that a large build has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np
from lancedb.rerankers import RRFReranker

from core.embedder import Vectors, load_encoder
from core.errors import NotFoundError
from core.knowledge import BuildTable, Knowledge, Query, Vector
from core.settings import Settings
from evals.builds import site_build
from evals.readers import read_questions
from evals.report import Report

_ROUNDS = 3
_ASKED = 60
_K = 6


def run(settings: Settings, site: str) -> Report:
    """`ratio`: LanceDB's median time for a query over ours; above 1, ours is faster."""
    build = site_build(site, settings)
    table = Knowledge(settings.knowledge_location).open(build.table)
    texts = _questions(settings, site)
    vectors = load_encoder(build.embedding_model, settings).encode(texts, "query")
    ours, exact, bare = _alternate(texts, vectors, (_ours(table), _ours(table, exact=True), _bare(table)))
    figures = {
        "ratio": float(np.median(bare) / np.median(ours)),
        "search_p50_ms": float(np.median(ours)),
        "search_p95_ms": float(np.percentile(ours, 95)),
        "exact_p50_ms": float(np.median(exact)),
        "lancedb_p50_ms": float(np.median(bare)),
        "lancedb_p95_ms": float(np.percentile(bare, 95)),
    }
    return Report(figures, meta={"site": site, "build": build.id, "chunks": table.rows(), "questions": len(texts)})


def _questions(settings: Settings, site: str) -> list[str]:
    golden = settings.site_folder(site) / "golden.jsonl"
    if not golden.exists():
        raise NotFoundError(f"{golden} is missing: index the site with --golden FILE, the questions to search with.")
    return [question.text for question in read_questions(golden).questions[:_ASKED]]


Search = Callable[[str, Vector], object]


def _ours(table: BuildTable, *, exact: bool = False) -> Search:
    return lambda text, vector: table.search(Query(text, vector, k=_K, exact=exact))


def _bare(table: BuildTable) -> Search:
    def search(text: str, vector: Vector) -> object:
        hybrid = table.lance.search(query_type="hybrid", vector_column_name="vector", fts_columns=["searched"])
        return hybrid.vector(vector).text(text).rerank(RRFReranker()).limit(_K).to_arrow()

    return search


def _alternate(texts: Sequence[str], vectors: Vectors, searches: Sequence[Search]) -> list[list[float]]:
    """Milliseconds of each call, turn about, so that a slow moment of the machine meets all."""
    times: list[list[float]] = [[] for _ in searches]
    for number in range(_ROUNDS + 1):
        for text, vector in zip(texts, vectors, strict=True):
            for search, spent in zip(searches, times, strict=True):
                started = perf_counter()
                search(text, vector)
                if number:  # the first round warms caches
                    spent.append((perf_counter() - started) * 1000)
    return times
