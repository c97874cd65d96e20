"""A turn explained: its parts as frames, and the whole as a page."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from core.records import Message, Passage, Turn
from core.traces import TraceLink
from evals.grounded import SUPPORTED
from evals.lab.passages import frame_of
from evals.lab.searching import Found
from evals.lab.shown import page, prose

_SHOWN = 12  # passages on the page; the frame has them all


@dataclass(frozen=True, slots=True)
class Line:
    """A message of a prompt."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer, its score, and the nearest sentence of a passage (its number counts from 1)."""

    text: str
    score: float
    passage: int | None
    evidence: str
    problem: str

    @property
    def supported(self) -> bool:
        """Whether the passages rather say it than not."""
        return self.score >= SUPPORTED


@dataclass(frozen=True)
class Explanation:
    """All that is known of one turn. `again` is the same search today, None where `why_not_again` says why."""

    turn: Turn
    history: tuple[Message, ...]
    place: str
    again: Found | None
    why_not_again: str
    prompt: tuple[Line, ...]
    sentences: tuple[Sentence, ...]
    trace: TraceLink | None

    @property
    def search(self) -> str:
        """What was searched for: the question as it stands alone."""
        return self.turn.search or self.turn.question

    @property
    def passages(self) -> pl.DataFrame:
        """Those that were kept, as the turn has them, then those that were dropped, as a search ranks them today."""
        kept = frame_of(self.turn.passages).with_columns(kept=pl.lit(value=True), cited=_cited(self.turn))
        dropped = frame_of(self.dropped).with_columns(
            kept=pl.lit(value=False), cited=pl.lit(value=False), rank=pl.col("rank") + len(kept)
        )
        return pl.concat([kept, dropped]).select("rank", "kept", "cited", pl.exclude("rank", "kept", "cited"))

    @property
    def dropped(self) -> tuple[Passage, ...]:
        """The passages of today's search whose page the turn was not given."""
        given = {each.chunk.document for each in self.turn.passages}
        found = self.again.passages if self.again else ()
        return tuple(each for each in found if each.chunk.document not in given)

    @property
    def support(self) -> pl.DataFrame:
        """A row a sentence of the answer: its score, its evidence, and what is wrong with it."""
        schema = {
            "sentence": pl.String,
            "score": pl.Float64,
            "passage": pl.Int64,
            "evidence": pl.String,
            "problem": pl.String,
        }
        rows = [(each.text, each.score, each.passage, each.evidence, each.problem) for each in self.sentences]
        return pl.DataFrame(rows, schema=schema, orient="row")

    @property
    def rulings(self) -> pl.DataFrame:
        """What each guard said; a sentence that was dropped is among them."""
        schema = {"guard": pl.String, "allowed": pl.Boolean, "reason": pl.String, "score": pl.Float64}
        rows = [(each.guard, each.allowed, each.reason, each.score) for each in self.turn.rulings]
        return pl.DataFrame(rows, schema=schema, orient="row")

    @property
    def timings(self) -> pl.DataFrame:
        """Milliseconds by step."""
        return pl.DataFrame(list(self.turn.timings.items()), schema={"step": pl.String, "ms": pl.Float64}, orient="row")

    def _repr_html_(self) -> str:
        text = prose(self.turn.answer, self.turn.citations)
        return page("explanation", it=self, turn=self.turn, text=text, passages=self.passages.head(_SHOWN).to_dicts())


def _cited(turn: Turn) -> pl.Series:
    sources = {citation.source_id for citation in turn.citations}
    return pl.Series([passage.chunk.id in sources for passage in turn.passages], dtype=pl.Boolean)
