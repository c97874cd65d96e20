"""Which chunks a search may return, as LanceDB's typed expressions: values are literals, never part of a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

from lancedb.expr import Expr, col, lit


@dataclass(frozen=True, slots=True)
class Filter:
    """All given conditions hold; None asks nothing, an empty sequence matches nothing."""

    documents: Sequence[str] | None = None
    paths: Sequence[str] | None = None
    positions: Sequence[int] | None = None
    hashes: Sequence[str] | None = None
    without: Sequence[str] | None = None  # documents; an empty sequence leaves none out

    def expression(self) -> Expr | None:
        """The condition as LanceDB takes it; None when nothing is asked."""
        asked = {
            "document": self.documents,
            "path": self.paths,
            "position": self.positions,
            "sha256": self.hashes,
        }
        parts = [_one_of(name, values) for name, values in asked.items() if values is not None]
        if self.without:
            parts.append(~_one_of("document", self.without))
        return reduce(and_, parts) if parts else None


def _one_of(column: str, values: Sequence[str] | Sequence[int]) -> Expr:
    return col(column).isin([lit(value) for value in values]) if values else lit(value=False)
