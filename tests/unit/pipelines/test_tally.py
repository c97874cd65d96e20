"""What an indexing has done, added up from its notes."""

from __future__ import annotations

import time

import pytest

from pipelines.rows import Note
from pipelines.tally import Tally

ADDED = Note("read", 0, 0.5, 3, "s1", "a.md")
FAILED = Note("read", 0, 0.25, 0, "s1", "b.pdf", "failed", "is malformed")
IGNORED = Note("read", 0, 0.0, 0, "s2", "c.png", "ignored", "is not a document (.png)")


def test_every_file_is_counted_once_under_its_outcome() -> None:
    tally = Tally()
    tally.add([ADDED, FAILED, IGNORED])
    assert tally.counts == {
        "documents/added": 1,
        "documents/ignored": 1,
        "documents/failed": 1,
        "chunks/embedded": 0,
        "chunks/reused": 0,
    }
    assert tally.documents == 3
    assert tally.refused == [FAILED, IGNORED]
    assert tally.chunks_read == 3
    assert tally.added_from == {"s1": 1}


def test_a_source_that_gave_nothing_is_told_from_one_that_did() -> None:
    tally = Tally()
    tally.add([ADDED, IGNORED])
    assert [tally.added_from[source] for source in ("s1", "s2")] == [1, 0]


def test_the_start_ends_where_the_first_batch_began_whichever_is_told_first() -> None:
    tally = Tally()
    began = time.time()
    tally.add([Note("embed", began + 9, 2, 10), Note("embed", began + 4, 1, 5)])
    assert tally.seconds["start"] == pytest.approx(4, abs=0.1)
    assert tally.seconds["embed"] == 3
    assert tally.counts["chunks/embedded"] == 15


def test_a_stage_that_runs_twice_adds_up() -> None:
    tally = Tally()
    for _ in range(2):
        with tally.timed("write"):
            time.sleep(0.01)
    assert tally.seconds["write"] >= 0.02
