"""Fuses two searches, page by page, as a convex combination of their normalized scores.

Measured against reciprocal rank fusion on five sets (evals/LOG.md), as in Bruch, Gai and Ingber 2022: a rank
forgets by how much the best beat the rest. Pure: knows rows, pages and scores, and no store.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Hit:
    """One chunk that a search returned; `score` is higher for better, on that search's own scale."""

    row: int  # where the chunk lies in the table
    document: str
    score: float


@dataclass(frozen=True, slots=True)
class FusedPage:
    """A document with the chunks that were found in it, best first, and its fused score, 0..1."""

    document: str
    rows: tuple[int, ...]
    score: float


def fuse(*searches: Sequence[Hit], weights: Sequence[float] | None = None) -> list[FusedPage]:
    """Pages best first. Each search speaks for a page by its best chunk there, so two searches that hit
    different chunks of one page agree on the page; within a page the chunks are ranked the same way.

    `weights` sum to 1, one a search; without them all count the same.
    """
    shares = weights or [1 / len(searches)] * len(searches)
    scaled = [_scaled(hits) for hits in searches]
    pages = _combined([_best_of_page(hits) for hits in scaled], shares)
    rows = _combined([{hit.row: hit.score for hit in hits} for hits in scaled], shares)
    page_of = {hit.row: hit.document for hits in searches for hit in hits}
    found: dict[str, list[int]] = defaultdict(list)
    for row in _ranked(rows):
        found[page_of[row]].append(row)
    return [FusedPage(page, tuple(found[page]), pages[page]) for page in _ranked(pages)]


def _scaled(hits: Sequence[Hit]) -> list[Hit]:
    """Scores as 0..1 between the worst and the best hit; a page that a search did not find counts as its worst."""
    if not hits:
        return []
    low, high = min(hit.score for hit in hits), max(hit.score for hit in hits)
    if high == low:
        return [Hit(hit.row, hit.document, 1.0) for hit in hits]
    return [Hit(hit.row, hit.document, (hit.score - low) / (high - low)) for hit in hits]


def _best_of_page(hits: Sequence[Hit]) -> dict[str, float]:
    best: dict[str, float] = {}
    for hit in hits:
        best[hit.document] = max(best.get(hit.document, 0.0), hit.score)
    return best


def _combined(searches: Sequence[Mapping[Name, float]], shares: Sequence[float]) -> dict[Name, float]:
    total: dict[Name, float] = defaultdict(float)
    for scores, share in zip(searches, shares, strict=True):
        for name, score in scores.items():
            total[name] += share * score
    return total


def _ranked(scores: Mapping[Name, float]) -> list[Name]:
    """Best first; equal scores in the order in which they were met, so a ranking never depends on chance."""
    return sorted(scores, key=scores.__getitem__, reverse=True)
