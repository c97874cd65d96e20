"""The way into all parsers: types told by name, and every failure a reason for people."""

from __future__ import annotations

import pytest

from core.errors import UnreadableDocumentError
from pipelines.parsers.kinds import Kind, is_unread_document, kind_of, why_not_read
from pipelines.parsers.parsed import Parsed
from pipelines.parsers.registry import parse


@pytest.mark.parametrize(
    ("path", "kind"),
    [("a/B.MD", Kind.MARKDOWN), ("x.htm", Kind.HTML), ("x.y.tsv", Kind.TABLE), ("x.png", None), ("LICENSE", None)],
)
def test_the_ending_tells_the_type(path: str, kind: Kind | None) -> None:
    assert kind_of(path) is kind


def test_documents_that_are_not_read_are_told_from_other_files() -> None:
    assert is_unread_document("slides.pptx") and not is_unread_document("logo.png")
    assert "PowerPoint" in why_not_read("slides.pptx") and "Markdown, HTML, PDF, DOCX" in why_not_read("slides.pptx")
    assert ".png" in why_not_read("logo.png")


@pytest.mark.parametrize(
    ("path", "data", "reason"),
    [
        ("a.md", b" \n", "is empty"),
        ("a.html", b"<p></p>", "holds no text"),
        ("a.txt", b"\x00\x01\x02" * 50, "binary"),
        ("a.xlsx", b"PK", "Excel"),
        ("a.pdf", b"nothing", "malformed"),
        ("a.html", b"<div>" * 250 + b"<ul><li>" * 2000, "holds no text"),
    ],
)
def test_every_failure_has_a_reason(path: str, data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=reason):
        parse(path, data)


def test_invisible_characters_and_blank_lines_are_tidied() -> None:
    page = Parsed(" A \n title\u200b ", "Cafe\u0301\u00a0\ue000open\x07\n\n \n\nsoft\u00adly\n").tidied()
    assert (page.title, page.text) == ("A title", "Café open\n\nsoftly")
