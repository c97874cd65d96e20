"""What an indexing has done, added up from its notes."""

from __future__ import annotations

import time

import pytest

from core.records import IndexedFile
from pipelines.rows import Note
from pipelines.tally import Tally

ADDED = IndexedFile("a", "s1", "a.md", "ab", chunks=3)
FAILED = IndexedFile("b", "s1", "b.pdf", "cd", "failed", "is malformed")
IGNORED = IndexedFile("c", "s2", "c.png", "", "ignored", "is not a document (.png)")


def read(*files: IndexedFile) -> list[Note]:
    return [Note("read", 0, 0.5, file) for file in files]


def test_every_file_is_counted_once_under_its_outcome() -> None:
    tally = Tally()
    tally.add(read(ADDED, FAILED, IGNORED))
    counts = {
        name: tally.counts[f"documents/{name}"] for name in ("added", "failed", "ignored", "changed", "unchanged")
    }
    assert counts == {"added": 1, "failed": 1, "ignored": 1, "changed": 0, "unchanged": 0}
    assert tally.read == 3
    assert tally.refused == [FAILED, IGNORED]
    assert tally.chunks == 3
    assert tally.seconds["read"] == 1.5


def test_a_document_that_an_earlier_build_has_otherwise_is_changed_and_not_added() -> None:
    tally = Tally()
    tally.expect({"a", "b"})
    tally.add(read(ADDED, FAILED))
    assert (tally.counts["documents/changed"], tally.counts["documents/added"]) == (1, 0)
    assert tally.counts["documents/failed"] == 1


def test_kept_files_are_unchanged_and_their_chunks_reused() -> None:
    tally = Tally()
    tally.keep([ADDED, FAILED, IGNORED])
    assert tally.counts["documents/unchanged"] == tally.counts["documents/failed"] == 1
    assert tally.counts["chunks/reused"] == 3
    assert tally.chunks == 3
    assert tally.read == 0


def test_the_start_ends_where_the_first_batch_began_whichever_is_told_first() -> None:
    tally = Tally()
    began = time.time()
    tally.add([Note("embed", began + 9, 2, embedded=10, reused=1), Note("embed", began + 4, 1, embedded=5)])
    assert tally.seconds["start"] == pytest.approx(4, abs=0.1)
    assert tally.seconds["embed"] == 3
    assert (tally.counts["chunks/embedded"], tally.counts["chunks/reused"]) == (15, 1)


def test_a_stage_that_runs_twice_adds_up() -> None:
    tally = Tally()
    for _ in range(2):
        with tally.timed("write"):
            time.sleep(0.01)
    assert tally.seconds["write"] >= 0.02
