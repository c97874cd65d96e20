"""CSV and TSV: a row is found by what it says."""

from __future__ import annotations

import pytest

from core.errors import UnreadableDocumentError
from pipelines.parsers import delimited

PRICES = 'Item,Price,Note\nMerlin,£489,"single, brass"\nHarrier,£1290,\n'
EXPECTED = "## Merlin\n\nItem: Merlin; Price: £489; Note: single, brass\n\n## Harrier\n\nItem: Harrier; Price: £1290"


@pytest.mark.parametrize(
    "text",
    [
        PRICES,
        PRICES.replace(",£", ";£").replace("m,P", "m;P").replace("e,N", "e;N").replace(',"', ';"').replace("0,", "0;"),
        PRICES.replace("single, brass", "single- brass").replace(",", "\t").replace("single- ", "single, "),
    ],
)
def test_rows_say_their_headers_under_the_name_of_the_row(text: str) -> None:
    assert delimited.parse(text.encode()).text == EXPECTED


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
