"""Reciprocal rank fusion of two searches, page by page. Pure: knows ids, pages and ranks, and no store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)

RANK_CONSTANT = 60  # Cormack, Clarke and Büttcher 2009: damps the weight of the very first ranks


@dataclass(frozen=True, slots=True)
class Hit:
    """One chunk that a search returned, `score` as that search has it."""

    row: int  # where the chunk lies in the table
    document: str
    score: float


@dataclass(frozen=True, slots=True)
class FusedPage:
    """A document with the chunks that were found in it, best first, and its fused score."""

    document: str
    rows: tuple[int, ...]
    score: float


def fuse(*searches: Sequence[Hit]) -> list[FusedPage]:
    """Pages best first. Each search ranks pages by their best chunk, so two searches that hit different
    chunks of one page agree on the page; within a page the chunks are ranked the same way.
    """
    pages = _reciprocal([list(dict.fromkeys(hit.document for hit in hits)) for hits in searches])
    rows = _reciprocal([[hit.row for hit in hits] for hits in searches])
    page_of = {hit.row: hit.document for hits in searches for hit in hits}
    found: dict[str, list[int]] = defaultdict(list)
    for row in _ranked(rows):
        found[page_of[row]].append(row)
    return [FusedPage(page, tuple(found[page]), pages[page]) for page in _ranked(pages)]


def _reciprocal(rankings: Sequence[Sequence[Name]]) -> dict[Name, float]:
    scores: dict[Name, float] = defaultdict(float)
    for ranking in rankings:
        for rank, name in enumerate(ranking, 1):
            scores[name] += 1 / (RANK_CONSTANT + rank)
    return scores


def _ranked(scores: dict[Name, float]) -> list[Name]:
    """Best first; equal scores in the order in which they were met, so a ranking never depends on chance."""
    return sorted(scores, key=scores.__getitem__, reverse=True)
