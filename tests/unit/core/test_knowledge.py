"""Knowledge on a real LanceDB: what goes in comes out, ranked, filtered, merged, verified."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from core.errors import ConfigurationError, IntegrityError, NotFoundError, StorageError
from core.knowledge import BuildTable, Filter, Knowledge, Query, Vector, to_batch
from core.records import Chunk

DIMENSIONS = 4


def piece(document: str, position: int, text: str, title: str = "Page") -> Chunk:
    path = f"help/{document}.md"
    return Chunk(f"{document}-{position}", document, path, title, f"/{path}", "", position, text, 9, "hash")


def unit(*values: float) -> Vector:
    vector = np.array(values, np.float32)
    return vector / np.float32(np.linalg.norm(vector))


CHUNKS = [
    piece("returns", 0, "You may return any grinder within thirty days."),
    piece("returns", 1, "within thirty days. Beans cannot be returned once opened."),
    piece("returns", 3, "Refunds take five days."),
    piece("hours", 0, "The shop opens at nine and closes at six."),
    piece("shipping", 0, "Parcels leave the same day."),
]
VECTORS = np.stack([unit(1, 0, 0, 0), unit(0.9, 0.1, 0, 0), unit(0.8, 0.2, 0, 0), unit(0, 1, 0, 0), unit(0, 0, 1, 0)])


@pytest.fixture
def knowledge(tmp_path: Path) -> Knowledge:
    return Knowledge(str(tmp_path / "knowledge"))


@pytest.fixture
def table(knowledge: Knowledge) -> BuildTable:
    table = knowledge.create("t", DIMENSIONS)
    table.add(to_batch(CHUNKS, VECTORS))
    table.build_indices()
    return table


@contextmanager
def full_disk() -> Iterator[None]:
    """A disk that takes no file of more than 100 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def documents(table: BuildTable, query: Query) -> list[str]:
    return [passage.chunk.document for passage in table.search(query)]


def test_a_full_disk_is_told_in_a_sentence(knowledge: Knowledge, table: BuildTable) -> None:
    other = knowledge.create("other", DIMENSIONS)
    with full_disk(), pytest.raises(StorageError, match=r"^Table other cannot be written: [^/]+\. See that .* room"):
        other.add(to_batch(CHUNKS, VECTORS))
    with full_disk(), pytest.raises(StorageError, match="Table other cannot be written"):
        other.copy_from(table, Filter())
    with full_disk(), pytest.raises(StorageError, match="Table t cannot be written"):
        table.build_indices()


def test_dense_ranks_by_cosine_and_says_it(table: BuildTable) -> None:
    best = table.search(Query("", unit(0, 0.9, 0.1, 0), mode="dense", k=2))
    assert [passage.chunk.document for passage in best] == ["hours", "returns"]
    assert best[0].dense == pytest.approx(0.9939, abs=1e-3)
    assert best[0].text is None


def test_text_finds_stems_titles_and_words_of_the_path(table: BuildTable) -> None:
    assert documents(table, Query("closing", mode="text")) == ["hours"]
    assert documents(table, Query("shipping", mode="text")) == ["shipping"]


def test_fused_ranks_first_what_both_searches_find(table: BuildTable) -> None:
    best = table.search(Query("when does the shop close", unit(0.1, 0.9, 0.1, 0)))
    assert best[0].chunk.document == "hours"
    assert best[0].dense is not None
    assert best[0].text is not None


def test_chunks_of_one_page_come_as_one_passage_in_reading_order(table: BuildTable) -> None:
    (returns, *_) = table.search(Query("", unit(0.9, 0.1, 0, 0), mode="dense"))
    assert returns.chunk.id == "returns-1"
    assert returns.chunk.text == (
        "You may return any grinder within thirty days. Beans cannot be returned once opened."
        "\n\n[…]\n\nRefunds take five days."
    )


def test_k_counts_pages(table: BuildTable) -> None:
    assert documents(table, Query("", unit(1, 0, 0, 0), mode="dense", k=2)) == ["returns", "hours"]


def test_filters_hold_in_every_mode(table: BuildTable) -> None:
    only = Filter(documents=["hours"])
    for mode in ("dense", "text", "fused"):
        query = Query("days shop grinder", unit(1, 0, 0, 0), where=only, mode=mode)
        assert documents(table, query) == ["hours"]
    assert documents(table, Query("shop", unit(1, 0, 0, 0), where=Filter(paths=[]))) == []


def test_a_filter_value_is_never_a_query(table: BuildTable) -> None:
    hostile = Filter(documents=["x' OR '1'='1"])
    assert documents(table, Query("shop", unit(1, 0, 0, 0), where=hostile)) == []


@pytest.mark.parametrize("text", ["", "the of and", "?!*()\"'", "AND OR NOT", "日本語", "a" * 5000])
def test_any_text_can_be_searched(table: BuildTable, text: str) -> None:
    assert documents(table, Query(text, unit(0, 1, 0, 0)))[0] == "hours"


def test_further_texts_count_by_their_weight(table: BuildTable) -> None:
    slight = Query("parcels", mode="text", also=(("shop nine closes", 0.1),))
    heavy = Query("parcels", mode="text", also=(("shop nine closes", 2.0),))
    assert documents(table, slight) == ["shipping", "hours"]
    assert documents(table, heavy) == ["hours", "shipping"]
    assert documents(table, Query("parcels", mode="text", also=(("?!", 1.0), ("", 1.0)))) == ["shipping"]


