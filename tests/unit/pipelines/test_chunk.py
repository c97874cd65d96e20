"""Chunks: under their heading, within the limit, whole tables, overlap, nothing lost."""

from __future__ import annotations

import re

import pytest

from core.records import Document
from pipelines.chunk import chunk, embedded_text


class Words:
    """A tokenizer whose tokens are words."""

    def __init__(self, max_tokens: int = 1000) -> None:
        self.max_tokens = max_tokens

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\S+", text)]


def document(text: str, title: str = "Guide") -> Document:
    return Document("d", "s", "guide.md", title, "https://x.example/guide", text, "0")


def sentences(count: int) -> str:
    return " ".join(f"Sentence number {n} is here." for n in range(count))


def test_each_section_is_its_own_chunk_under_its_heading_path() -> None:
    chunks = chunk(document("# Guide\nintro\n## Setup\n### Water\nfill it"), Words(), tokens=50, overlap=5)
    assert [(c.heading, c.text, c.position) for c in chunks] == [("", "intro", 0), ("Setup > Water", "fill it", 1)]


def test_no_chunk_is_longer_than_asked() -> None:
    chunks = chunk(document(sentences(100)), Words(), tokens=40, overlap=10)
    assert max(len(c.text.split()) for c in chunks) <= 40
    assert all(c.tokens == len(c.text.split()) for c in chunks)


def test_the_models_own_limit_holds_with_title_and_heading_counted_in() -> None:
    chunks = chunk(
        document("# A long title here\n" + sentences(50), "A long title here"), Words(30), tokens=900, overlap=5
    )
    assert max(len(embedded_text(c.title, c.heading, c.text).split()) for c in chunks) <= 30


def test_every_word_of_the_document_is_in_some_chunk_in_order() -> None:
    text = sentences(60) + "\n\n" + "x" * 50 + "\n\n" + "\n".join(f"- item {n}" for n in range(40))
    chunks = chunk(document(text), Words(), tokens=25, overlap=6)
    words = iter(word for c in chunks for word in c.text.split())
    assert all(word in words for word in text.split())


def test_a_split_section_repeats_the_end_of_the_chunk_before() -> None:
    first, second = chunk(document(sentences(12)), Words(), tokens=40, overlap=10)[:2]
    shared = "Sentence number 6 is here. Sentence number 7 is here."
    assert first.text.endswith(shared)
    assert second.text.startswith(shared)


def test_no_overlap_means_nothing_twice() -> None:
    chunks = chunk(document(sentences(50)), Words(), tokens=40, overlap=0)
    assert " ".join(c.text for c in chunks).split() == sentences(50).split()


def test_overlap_never_crosses_a_heading() -> None:
    chunks = chunk(document("# Guide\nalpha.\n## B\nbeta."), Words(), tokens=40, overlap=20)
    assert [c.text for c in chunks] == ["alpha.", "beta."]


def table(rows: int) -> str:
    return "| Name | Price |\n|---|---|\n" + "\n".join(f"| grinder {n} | {n} euro |" for n in range(rows))


def test_a_table_that_fits_stays_whole_even_where_the_chunk_before_had_room() -> None:
    chunks = chunk(document(sentences(6) + "\n\n" + table(3)), Words(), tokens=40, overlap=0)
    assert [c.text for c in chunks] == [sentences(6), table(3)]


def test_a_long_table_repeats_its_header_in_every_piece() -> None:
    chunks = chunk(document(table(30)), Words(), tokens=40, overlap=0)
    assert len(chunks) > 3
    assert all(c.text.startswith("| Name | Price |\n|---|---|\n| grinder") for c in chunks)
    assert max(len(c.text.split()) for c in chunks) <= 40
    assert sum(c.text.count("| grinder") for c in chunks) == 30


def test_code_that_fits_stays_whole_and_longer_code_is_cut_between_lines() -> None:
    code = "```\n" + "\n".join(f"set option {n}" for n in range(30)) + "\n```"
    assert [c.text for c in chunk(document(code), Words(), tokens=100, overlap=0)] == [code]
    pieces = chunk(document(code), Words(), tokens=32, overlap=0)
    assert all(line in code.split("\n") for c in pieces for line in c.text.split("\n"))


def test_one_endless_sentence_is_cut_by_tokens() -> None:
    chunks = chunk(document("word " * 200), Words(), tokens=50, overlap=0)
    assert [c.tokens for c in chunks] == [50, 50, 50, 50]


@pytest.mark.parametrize("text", ["", "\n\n", "# Only\n## Headings"])
def test_nothing_to_say_makes_no_chunk(text: str) -> None:
    assert chunk(document(text), Words(), tokens=50, overlap=5) == []


def test_equal_content_has_equal_hashes_and_a_moved_title_has_not() -> None:
    one, two = (chunk(document("same words", title), Words(), tokens=50, overlap=0)[0] for title in ("A", "A"))
    other = chunk(document("same words", "B"), Words(), tokens=50, overlap=0)[0]
    assert one.sha256 == two.sha256 != other.sha256
