"""How near a passage must come depends on how near a build's pages are to each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.knowledge import BuildTable, Knowledge, to_batch
from core.records import Chunk
from serving.closeness import likeness, needed
from tests.fakes.retriever import passage


def build(folder: Path, cosine: float, *, pages: int = 40, chunks: int = 2) -> BuildTable:
    """Pages whose vectors have this cosine with each other, each page's own chunks the same one."""
    table = Knowledge(str(folder)).create("pages", pages + 1)
    vectors = np.sqrt(1 - cosine) * np.eye(pages, pages + 1, 1) + np.sqrt(cosine) * np.eye(1, pages + 1)
    rows = [
        Chunk(f"c{page}-{n}", f"d{page}", f"{page}.md", "", "/", "", n, f"Page {page}.", 2, f"h{page}-{n}")
        for page in range(pages)
        for n in range(chunks)
    ]
    table.add(to_batch(rows, np.repeat(vectors, chunks, axis=0).astype(np.float32)))
    return table


def test_where_pages_are_alike_more_is_asked_of_a_passage(tmp_path: Path) -> None:
    asked = [needed(build(tmp_path / str(cosine), cosine), 0.0) for cosine in (0.3, 0.6, 0.8, 0.9)]
    assert asked == sorted(asked)
    assert asked[0] == 0.2
    assert 0.4 < asked[2] < 0.5


def test_a_pages_own_chunks_say_nothing_of_how_near_pages_are(tmp_path: Path) -> None:
    single, double = (needed(build(tmp_path / str(n), 0.8, chunks=n), 0.0) for n in (1, 2))
    assert single == pytest.approx(double)


def test_the_models_zero_is_taken_out(tmp_path: Path) -> None:
    assert needed(build(tmp_path, 0.8), 0.5) == pytest.approx(needed(build(tmp_path / "b", 0.6), 0.0))


def test_a_build_of_one_page_or_none_asks_for_little(tmp_path: Path) -> None:
    assert needed(build(tmp_path / "one", 0.8, pages=1), 0.0) == 0.2
    assert needed(Knowledge(str(tmp_path)).create("none", 3), 0.0) == 0.2


def test_passages_that_only_words_found_have_no_likeness() -> None:
    assert likeness([passage("a", dense=None), passage("b", dense=0.4)], 0.2) == pytest.approx(0.25)
    assert likeness([passage("a", dense=None)], 0.2) == 0.0
