"""A question's passages on any build with any weights, and how each search alone would have ranked them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest

import polars as pl

from core.embedder import load_encoder
from core.knowledge import WEIGHTS, BuildTable, Knowledge, Mode, Query
from core.records import Build, Message, Passage
from core.settings import Settings
from evals.lab.arguments import Weights, most, said, shares, text
from evals.lab.passages import frame_of
from evals.lab.shown import page
from evals.readers import Question
from evals.retrieval import queries, ranked_in_turns

_ALONE: tuple[Mode, Mode] = ("dense", "text")


@dataclass(frozen=True)
class Found:
    """The passages of one search, best first; the ranks are a page's place in each search alone, from 1."""

    question: str
    build: Build
    weights: Weights
    passages: tuple[Passage, ...]
    dense_ranks: tuple[int | None, ...]
    text_ranks: tuple[int | None, ...]

    @cached_property
    def frame(self) -> pl.DataFrame:
        """A row a passage: its scores, its ranks, its text."""
        ranks = pl.DataFrame(
            {"dense_rank": self.dense_ranks, "text_rank": self.text_ranks},
            schema={"dense_rank": pl.Int64, "text_rank": pl.Int64},
        )
        return frame_of(self.passages).hstack(ranks).select(pl.exclude("passage", "chunk", "document"), "passage")

    def __len__(self) -> int:
        return len(self.passages)

    def _repr_html_(self) -> str:
        return page("found", found=self, rows=self.frame.to_dicts())


def search(
    question: str,
    build: Build,
    settings: Settings,
    *,
    weights: Weights = WEIGHTS,
    passages: int | None = None,
    history: Sequence[Message] = (),
) -> Found:
    """What the desk would search for after this history; of several questions in it, one passage each in turn."""
    table = Knowledge(settings.knowledge_location).open(build.table)
    told, k = shares(weights), settings.passages if passages is None else most(passages)
    meant = queries_of(text(question, "question"), said(history), table, build, settings)
    asked = [replace(each, weights=told, k=k) for each in meant]
    found = _in_turns([table.search(query) for query in asked])[:k]
    by_meaning, by_words = (_places(found, ranked_in_turns(table, asked, mode)) for mode in _ALONE)
    return Found(question, build, told, tuple(found), by_meaning, by_words)


def queries_of(
    question: str, history: Sequence[Message], table: BuildTable, build: Build, settings: Settings
) -> list[Query]:
    """The questions in a message, each as it is meant after the history."""
    encoder = load_encoder(build.embedding_model, settings)
    [found] = queries([Question("asked", question, tuple(history))], table, encoder)
    return found


def _in_turns(found: Sequence[Sequence[Passage]]) -> list[Passage]:
    once: dict[str, Passage] = {}
    for passage in (passage for turn in zip_longest(*found) for passage in turn if passage is not None):
        once.setdefault(passage.chunk.id, passage)
    return list(once.values())


def _places(found: Sequence[Passage], ranked: Sequence[str]) -> tuple[int | None, ...]:
    place = {document: rank for rank, document in enumerate(ranked, 1)}
    return tuple(place.get(each.chunk.document) for each in found)
