"""CSV and TSV: a row is found by what it says."""

from __future__ import annotations

import pytest

from core.errors import UnreadableDocumentError
from pipelines.parsers import delimited, emit


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_rows_say_their_headers_under_the_name_of_the_row(mark: str) -> None:
    rows = (("Item", "Price", "Note"), ("Merlin", "£489", f'"single{mark} brass"'), ("Harrier", "£1290", ""))
    text = "\n".join(mark.join(row) for row in rows)
    note = " ".join(f"single{mark} brass".split())
    assert delimited.parse(text.encode()).text == emit.document(
        ("## Merlin", f"Item: Merlin; Price: £489; Note: {note}", "## Harrier", "Item: Harrier; Price: £1290")
    )


def test_rows_that_share_their_first_cell_have_no_heading() -> None:
    assert delimited.parse(b"day,time\nMon,9\nMon,14").text == "day: Mon; time: 9\n\nday: Mon; time: 14"


def test_a_table_without_a_header_is_values_only() -> None:
    assert delimited.parse(b"2023,919\n2022,635").text == "## 2023\n\n2023; 919\n\n## 2022\n\n2022; 635"


def test_long_rows_have_a_line_per_value() -> None:
    question, answer = "Do you deliver?", "Yes. " * 100
    text = delimited.parse(f'question,answer\n"{question}","{answer}"\n'.encode()).text
    assert text == f"## {question}\n\nquestion: {question}\nanswer: {answer.strip()}"


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(UnreadableDocumentError, match="more than 20,000 rows"):
        delimited.parse(b"a,b\n" + b"1,2\n" * 20_001)
