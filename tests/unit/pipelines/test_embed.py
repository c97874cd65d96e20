"""Rows of chunks to rows of a build's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from core.knowledge import Vector
from core.records import IndexedFile
from pipelines.chunk import embedded_text
from pipelines.embed import Embed, nothing_known
from pipelines.rows import Note, chunks_in, notes_in, pack, unembedded
from tests.fakes.encoders import FakeEncoder
from tests.fakes.records import chunk

READ = Note("read", 0, 1, IndexedFile("d1", "s1", "a.md", "ab", chunks=2))


def new() -> Embed:
    return Embed(FakeEncoder, lambda: nothing_known)


def test_each_chunk_gets_the_vector_of_its_title_heading_and_text() -> None:
    chunks = [chunk("c1"), replace(chunk("c2"), text="Closed on Mondays.", sha256="cd")]
    found = chunks_in(new()(pack([READ], unembedded(chunks))))
    expected = FakeEncoder().encode([embedded_text(each.title, each.heading, each.text) for each in chunks])
    np.testing.assert_array_equal(np.asarray(found["vector"].to_pylist(), np.float32), expected)
    assert found["id"].to_pylist() == ["c1", "c2"]


def test_a_chunk_that_is_known_brings_its_vector_and_only_the_others_are_embedded() -> None:
    mine = np.full(8, 0.5, np.float32)

    def known(hashes: Sequence[str]) -> Mapping[str, Vector]:
        return {"old": mine} if "old" in hashes else {}

    chunks = [
        replace(chunk("c1"), sha256="old"),
        replace(chunk("c2"), sha256="new"),
        replace(chunk("c3"), sha256="new"),
    ]
    rows = Embed(FakeEncoder, lambda: known)(pack([READ], unembedded(chunks)))
    assert chunks_in(rows)["vector"].to_pylist()[0] == mine.tolist()
    note = notes_in(rows)[-1]
    assert (note.embedded, note.reused) == (1, 2)  # of two equal ones, one is embedded


def test_notes_pass_through_and_the_batch_adds_its_own() -> None:
    before, after = notes_in(new()(pack([READ], unembedded([chunk()]))))
    assert before == READ
    assert (after.stage, after.embedded, after.reused) == ("embed", 1, 0)


def test_a_batch_of_notes_alone_stays_one() -> None:
    rows = new()(pack([READ], unembedded([])))
    assert len(chunks_in(rows)) == 0
    assert notes_in(rows)[0] == READ
