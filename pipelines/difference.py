"""What two builds of a site have differently: documents and chunks that were added, changed or removed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.table import Table

from core.records import IndexedFile

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

    def table(self) -> Table:
        """For a person: the documents with their chunks, and the sums beneath."""
        sums = ", ".join(f"{count:,} {name}" for name, count in self.figures().items())
        more = f" (the first {_SHOWN} are shown)" if len(self.documents) > _SHOWN else ""
        table = Table(title=f"{self.before} → {self.after}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
        table.add_column("document", overflow="fold")
        table.add_column("")
        table.add_column("chunks", no_wrap=True)
        table.caption, table.caption_justify = f"{sums}{more}", "left"
        for each in self.documents[:_SHOWN]:
            table.add_row(each.path, each.change, f"+{each.chunks_added} −{each.chunks_removed}")
        return table


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
