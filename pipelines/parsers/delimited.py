"""CSV and TSV to Markdown: every row a line of `Header: value` pairs, so that a row is found by what it says.

Where the first column names the rows, each stands under its name as a heading.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from core.errors import UnreadableDocumentError
from pipelines.parsers import emit
from pipelines.parsers.encoding import decode
from pipelines.parsers.parsed import Parsed

MOST_ROWS = 20_000
_SAMPLE = 16 * 1024
_LONGEST_LINE = 400  # longer rows have a line per value
_LONGEST_NAME = 120
_LONGEST_FIELD = 1_000_000


def parse(data: bytes) -> Parsed:
    """A table whose first row is its header, unless that row holds numbers or gaps."""
    rows = _rows(decode(data))
    if not rows:
        return Parsed("", "")
    header, body = _split_header(rows)
    named = _first_column_names(body)
    return Parsed("", emit.document(block for row in body for block in _row_blocks(header, row, named)))


def _rows(text: str) -> list[list[str]]:
    csv.field_size_limit(_LONGEST_FIELD)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)):
            cells = [" ".join(cell.split()) for cell in row]
            if any(cells):
                rows.append(cells)
            if len(rows) > MOST_ROWS:
                raise UnreadableDocumentError(f"holds more than {MOST_ROWS:,} rows; split it, or leave it out")
    except csv.Error as error:
        raise UnreadableDocumentError(f"is malformed: {error}") from error
    return rows


def _delimiter(text: str) -> str:
    """The separator that the header holds most of, the first lines deciding a tie; a comma for one column."""
    lines = [line for line in text[:_SAMPLE].split("\n")[:20] if line.strip()]
    return max(",\t;|", key=lambda mark: (lines[0].count(mark) if lines else 0, "".join(lines).count(mark)))


def _split_header(rows: Sequence[list[str]]) -> tuple[list[str], Sequence[list[str]]]:
    first = rows[0]
    if len(rows) > 1 and all(first) and not any(map(_is_number, first)):
        return first, rows[1:]
    return [""] * max(map(len, rows)), rows


def _is_number(cell: str) -> bool:
    return cell.strip("£$€%+- ").replace(",", "").replace(".", "").isdigit()


def _first_column_names(rows: Sequence[list[str]]) -> bool:
    names = [row[0] for row in rows]
    return len(set(names)) == len(names) and all(0 < len(name) <= _LONGEST_NAME for name in names)


def _row_blocks(header: Sequence[str], row: Sequence[str], named: bool) -> Iterator[str]:
    if named:
        yield emit.heading(2, row[0])
    pairs = list(_pairs(header, row))
    line = "; ".join(pairs)
    yield emit.plain(line if len(line) <= _LONGEST_LINE else "\n".join(pairs))


def _pairs(header: Sequence[str], row: Sequence[str]) -> Iterator[str]:
    for position, value in enumerate(row):
        name = header[position] if position < len(header) else ""
        if value:
            yield f"{name}: {value}" if name else value
