"""The index of a large table's vectors: when there is one, what it finds, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from lancedb.index import HnswSq, IvfPq
from lancedb.query import LanceVectorQueryBuilder
from lancedb.table import LanceTable
from numpy.typing import NDArray

from core.errors import IntegrityError
from core.knowledge import Ann, BuildTable, Filter, Knowledge, Query, Vector, ann, to_batch
from core.knowledge.ann import Effort, build, kept, measure, nearest
from core.records import Chunk

ROWS, DIMENSIONS = 1_500, 48
LARGE = Ann(rows=1_000, recall=0.95)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def drawn(count: int, seed: int) -> NDArray[np.float32]:
    return unit(np.random.default_rng(seed).standard_normal((count, DIMENSIONS), np.float32))


def pieces(count: int, prefix: str = "d") -> list[Chunk]:
    return [
        Chunk(f"{prefix}{n}", f"{prefix}{n // 10}", "a.md", "Page", "/a", "", n % 10, f"text {n}", 2, f"{prefix}{n}")
        for n in range(count)
    ]


@pytest.fixture
def knowledge(tmp_path: Path) -> Knowledge:
    return Knowledge(str(tmp_path))


@pytest.fixture
def table(knowledge: Knowledge) -> BuildTable:
    table = knowledge.create("t", DIMENSIONS)
    table.add(to_batch(pieces(ROWS), drawn(ROWS, 1)))
    table.build_indices()
    return table


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> BuildTable:
    """A large table, only to be searched."""
    table = Knowledge(str(tmp_path_factory.mktemp("indexed"))).create("t", DIMENSIONS)
    table.add(to_batch(pieces(ROWS), drawn(ROWS, 1)))
    table.build_indices()
    table.index_vectors(LARGE)
    return table


def vector_indices(table: BuildTable) -> list[str]:
    return [index.index_type for index in table.lance.list_indices() if index.columns == ["vector"]]


def found(
    table: BuildTable, vector: NDArray[np.float32], *, exact: bool = False, where: Filter | None = None
) -> list[tuple[str, float]]:
    query = Query("", vector, k=200, mode="dense", exact=exact, where=where)
    return [(passage.chunk.document, round(passage.dense or 0, 3)) for passage in table.search(query)]


def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The plans of the vector searches that are made from now on."""
    plans: list[str] = []

    def search(table: LanceTable, vector: Vector, effort: Effort | None) -> LanceVectorQueryBuilder:
        made = nearest(table, vector, effort)
        plans.append(made.explain_plan())
        return made

    monkeypatch.setattr(ann, "nearest", search)
    return plans


def test_a_large_table_is_indexed_and_says_what_the_index_finds(table: BuildTable) -> None:
    measured = table.index_vectors(LARGE)
    assert vector_indices(table) == ["IvfHnswSq"]
    assert measured
    assert measured.figures()["ann/rows"] == ROWS
    assert measured.figures()["ann/recall@10"] > 0.95
    assert measured.figures()["ann/recall@200"] > 0.95
    table.verify(ROWS)


def test_a_table_below_the_threshold_is_not_indexed_and_needs_none(table: BuildTable) -> None:
    assert table.index_vectors(Ann(rows=ROWS + 1)) is None
    assert vector_indices(table) == []
    table.verify(ROWS)


def test_a_table_of_which_nothing_is_asked_is_searched_exactly(table: BuildTable) -> None:
    assert table.index_vectors() is None
    assert vector_indices(table) == []
    assert table.is_indexed()


def test_whoever_opens_the_table_searches_it_with_the_effort_that_was_measured(
    knowledge: Knowledge, table: BuildTable
) -> None:
    measured = table.index_vectors(LARGE)
    assert measured
    assert kept(knowledge.open("t").lance) == (LARGE, measured.effort)
    assert "ANNSubIndex" in nearest(table.lance, drawn(1, 2)[0], measured.effort).explain_plan()
    assert "ANN" not in nearest(table.lance, drawn(1, 2)[0], None).explain_plan()


