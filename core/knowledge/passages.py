"""The chunks found in one page become one passage: its best chunk, widened by the others in reading order. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from core.knowledge.fusion import FusedPage
from core.knowledge.schema import Vector, to_chunk
from core.records import Chunk, Passage

CHUNKS_PER_PAGE = 3  # a passage merges at most so many chunks of its page
_SHORTEST_OVERLAP = 16  # characters; fewer are alike by chance
_GAP = "\n\n[…]\n\n"  # stands between merged chunks that are not neighbours


def to_passage(
    page: FusedPage, rows: Mapping[int, Mapping[str, Any]], vector: Vector | None, bm25: Mapping[int, float]
) -> Passage:
    """The page's best chunk, its text widened by the page's other found chunks; `rows` and `bm25` by row id."""
    best = rows[page.rows[0]]
    chunks = sorted((to_chunk(rows[row]) for row in page.rows[:CHUNKS_PER_PAGE]), key=lambda chunk: chunk.position)
    return Passage(
        chunk=replace(to_chunk(best), text=merged_text(chunks)),
        score=page.score,
        dense=None if vector is None else float(np.dot(vector, best["vector"])),
        text=bm25.get(page.rows[0]),
    )


def merged_text(chunks: Sequence[Chunk]) -> str:
    """The texts of a page's chunks in reading order; what two neighbours share by overlap stands once."""
    text = chunks[0].text
    for before, after in pairwise(chunks):
        if after.position == before.position + 1:
            text += after.text[shared:] if (shared := shared_end(text, after.text)) else f"\n\n{after.text}"
        else:
            text += _GAP + after.text
    return text


def shared_end(left: str, right: str) -> int:
    """Length of the longest end of `left` that `right` starts with."""
    longest = min(len(left), len(right))
    return next((size for size in range(longest, _SHORTEST_OVERLAP, -1) if left.endswith(right[:size])), 0)
