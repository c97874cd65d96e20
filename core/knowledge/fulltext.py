"""The full-text indices of a build's table, and the query that weighs them against each other."""

from __future__ import annotations

from lancedb.index import FTS
from lancedb.query import BooleanQuery, FullTextQuery, MatchQuery, Occur
from lancedb.table import LanceTable

SEARCHED = {"searched": 1.0, "title": 0.3, "place": 0.2}  # columns and their weights (evals/LOG.md)


def build(table: LanceTable) -> None:
    """Indexes every searched column anew."""
    for column in SEARCHED:
        table.create_index(column, config=FTS(), replace=True)


def match(*texts: tuple[str, float]) -> FullTextQuery:
    """The sum of BM25 over the texts and the searched columns, each by its weight."""
    return BooleanQuery(
        [
            (Occur.SHOULD, MatchQuery(text, column, boost=share * weight))  # type: ignore[call-arg]  # its defaults are hidden
            for text, share in texts
            for column, weight in SEARCHED.items()
        ]
    )
