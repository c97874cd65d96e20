"""Chunk previews: what an indexing would make of a file, a folder or a document, and of what it cannot read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInputError
from core.records import Document
from core.settings import Settings
from evals.lab.preview import chunk_preview

SENTENCES = " ".join(f"This is sentence number {n} of a long section about coffee." for n in range(40))
DOCUMENT = Document("d", "s", "page.md", "Page", "", f"# Page\n\n## One\n\n{SENTENCES}\n\n## Two\n\nShort.", "")


def test_a_document_is_cut_as_asked_and_its_overlap_is_shown(settings: Settings) -> None:
    preview = chunk_preview(DOCUMENT, settings, tokens=64, overlap=24)
    frame = preview.frame
    assert frame["tokens"].to_list() == [chunk.tokens for chunk in preview.chunks]
    assert max(frame["tokens"].to_list()) <= 64
    first, second = frame.row(0, named=True), frame.row(1, named=True)
    assert first["repeated"] == 0
    assert second["repeated"] > 0
    assert first["text"].endswith(second["text"][: second["repeated"]])
    assert frame["heading"].to_list()[-1] == "Two"
    assert frame["repeated"].to_list()[-1] == 0  # nothing is repeated across a heading


def test_without_overlap_nothing_is_repeated(settings: Settings) -> None:
    assert set(chunk_preview(DOCUMENT, settings, tokens=64, overlap=0).frame["repeated"].to_list()) == {0}


def test_a_folder_is_read_by_the_parsers_and_what_is_refused_is_named(settings: Settings, tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "a.md").write_text("# A\n\nFirst.")
    (pages / "b.html").write_text("<html><title>B</title><body><h1>B</h1><p>Second.</p></body></html>")
    (pages / "c.pdf").write_text("no PDF")
    preview = chunk_preview(pages, settings)
    assert preview.frame["path"].to_list() == ["a.md", "b.html"]
    assert [refusal.path for refusal in preview.refused] == ["c.pdf"]
    assert "c.pdf" in preview._repr_html_()


def test_a_documents_text_is_text_in_the_map(settings: Settings) -> None:
    hostile = Document("d", "s", "page.md", "Page", "", "# Page\n\n<script>alert(1)</script> `<img onerror=x>`", "")
    shown = chunk_preview(hostile, settings)._repr_html_()
    assert "<script" not in shown
    assert "<img" not in shown


@pytest.mark.parametrize("tokens", [0, 5, 31, "64"])
def test_a_chunk_is_as_long_as_an_indexing_would_take_it(tokens: Any, settings: Settings) -> None:
    with pytest.raises(InvalidInputError, match="at least 32 tokens"):
        chunk_preview(DOCUMENT, settings, tokens=tokens)


def test_no_place_is_not_the_folder_that_one_happens_to_be_in(settings: Settings) -> None:
    with pytest.raises(InvalidInputError, match="no place"):
        chunk_preview("", settings)


@pytest.mark.parametrize("overlap", [-1, 64, 65])
def test_an_overlap_that_does_not_fit_is_refused(overlap: int, settings: Settings) -> None:
    with pytest.raises(InvalidInputError, match="cannot be made"):
        chunk_preview(DOCUMENT, settings, tokens=64, overlap=overlap)
