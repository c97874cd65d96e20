"""Passages as a frame: each with where it stands and what each search said of it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from core.records import Passage

SCORES = {"fused": pl.Float64, "dense": pl.Float64, "text": pl.Float64}
SCHEMA: dict[str, type[pl.DataType]] = {
    "rank": pl.Int64,
    "title": pl.String,
    "heading": pl.String,
    "path": pl.String,
    **SCORES,
    "passage": pl.String,
    "chunk": pl.String,
    "document": pl.String,
}


def frame_of(passages: Sequence[Passage]) -> pl.DataFrame:
    """A row a passage, best first; `dense` is a cosine, `text` BM25, empty where that search did not return it."""
    return pl.DataFrame([_row(rank, each) for rank, each in enumerate(passages, 1)], schema=SCHEMA)


def _row(rank: int, passage: Passage) -> dict[str, object]:
    chunk = passage.chunk
    return {
        "rank": rank,
        "title": chunk.title,
        "heading": chunk.heading,
        "path": chunk.path,
        "fused": passage.score,
        "dense": passage.dense,
        "text": passage.text,
        "passage": chunk.text,
        "chunk": chunk.id,
        "document": chunk.document,
    }
