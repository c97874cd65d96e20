"""What a build's table should be indexed by, and what is missing or lags behind."""

from __future__ import annotations

from collections.abc import Collection

from lancedb.table import LanceTable

from core.knowledge import ann
from core.knowledge.fulltext import SEARCHED


def problems(table: LanceTable) -> list[str]:
    """One for each index that is missing or does not hold every row; none where all is found, and fast."""
    indices = table.list_indices()
    indexed = {column for index in indices for column in index.columns}
    if missing := _missing(table, indexed):
        return missing
    stats = {index.name: table.index_stats(index.name) for index in indices}
    return [
        f"{found.num_unindexed_rows:,} rows are not in index {name}" if found else f"index {name} has no statistics"
        for name, found in stats.items()
        if found is None or found.num_unindexed_rows
    ]


def holds_all(table: LanceTable, column: str) -> bool:
    """Whether an index of this column holds every row."""
    stats = [table.index_stats(index.name) for index in table.list_indices() if column in index.columns]
    return any(found is not None and not found.num_unindexed_rows for found in stats)


def _missing(table: LanceTable, indexed: Collection[str]) -> list[str]:
    """A table says itself from how many rows on its vectors are indexed; one that does not say needs no such index."""
    missing = []
    if columns := [column for column in SEARCHED if column not in indexed]:
        missing.append(f"the full-text index of {', '.join(columns)} is missing")
    asked, effort = ann.kept(table)
    if asked and table.count_rows() >= asked.rows:
        if ann.COLUMN not in indexed:
            missing.append("the index of its vectors is missing")
        elif effort is None:
            missing.append("the index of its vectors was not measured")
    return missing
