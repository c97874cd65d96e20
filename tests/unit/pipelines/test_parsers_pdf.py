"""PDF: running text joined, headings and tables found, page furniture gone, refusals in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UnreadableDocumentError
from pipelines.parsers import pdf as parser
from pipelines.parsers.parsed import Parsed
from tests.fakes.pdf_pages import Words, paragraph, pdf
from tests.fakes.real_data import real_data


def read(*pages: list[Words], title: str | None = None) -> Parsed:
    return parser.parse(pdf(pages, title=title)).tidied()


def test_wrapped_lines_are_joined_and_divided_words_made_whole() -> None:
    lines = ["The machine is ready fourteen minutes after being swit-", "ched on, and it stays", "ready."]
    assert read(paragraph(lines, 700)).text == (
        "The machine is ready fourteen minutes after being switched on, and it stays ready."
    )


def test_a_gap_or_a_bullet_begins_a_paragraph() -> None:
    first, second = paragraph(["One line of text", "and its second"], 700), paragraph(["Another."], 660)
    items = paragraph(["• first thing", "• second thing"], 640)
    assert read(first + second + items).text == (
        "One line of text and its second\n\nAnother.\n\n- first thing\n\n- second thing"
    )


def test_headings_are_found_by_size_weight_and_number() -> None:
    page = [
        Words(50, 800, "User manual", 24),
        *paragraph(["Thank you for choosing it."], 770),
        Words(50, 740, "3 Cleaning", 16),
        Words(50, 720, "3.2 Descaling", 12, bold=True),
        *paragraph(["Every two months, with one litre", "of water."], 700),
    ]
    assert read(page).text == (
        "# User manual\n\nThank you for choosing it.\n\n## 3 Cleaning\n\n### 3.2 Descaling\n\n"
        "Every two months, with one litre of water."
    )


def test_a_table_of_contents_is_dropped() -> None:
    contents = [Words(50, 800, "Contents", 16), *paragraph(["1 Cleaning . . . . 7", "2 Moving . . . . 9"], 770)]
    body = [Words(50, 800, "1 Cleaning", 16), *paragraph(["Daily."], 770), Words(50, 740, "2 Moving", 16)]
    assert read(contents, [*body, *paragraph(["Never."], 700)]).text == (
        "# Contents\n\n## 1 Cleaning\n\nDaily.\n\n## 2 Moving\n\nNever."
    )


def test_columns_become_a_table_and_wrapped_cells_stay_in_their_row() -> None:
    rows = [
        ("Code", "Meaning", "What to do"),
        ("E01", "tank empty", "fill it"),
        ("E02", "sensor", "call the workshop;"),
    ]
    cells = [
        Words(x, 700 - 15 * at, text)
        for at, row in enumerate(rows)
        for x, text in zip((50, 120, 250), row, strict=True)
    ]
    page = [*cells, Words(250, 658, "do not open it"), *paragraph(["After the table."], 620)]
    assert read(page).text == (
        "| Code | Meaning | What to do |\n| --- | --- | --- |\n| E01 | tank empty | fill it |\n"
        "| E02 | sensor | call the workshop; do not open it |\n\nAfter the table."
    )


def test_running_headers_footers_and_page_numbers_are_dropped() -> None:
    texts = ["The first page says one thing.", "The second one says another.", "The last says nothing."]
    pages = [
        [Words(50, 820, "Kestrel manual"), *paragraph([text], 600), Words(290, 20, f"Page {number} of 3")]
        for number, text in enumerate(texts, start=1)
    ]
    assert read(*pages).text == "\n\n".join(texts)


def test_a_sentence_runs_on_over_the_page() -> None:
    pages = [paragraph(["It is the end of the page but not the"], 60), paragraph(["end of the sentence."], 800)]
    assert read(*pages).text == "It is the end of the page but not the end of the sentence."


@pytest.mark.parametrize(
    ("named", "expected"),
    [("Price list", "Price list"), ("Microsoft Word - a.doc", "Largest line"), (None, "Largest line")],
)
def test_the_title_is_the_named_one_unless_a_program_named_it(named: str | None, expected: str) -> None:
    page = [Words(50, 800, "Largest line", 20), *paragraph(["Text below it, more than the title."], 770)]
    assert read(page, title=named).title == expected


def test_a_password_is_asked_for_only_where_reading_needs_it() -> None:
    page = [paragraph(["Secret text."], 700)]
    with pytest.raises(UnreadableDocumentError, match="needs a password"):
        parser.parse(pdf(page, password="secret"))
    assert parser.parse(pdf(page, password="")).text == "Secret text."  # protected against changes only


def test_pages_without_text_are_refused_as_scanned() -> None:
    with pytest.raises(UnreadableDocumentError, match="holds no text"):
        parser.parse(pdf([[], []]))


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"no pdf at all", pdf([paragraph(["x"], 700)])[:300]])
def test_a_broken_file_is_refused_as_malformed(data: bytes) -> None:
    with pytest.raises(UnreadableDocumentError, match="malformed"):
        parser.parse(data)


def test_a_real_manual_keeps_its_table_of_error_codes() -> None:
    manual = Path(__file__).parents[3] / "datasets" / "kestrel" / "pages" / "manuals" / "osprey-manual.pdf"
    page = parser.parse(manual.read_bytes()).tidied()
    assert page.title == "Kestrel Osprey user manual"
    assert (
        "| E06 | pump ran dry for more than 60 seconds | let it cool for 15 minutes, fill the tank, vent the pump |"
        in page.text
    )
    assert "### 10.3 What you need" in page.text


def test_the_outline_of_a_real_document_gives_its_headings() -> None:
    data = (real_data("odd-docs") / "pypdf-samples" / "pdflatex-outline.pdf").read_bytes()
    headings = [line for line in parser.parse(data).text.split("\n") if line.startswith("#")]
    assert headings[1:4] == ["## 1 Foo", "## 2 Bar", "## 3 Baz"]
