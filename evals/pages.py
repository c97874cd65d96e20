"""Which pages of a table a judgement means: a corpus by its ids, a build by paths. Knows no search."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from core.knowledge import BuildTable


class Pages(Protocol):
    """How a table's documents and a judgement name the same page."""

    def of(self, document: str) -> str:
        """The document's page, as `meant` names it."""

    def meant(self, evidence: str) -> Collection[str]:
        """The pages of the table that a judgement means; none where it is of another corpus."""


@dataclass(frozen=True)
class ById:
    """A corpus: judgements name its ids."""

    ids: frozenset[str]

    def of(self, document: str) -> str:
        """Its id."""
        return document

    def meant(self, evidence: str) -> Collection[str]:
        """The document of this id."""
        return {evidence} & self.ids


class ByPath:
    """A build: judgements name paths, of which one side may lack the first folders."""

    def __init__(self, paths: Mapping[str, str]) -> None:
        self._path = paths  # by document
        self._paths = frozenset(paths.values())

    def of(self, document: str) -> str:
        """Its path."""
        return self._path[document]

    def meant(self, evidence: str) -> Collection[str]:
        """The path itself, else all that end with it, else the longest that it ends with."""
        if evidence in self._paths:
            return {evidence}
        longer = {path for path in self._paths if path.endswith(f"/{evidence}")}
        shorter = [path for path in self._paths if evidence.endswith(f"/{path}")]
        return longer or {max(shorter, key=len)} if longer or shorter else set()


def by_id(table: BuildTable) -> ById:
    """The documents of a corpus's table."""
    return ById(frozenset(table.documents()))


def by_path(table: BuildTable) -> ByPath:
    """The documents of a build's table."""
    rows = table.lance.search().select(["document", "path"]).to_arrow()
    return ByPath(dict(zip(rows["document"].to_pylist(), rows["path"].to_pylist(), strict=True)))
