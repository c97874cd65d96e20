"""Rows of chunks to rows of a build's table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipelines.chunk import embedded_text
from pipelines.embed import Embed
from pipelines.rows import Note, chunks_in, notes_in, pack, unembedded
from tests.fakes.encoders import FakeEncoder
from tests.fakes.records import chunk

READ = Note("read", 0, 1, 2, "s1", "a.md")


def test_each_chunk_gets_the_vector_of_its_title_heading_and_text() -> None:
    chunks = [chunk("c1"), replace(chunk("c2"), text="Closed on Mondays.")]
    found = chunks_in(Embed(FakeEncoder)(pack([READ], unembedded(chunks))))
    expected = FakeEncoder().encode([embedded_text(each.title, each.heading, each.text) for each in chunks])
    np.testing.assert_array_equal(np.asarray(found["vector"].to_pylist(), np.float32), expected)
    assert found["id"].to_pylist() == ["c1", "c2"]


def test_notes_pass_through_and_the_batch_adds_its_own() -> None:
    before, after = notes_in(Embed(FakeEncoder)(pack([READ], unembedded([chunk()]))))
    assert before == READ
    assert (after.stage, after.chunks) == ("embed", 1)


def test_a_batch_of_notes_alone_stays_one() -> None:
    rows = Embed(FakeEncoder)(pack([READ], unembedded([])))
    assert len(chunks_in(rows)) == 0
    assert notes_in(rows)[0] == READ