def test_neighbours_are_in_reading_order_within_the_document(table: BuildTable) -> None:
    assert [c.id for c in table.neighbours(CHUNKS[1])] == ["returns-0", "returns-1"]
    assert [c.id for c in table.neighbours(CHUNKS[1], reach=2)] == ["returns-0", "returns-1", "returns-3"]


def test_a_whole_table_verifies(table: BuildTable) -> None:
    table.verify(len(CHUNKS))


def test_lost_rows_are_refused(table: BuildTable) -> None:
    with pytest.raises(IntegrityError, match="6 rows went in and 5 came out"):
        table.verify(6)


def test_doubled_ids_are_refused(table: BuildTable) -> None:
    table.add(to_batch(CHUNKS[:1], VECTORS[:1]))
    table.build_indices()
    with pytest.raises(IntegrityError, match="1 ids stand twice"):
        table.verify(6)


def test_a_missing_index_is_refused(knowledge: Knowledge) -> None:
    table = knowledge.create("bare", DIMENSIONS)
    table.add(to_batch(CHUNKS, VECTORS))
    with pytest.raises(IntegrityError, match="full-text index of searched, title, place is missing"):
        table.verify(len(CHUNKS))


def test_unindexed_rows_are_refused(table: BuildTable) -> None:
    table.add(to_batch([piece("late", 0, "late")], VECTORS[:1]))
    with pytest.raises(IntegrityError, match="1 rows are not in index"):
        table.verify(6)


def test_a_vector_that_is_not_finite_is_refused(knowledge: Knowledge) -> None:
    table = knowledge.create("broken", DIMENSIONS)
    with pytest.raises(ValueError, match="NaN"):
        table.add(to_batch(CHUNKS[:1], np.full((1, DIMENSIONS), np.nan, np.float32)))


def test_the_primary_key_keeps_merges_from_doubling(table: BuildTable) -> None:
    assert table.schema.field("id").metadata == {b"lance-schema:unenforced-primary-key": b"true"}


def test_opening_what_is_not_there_says_what_to_do(knowledge: Knowledge) -> None:
    with pytest.raises(NotFoundError, match="index the site again"):
        knowledge.open("nowhere")


def test_dropping_twice_is_no_error(knowledge: Knowledge, table: BuildTable) -> None:
    knowledge.drop(table.name)
    knowledge.drop(table.name)
    assert knowledge.tables() == []


def test_rows_keep_every_field(table: BuildTable) -> None:
    (found,) = table.neighbours(CHUNKS[3], reach=0)
    assert found == CHUNKS[3]
    assert isinstance(table.version, int)
    assert pa.types.is_fixed_size_list(table.schema.field("vector").type)


def test_a_document_that_is_put_replaces_all_of_its_chunks_and_no_others(table: BuildTable) -> None:
    table.put("returns", to_batch([piece("returns", 0, "Nothing can be returned.")], VECTORS[:1]))
    assert table.rows() == 3
    assert [passage.chunk.text for passage in table.search(Query("returned", mode="text"))] == [
        "Nothing can be returned."
    ]
    assert "hours" in table.documents()


def test_a_document_that_is_erased_is_in_no_search(table: BuildTable) -> None:
    table.put("returns", None)
    assert table.documents() == {"hours", "shipping"}
    for mode in ("dense", "text", "fused"):
        assert "returns" not in documents(table, Query("return a grinder", unit(1, 0, 0, 0), mode=mode))
    table.put("returns", None)  # again changes nothing


def test_rows_are_copied_with_their_vectors_but_for_those_left_out(knowledge: Knowledge, table: BuildTable) -> None:
    other = knowledge.create("other", DIMENSIONS)
    assert other.copy_from(table, Filter(without=["returns"])) == 2
    other.build_indices()
    other.verify(2)
    assert documents(other, Query("", unit(0, 1, 0, 0), mode="dense")) == ["hours", "shipping"]
    assert other.copy_from(table, Filter(documents=["returns"], without=[])) == 3


def test_vectors_are_found_by_the_hash_of_what_they_were_made_of(table: BuildTable) -> None:
    hashed = replace(piece("new", 0, "New."), sha256="known")
    table.put("new", to_batch([hashed], unit(0, 0, 0, 1)[None]))
    found = table.vectors(["known", "unknown"])
    assert list(found) == ["known"]
    assert found["known"].tolist() == [0, 0, 0, 1]
    assert table.vectors([]) == {}
    assert table.chunk_hashes()["new"] == {"known"}


@pytest.mark.parametrize("location", ["bogus://bucket/knowledge", "{tmp}/file/knowledge"])
def test_a_place_that_cannot_be_had_says_what_to_set(tmp_path: Path, location: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="FRONTDESK_KNOWLEDGE_URL"):
        Knowledge(location.format(tmp=tmp_path))


def test_a_bucket_that_is_not_there_says_what_to_set(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"ENDPOINT": f"http://{s3_server}", "ALLOW_HTTP": "true", "ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s"}
    for name, value in {**keys, "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    for use in (Knowledge.tables, lambda knowledge: knowledge.create("t", DIMENSIONS)):
        with pytest.raises(ConfigurationError, match=r"in s3://nowhere/knowledge: .*FRONTDESK_KNOWLEDGE_URL"):
            use(Knowledge("s3://nowhere/knowledge"))
