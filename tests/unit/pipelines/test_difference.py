"""What two builds have differently."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO

from rich.console import Console

from core.records import IndexedFile
from pipelines.difference import Difference, DocumentChange, difference


def file(name: str, outcome: str = "added") -> IndexedFile:
    return IndexedFile(name, "s1", f"{name}.md", "", "added" if outcome == "added" else "failed", chunks=1)


def compared() -> Difference:
    before = [file("same"), file("edited"), file("gone"), file("broken")]
    after = [file("same"), file("edited"), file("new"), file("broken", "failed")]
    was = {"same": {"1"}, "edited": {"2", "3"}, "gone": {"4"}, "broken": {"5"}}
    is_now = {"same": {"1"}, "edited": {"2", "6", "7"}, "new": {"8"}}
    return difference("b1", "b2", (before, after), (was, is_now))


def test_only_what_differs_is_named_with_its_chunks() -> None:
    assert compared().documents == [
        DocumentChange("broken.md", "removed", 0, 1),
        DocumentChange("edited.md", "changed", 2, 1),
        DocumentChange("gone.md", "removed", 0, 1),
        DocumentChange("new.md", "added", 1, 0),
    ]


def test_programs_get_the_sums() -> None:
    figures = json.loads(compared().to_json())["figures"]
    assert figures == {
        "documents/added": 1,
        "documents/changed": 1,
        "documents/removed": 2,
        "chunks/added": 3,
        "chunks/removed": 3,
    }


def shown(difference: Difference) -> str:
    console = Console(file=StringIO(), width=60)
    console.print(difference.table())
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_people_get_the_sums_in_a_sentence_and_every_path_as_it_is() -> None:
    text = shown(replace(compared(), documents=[DocumentChange("[bold]x.md", "added", 3, 0)]))
    assert "[bold]x.md" in text
    assert "Documents: 1 added, 0 changed, 0 removed." in text


def test_people_are_told_that_nothing_differs() -> None:
    assert shown(replace(compared(), documents=[])) == "b1 → b2\nThe same documents, with the same chunks.\n"
