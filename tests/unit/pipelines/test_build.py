"""A build while it grows: what makes it staged, and what becomes of one that fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from core.database import Database
from core.errors import ConflictError, IntegrityError
from core.knowledge import Ann, Knowledge, to_batch
from core.records import Build, BuildStatus, Chunk, IndexedFile
from core.settings import Settings
from pipelines.build import growing, new_build
from pipelines.rows import Note, pack
from pipelines.tally import Tally
from tests.fakes.records import chunk


@pytest.fixture
def knowledge(settings: Settings) -> Knowledge:
    return Knowledge(settings.knowledge_location)


@pytest.fixture
def build(database: Database) -> Build:
    database.sites.ensure("demo")
    return new_build("demo", "fake", {"chunk_tokens": 128})


def rows(chunks: Sequence[Chunk], *, told: int) -> pa.Table:
    """One file with these chunks, of which its note counts `told`."""
    vectors = np.ones((len(chunks), 4), np.float32)
    note = Note("read", 0, 0, IndexedFile("d1", "s1", "a.md", "ab", chunks=told))
    return pack([note], to_batch(chunks, vectors).to_struct_array())


def test_a_whole_build_is_staged_with_its_counts(database: Database, knowledge: Knowledge, build: Build) -> None:
    with growing(build, database, knowledge, Tally()) as table:
        table.add(rows([chunk("c1"), chunk("c2")], told=2))
        table.stage(1)
    stored = database.builds.get(build.id)
    assert stored.status is BuildStatus.STAGED
    assert stored.counts["documents/added"] == 1
    assert knowledge.open(build.table).rows() == 2
    assert database.builds.files(build.id) == [IndexedFile("d1", "s1", "a.md", "ab", chunks=2)]


def test_rows_of_unchanged_documents_are_taken_over_and_those_of_others_are_not(
    database: Database, knowledge: Knowledge, build: Build
) -> None:
    base = knowledge.create("base", 4)
    there = [replace(chunk(name), document=document) for name, document in (("c1", "d1"), ("c2", "d2"), ("c3", "d3"))]
    base.add(to_batch(there, np.eye(3, 4, dtype=np.float32)))
    keep = [IndexedFile("d1", "s1", "a.md", "ab", chunks=1)]
    with growing(build, database, knowledge, Tally()) as table:
        table.copy(base, keep)
        table.stage(0, [IndexedFile("d2", "s1", "b.md", "cd", chunks=1)])
    made = knowledge.open(build.table)
    assert made.documents() == {"d1"}
    assert made.vectors(["ab"])["ab"].tolist() == [1, 0, 0, 0]
    counts = database.builds.get(build.id).counts
    assert (counts["documents/unchanged"], counts["documents/deleted"], counts["chunks/reused"]) == (1, 1, 1)


def test_a_deleted_document_that_is_still_found_fails_the_build(
    database: Database, knowledge: Knowledge, build: Build
) -> None:
    deleted = [IndexedFile("d1", "s1", "gone.md", "ab", chunks=1)]
    with (
        pytest.raises(IntegrityError, match=r"1 deleted documents are still found, such as gone\.md"),
        growing(build, database, knowledge, Tally()) as table,
    ):
        table.add(rows([chunk("c1")], told=1))
        table.stage(1, deleted)
    assert database.builds.get(build.id).status is BuildStatus.FAILED


@pytest.mark.parametrize(
    ("chunks", "told", "files", "problem"),
    [
        (["c1", "c2"], 3, 1, "3 rows went in and 2 came out"),
        (["c1", "c1"], 2, 1, "1 ids stand twice"),
        (["c1"], 1, 2, "2 files went in and 1 came out"),
    ],
    ids=["a lost chunk", "a doubled id", "a lost file"],
)
def test_a_build_that_is_not_whole_fails_and_leaves_no_table(
    database: Database, knowledge: Knowledge, build: Build, chunks: list[str], told: int, files: int, problem: str
) -> None:
    with pytest.raises(IntegrityError, match=problem), growing(build, database, knowledge, Tally()) as table:
        table.add(rows([chunk(name) for name in chunks], told=told))
        table.stage(files)
    assert database.builds.get(build.id).status is BuildStatus.FAILED
    assert knowledge.tables() == []


def many(count: int) -> pa.Table:
    """One file with chunks that point everywhere."""
    chunks = [replace(chunk(f"c{n}"), position=n) for n in range(count)]
    vectors = np.random.default_rng(0).standard_normal((count, 48), np.float32)
    note = Note("read", 0, 0, IndexedFile("d1", "s1", "a.md", "ab", chunks=count))
    return pack([note], to_batch(chunks, vectors).to_struct_array())


def test_what_the_index_of_a_large_build_finds_is_recorded(
    database: Database, knowledge: Knowledge, build: Build
) -> None:
    with growing(build, database, knowledge, Tally()) as table:
        table.add(many(500))
        table.stage(1, ann=Ann(rows=500))
    stored = database.builds.get(build.id)
    assert stored.counts["ann/rows"] == 500
    assert 0.95 <= stored.counts["ann/recall@10"] <= 1
    assert 0.95 <= stored.counts["ann/recall@200"] <= 1
    assert stored.seconds["ann"] > 0


def test_a_small_build_has_no_such_index(database: Database, knowledge: Knowledge, build: Build) -> None:
    with growing(build, database, knowledge, Tally()) as table:
        table.add(many(20))
        table.stage(1, ann=Ann(rows=21))
    assert not [name for name in database.builds.get(build.id).counts if name.startswith("ann/")]


def test_a_build_whose_index_finds_too_little_is_not_staged(
    database: Database, knowledge: Knowledge, build: Build
) -> None:
    unreachable = Ann(rows=500, recall=1.01)
    with (
        pytest.raises(IntegrityError, match="of the 10 chunks nearest"),
        growing(build, database, knowledge, Tally()) as table,
    ):
        table.add(many(500))
        table.stage(1, ann=unreachable)
    assert database.builds.get(build.id).status is BuildStatus.FAILED
    assert knowledge.tables() == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_whatever_ends_it_early_leaves_no_table(
    database: Database, knowledge: Knowledge, build: Build, error: type[BaseException]
) -> None:
    with pytest.raises(error), growing(build, database, knowledge, Tally()) as table:
        table.add(rows([chunk("c1")], told=1))
        raise error
    assert database.builds.get(build.id).status is BuildStatus.FAILED
    assert knowledge.tables() == []


def test_names_sort_by_time(build: Build) -> None:
    later = new_build("demo", "fake", {})
    assert build.id.split("-")[:2] <= later.id.split("-")[:2]
    assert build.table == f"demo-{build.id}"


def test_a_build_that_was_promoted_meanwhile_keeps_its_table_when_its_maker_is_stopped(
    database: Database, knowledge: Knowledge, build: Build
) -> None:
    with (
        pytest.raises(ConflictError, match="is promoted and cannot become failed"),
        growing(build, database, knowledge, Tally()) as table,
    ):
        table.add(rows([chunk("c1")], told=1))
        table.stage(1)
        database.sites.promote("demo", build.id, expected=None, by="an operator")
        raise KeyboardInterrupt
    assert knowledge.open(build.table).rows() == 1
