"""What visitors asked in vain: questions that were declined or whose answer they disliked, gathered by meaning."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from duckdb import ColumnExpression, ConstantExpression, DuckDBPyRelation
from numpy.typing import NDArray

from core.embedder import Encoder, Vectors
from evals.lab.shown import page
from serving.agent.answerable import GUARD

MOST = 2000  # questions, the newest ones: each is compared with every other
_SHOWN, _EXAMPLES = 20, 5
_LOOKED_FOR = f"""
    status = 'done' AND (coalesce(model, '') <> '' OR list_contains([ruling.guard for ruling in rulings], '{GUARD}'))
"""  # a turn that no sentence answers is declined before a model is asked
_NEWEST = "created_at DESC, turn_id"
_TOLD = """
    question, declined, coalesce(rating = 'down', false) AS disliked, coalesce(comment, '') AS comment, created_at,
    turn_id
"""
_SCHEMA: dict[str, type[pl.DataType]] = {
    "gap": pl.Int64,
    "question": pl.String,
    "declined": pl.Boolean,
    "disliked": pl.Boolean,
    "comment": pl.String,
    "created_at": pl.Datetime,
    "turn_id": pl.String,
}


@dataclass(frozen=True)
class Gaps:
    """Groups of questions, the one that was asked most often first; a row of `questions` is a turn."""

    site: str
    questions: pl.DataFrame

    @cached_property
    def frame(self) -> pl.DataFrame:
        """A row a gap: how often it was asked, and the question that stands in its middle."""
        return (
            self.questions.group_by("gap", maintain_order=True)
            .agg(
                pl.len().alias("turns"),
                pl.col("declined").sum(),
                pl.col("disliked").sum(),
                pl.col("created_at").max().alias("last_at"),
                pl.col("question").first(),
            )
            .sort("gap")
        )

    def gap(self, number: int) -> pl.DataFrame:
        """The turns of one gap, the most typical question first."""
        return self.questions.filter(pl.col("gap") == number)

    def __len__(self) -> int:
        return len(self.frame)

    def _repr_html_(self) -> str:
        rows = [row | {"asked": self._asked(row["gap"])} for row in self.frame.head(_SHOWN).to_dicts()]
        return page("gaps", gaps=self, rows=rows)

    def _asked(self, number: int) -> list[str]:
        return self.gap(number)["question"].unique(maintain_order=True).to_list()[:_EXAMPLES]


def turns_in_vain(turns: DuckDBPyRelation, site: str, last: int | None) -> pl.DataFrame:
    """Those of the site's turns, or of its last ones, that were declined or got a thumb down, newest first.

    What the guards answered is none of them: nobody looked for an answer.
    """
    asked = turns.filter(ColumnExpression("site") == ConstantExpression(site)).filter(_LOOKED_FOR)
    recent = asked if last is None else asked.order(_NEWEST).limit(last)
    vain: pl.DataFrame = recent.project(_TOLD).filter("declined OR disliked").order(_NEWEST).limit(MOST).pl()
    return vain


def gathered(site: str, turns: pl.DataFrame, encoder: Encoder, alike: float) -> Gaps:
    """The turns, newest first, in groups; they have every column of `questions` but `gap`."""
    if turns.is_empty():
        return Gaps(site, pl.DataFrame(schema=_SCHEMA))
    texts = turns["question"].unique(maintain_order=True).to_list()
    vectors = encoder.encode(texts, "query")
    groups = _groups(vectors, alike)
    placed = pl.DataFrame({"question": texts, "group": groups, "typical": _typical(vectors, groups)})
    return Gaps(site, _numbered(turns.join(placed, on="question", how="left")))


def _groups(vectors: Vectors, alike: float) -> NDArray[np.int64]:
    """The number of each vector's group."""
    if len(vectors) < 2:
        return np.zeros(len(vectors), np.int64)
    from sklearn.cluster import AgglomerativeClustering  # takes a second to import

    clustering = AgglomerativeClustering(None, metric="cosine", linkage="average", distance_threshold=1 - alike)
    labels: NDArray[np.int64] = clustering.fit_predict(vectors)
    return labels


def _typical(vectors: Vectors, groups: NDArray[np.int64]) -> list[float]:
    """How near each stands to the middle of its group."""
    middles = {group: vectors[groups == group].mean(axis=0) for group in set(groups.tolist())}
    return [float(vector @ middles[group]) for vector, group in zip(vectors, groups.tolist(), strict=True)]


def _numbered(turns: pl.DataFrame) -> pl.DataFrame:
    """The largest group is gap 0; of equal ones the one that was asked last."""
    sizes = turns.group_by("group").agg(pl.len().alias("turns"), pl.col("created_at").max().alias("last"))
    order = sizes.sort("turns", "last", descending=True)["group"].to_list()
    gap = pl.col("group").replace_strict({group: n for n, group in enumerate(order)}, return_dtype=pl.Int64)
    ranked = turns.with_columns(gap=gap).sort(
        "gap", "typical", "created_at", descending=[False, True, True], maintain_order=True
    )
    return ranked.select(list(_SCHEMA))
