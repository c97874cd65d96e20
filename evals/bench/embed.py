"""`python -m evals bench embed`: our encoder against sentence-transformers' default encode, on the same texts.

The two alternate, so that a slow moment of the machine meets both; the quotient of each pair is one measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from sentence_transformers import SentenceTransformer

from core.embedder import Vectors, load_encoder, load_tokenizer
from core.embedder.files import model_folder
from core.errors import InvalidInputError
from core.records import Document
from core.settings import Settings
from evals.report import Report
from pipelines.chunk import chunk, embedded_text

_ROUNDS = 5
_TEXTS = 384
_TOKENS = 220  # as long as passages of the usual 200 words are

Encode = Callable[[Sequence[str]], Vectors]


def run(settings: Settings, pages: Path) -> Report:
    """`ratio`: our texts a second over theirs, the median of alternating rounds; `cosine_mean`: how equal."""
    texts = passages(pages, settings)
    if not texts:
        raise InvalidInputError(f"{pages} holds no Markdown page: name a folder that does with --pages.")
    ours = load_encoder(settings.embedding_model, settings)
    plain = SentenceTransformer(str(model_folder(settings.embedding_model)), device="cpu")
    theirs: Encode = lambda some: np.asarray(plain.encode(list(some), show_progress_bar=False), np.float32)  # noqa: E731
    times = [(_seconds(ours.encode, texts), _seconds(theirs, texts)) for _ in range(_ROUNDS + 1)][1:]
    cosines = np.sum(ours.encode(texts) * _unit(theirs(texts)), axis=1)
    figures = {
        "ratio": float(np.median([their / our for our, their in times])),
        "cosine_mean": float(cosines.mean()),
        "cosine_min": float(cosines.min()),
        "texts_per_second": len(texts) / float(np.median([our for our, _ in times])),
        "baseline_texts_per_second": len(texts) / float(np.median([their for _, their in times])),
        "query_ms": 1000 * float(np.median([_seconds(ours.encode, [text[:60]]) for text in texts[:50]])),
    }
    return Report(figures, meta={"texts": len(texts), "model": ours.name, "pages": str(pages)})


def passages(pages: Path, settings: Settings) -> list[str]:
    """Some hundred passages of mixed length from a folder's Markdown."""
    tokenizer = load_tokenizer(settings.embedding_model, settings)
    found: list[str] = []
    for page in sorted(pages.rglob("*.md")):
        document = Document(page.stem, "bench", page.name, page.stem, "", page.read_text(encoding="utf-8"), "")
        pieces = chunk(document, tokenizer, tokens=_TOKENS, overlap=0)
        found += [embedded_text(piece.title, piece.heading, piece.text) for piece in pieces]
    step = max(1, len(found) // _TEXTS)
    return found[::step][:_TEXTS]


def _seconds(encode: Encode, texts: Sequence[str]) -> float:
    started = perf_counter()
    encode(texts)
    return perf_counter() - started


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
