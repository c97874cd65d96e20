"""What two builds of a site have differently: documents and chunks that were added, changed or removed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from core.database import Database
from core.knowledge import Knowledge
from core.records import Build, IndexedFile

_SHOWN = 50  # documents on the terminal; `--json` has them all

Hashes = Mapping[str, set[str]]  # of the chunks, by document


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """One document that is not the same in both builds."""

    path: str
    change: str  # added, changed or removed
    chunks_added: int
    chunks_removed: int


@dataclass(frozen=True, slots=True)
class Difference:
    """From one build to another."""

    before: str
    after: str
    documents: Sequence[DocumentChange]

    def figures(self) -> dict[str, int]:
        """How many of each."""
        counts = {f"documents/{name}": 0 for name in ("added", "changed", "removed")}
        for document in self.documents:
            counts[f"documents/{document.change}"] += 1
        counts["chunks/added"] = sum(document.chunks_added for document in self.documents)
        counts["chunks/removed"] = sum(document.chunks_removed for document in self.documents)
        return counts

    def to_json(self) -> str:
        """One object, in the form that every `--json` has."""
        listed = [
            {"path": each.path, "change": each.change, "added": each.chunks_added, "removed": each.chunks_removed}
            for each in self.documents
        ]
        meta = {"before": self.before, "after": self.after, "documents": listed}
        return json.dumps({"figures": self.figures(), "intervals": {}, "meta": meta})

    def table(self) -> RenderableType:
        """For a person: the documents with their chunks, and the sums beneath."""
        builds = Text(f"{self.before} → {self.after}")
        if not self.documents:
            return Group(builds, Text("The same documents, with the same chunks."))
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        table.add_column("document", overflow="fold")
        table.add_column("")
        table.add_column("chunks", no_wrap=True)
        for each in self.documents[:_SHOWN]:
            table.add_row(Text(each.path), each.change, f"+{each.chunks_added} −{each.chunks_removed}")
        return Group(builds, table, Text(self._sums()))

    def _sums(self) -> str:
        counts = self.figures()
        documents = ", ".join(f"{counts[f'documents/{name}']:,} {name}" for name in ("added", "changed", "removed"))
        chunks = ", ".join(f"{counts[f'chunks/{name}']:,} {name}" for name in ("added", "removed"))
        more = f" The first {_SHOWN} documents are shown." if len(self.documents) > _SHOWN else ""
        return f"Documents: {documents}. Chunks: {chunks}.{more}"


def between(before: Build, after: Build, database: Database, knowledge: Knowledge) -> Difference:
    """From one build to another, as their tables are now."""
    files = (database.builds.files(before.id), database.builds.files(after.id))
    hashes = (knowledge.open(before.table).chunk_hashes(), knowledge.open(after.table).chunk_hashes())
    return difference(before.id, after.id, files, hashes)


def difference(
    before: str,
    after: str,
    files: tuple[Sequence[IndexedFile], Sequence[IndexedFile]],
    hashes: tuple[Hashes, Hashes],
) -> Difference:
    """From build `before` to build `after`, given the files and the chunks of each."""
    old, new = ({file.id: file for file in some if file.outcome == "added"} for some in files)
    found = []
    for file in sorted((old | new).values(), key=lambda file: file.path):
        was, is_now = hashes[0].get(file.id, set()), hashes[1].get(file.id, set())
        change = "added" if file.id not in old else "removed" if file.id not in new else "changed"
        if change != "changed" or was != is_now:
            found.append(DocumentChange(file.path, change, len(is_now - was), len(was - is_now)))
    return Difference(before, after, found)