def test_search_finds_nearly_all_that_exact_search_finds_with_its_scores(indexed: BuildTable) -> None:
    shares = []
    for vector in drawn(30, 3):
        exact = found(indexed, vector, exact=True)
        shares.append(len(set(exact) & set(found(indexed, vector))) / len(exact))
    assert np.mean(shares) > 0.95


def test_a_filter_holds_in_an_indexed_table(indexed: BuildTable) -> None:
    [vector] = drawn(1, 4)
    for where in (Filter(documents=["d3", "d8"]), Filter(without=["d1"])):
        assert found(indexed, vector, where=where)[:2] == found(indexed, vector, exact=True, where=where)[:2]
    assert {document for document, _ in found(indexed, vector, where=Filter(documents=["d3", "d8"]))} == {"d3", "d8"}


def test_an_index_that_finds_too_little_is_refused_with_a_way_out(table: BuildTable) -> None:
    table.lance.create_index("vector", config=IvfPq(distance_type="cosine", num_partitions=50, num_sub_vectors=2))
    with pytest.raises(IntegrityError, match=r"of the 10 chunks nearest.*FRONTDESK_ANN_RECALL asks for 95%"):
        measure(table.lance, LARGE)
    assert not table.is_indexed()


def test_a_poor_index_is_searched_longer(table: BuildTable) -> None:
    poor = HnswSq(distance_type="cosine", num_partitions=1, m=4, ef_construction=16)
    table.lance.create_index("vector", config=poor)
    assert measure(table.lance, LARGE).effort.ef > 300
    table.verify(ROWS)


def test_an_index_that_was_not_measured_is_a_problem_and_is_not_used(
    knowledge: Knowledge, table: BuildTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(IntegrityError):
        table.index_vectors(Ann(rows=1_000, recall=1.01))
    build(table.lance)
    with pytest.raises(IntegrityError, match="index of its vectors was not measured"):
        table.verify(ROWS)
    plans = watched(monkeypatch)
    found(knowledge.open("t"), drawn(1, 5)[0])
    assert plans and not any("ANN" in plan for plan in plans)


def test_an_index_that_was_measured_is_used(
    knowledge: Knowledge, table: BuildTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.index_vectors(LARGE)
    plans = watched(monkeypatch)
    found(knowledge.open("t"), drawn(1, 5)[0])
    assert plans and all("ANNSubIndex" in plan for plan in plans)


def test_a_large_table_whose_index_is_gone_is_refused_and_mended(table: BuildTable) -> None:
    table.index_vectors(LARGE)
    table.lance.drop_index("vector_idx")
    with pytest.raises(IntegrityError, match="index of its vectors is missing"):
        table.verify(ROWS)
    assert table.index_vectors()
    table.verify(ROWS)


def test_what_is_put_afterwards_is_found_at_once_and_indexed_later(table: BuildTable) -> None:
    table.index_vectors(LARGE)
    [vector] = drawn(1, 6)
    table.put("late", to_batch(pieces(1, "late-"), vector[None]))
    assert found(table, vector)[0] == ("late-0", 1.0)
    assert not table.is_indexed()
    with pytest.raises(IntegrityError, match="1 rows are not in index vector_idx"):
        table.verify(ROWS + 1)
    table.build_indices()
    assert table.index_vectors()
    table.verify(ROWS + 1)
    assert found(table, vector)[0] == ("late-0", 1.0)


def test_a_table_that_takes_over_rows_of_an_indexed_one_is_indexed_for_itself(
    knowledge: Knowledge, table: BuildTable
) -> None:
    table.index_vectors(LARGE)
    other = knowledge.create("other", DIMENSIONS)
    other.copy_from(table, Filter(without=["d1"]))
    assert kept(other.lance) == (None, None)
    other.build_indices()
    assert vector_indices(other) == []
    assert other.index_vectors(LARGE)
    other.verify(ROWS - 10)


def test_pages_that_hold_the_same_text_stand_for_each_other(knowledge: Knowledge) -> None:
    table = knowledge.create("same", DIMENSIONS)
    table.add(to_batch(pieces(ROWS), np.repeat(drawn(3, 7), ROWS // 3, axis=0)))
    measured = table.index_vectors(LARGE)
    assert measured
    assert measured.recall[10] == 1
