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


def match(text: str) -> FullTextQuery:
    """The weighted sum of BM25 over the searched columns."""
    return BooleanQuery(
        [
            (Occur.SHOULD, MatchQuery(text, column, boost=weight))  # type: ignore[call-arg]  # its defaults are hidden
            for column, weight in SEARCHED.items()
        ]
    )
