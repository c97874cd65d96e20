"""Plain text and its encodings."""

from __future__ import annotations

import pytest

from core.errors import UnreadableDocumentError
from pipelines.markdown import sections
from pipelines.parsers import plain
from pipelines.parsers.encoding import decode


def test_a_short_first_line_is_the_title() -> None:
    page = plain.parse(b"Opening hours\n\nWe are open daily.\nExcept Sunday.\n")
    assert (page.title, page.text) == ("Opening hours", "# Opening hours\n\nWe are open daily.\nExcept Sunday.")


def test_a_sentence_is_no_title() -> None:
    assert plain.parse(b"We are open daily.\n\nMore.").title == ""


def test_underlined_and_capital_lines_are_headings() -> None:
    page = plain.parse(b"Manual\n======\n\nSAFETY FIRST\n\nText.\n\nPart two\n--------\nMore text.")
    assert page.text == "# Manual\n\n## SAFETY FIRST\n\nText.\n\n## Part two\n\nMore text."


def test_lines_that_look_like_markup_stay_text() -> None:
    text = plain.parse(b"Settings file.\n\n# a comment\n```\nvalue = 1\n\n# another").text
    assert [section.headings for section in sections(text)] == [()]


FRENCH = "Déjà vu : le café est fermé le dimanche, 12 €."
POLISH = "Zażółć gęślą jaźń. Godziny otwarcia: od poniedziałku do piątku, z wyjątkiem świąt. Proszę dzwonić."
RUSSIAN = "Часы работы: с понедельника по пятницу, с девяти до шести. Звоните нам."
JAPANESE = "営業時間は月曜日から金曜日までです。お電話ください。"
POUNDS = "The Merlin costs £489, and it’s “in stock”."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "utf-8"),
        (FRENCH, "utf-8-sig"),
        (FRENCH, "utf-16"),
        (FRENCH, "utf-16-le"),
        (FRENCH, "utf-32"),
        (FRENCH, "cp1252"),
        (POUNDS, "cp1252"),
        ("Größe und Maße auf Anfrage", "latin-1"),
        (POLISH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (JAPANESE, "shift_jis"),
    ],
)
def test_the_encoding_is_found(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes(range(256)) * 4, "binary"),
        (b"\x01\x02\x03\x04abc" * 20, "binary"),
        (b"%PDF-1.7\n...", "is a PDF"),
        (b"PK\x03\x04...", "zip archive"),
        (b"\x89PNG\r\n", "PNG picture"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=reason):
        decode(data)


def test_line_ends_are_made_one_kind() -> None:
    assert decode(b"a\r\nb\rc\nd") == "a\nb\nc\nd"
