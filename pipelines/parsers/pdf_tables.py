"""Finds tables among the lines of a PDF by the white between their columns, and puts cells into rows."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.parsers.pdf_lines import Cell, Line

_TOUCH = 0.5  # em that two cells of one column may stand apart


def end_of_table(lines: Sequence[Line], at: int) -> int:
    """The end of the table that begins at a line; `at + 1` where none does."""
    end = at + 1
    if len(lines[at].cells) < 2:
        return end
    widest = lines[at]
    while end < len(lines) and (_is_row(lines[end], lines[end - 1]) or _carries_on(lines[end], widest)):
        widest = max(widest, lines[end], key=lambda line: len(line.cells))
        end += 1
    return end


def rows(lines: Sequence[Line]) -> list[list[str]]:
    """The cells of a table; a line with nothing in the first column belongs to the row above it."""
    columns = _columns(lines)
    table: list[list[str]] = []
    for line in lines:
        row = [""] * len(columns)
        whole = len(line.cells) == len(columns)
        for position, cell in enumerate(line.cells):
            column = position if whole else _nearest(cell, columns)
            row[column] = f"{row[column]} {cell.text}".strip()
        if row[0] or not table:
            table.append(row)
        else:
            table[-1] = [f"{above} {below}".strip() for above, below in zip(table[-1], row, strict=True)]
    return table


def _is_row(line: Line, above: Line) -> bool:
    few, many = sorted((line, above), key=lambda row: len(row.cells))
    if len(few.cells) < 2:
        return len(few.cells) == 1 and few is above  # the row after one that was carried on
    if len(few.cells) == len(many.cells) > 2:
        return True
    return all(any(_distance(cell, other) < _TOUCH * line.size for other in many.cells) for cell in few.cells)


def _carries_on(line: Line, widest: Line) -> bool:
    """Whether all that a line holds begins where a column other than the first does."""
    starts = [cell.x for cell in widest.cells[1:]]
    return all(any(abs(cell.x - start) < _TOUCH * line.size for start in starts) for cell in line.cells)


def _columns(lines: Sequence[Line]) -> list[Cell]:
    """Where each column lies: the span of its cells in all rows that have every one."""
    count = max(len(line.cells) for line in lines)
    whole = [line.cells for line in lines if len(line.cells) == count]
    return [
        Cell(min(cell.x for cell in column), max(cell.end for cell in column), "")
        for column in zip(*whole, strict=True)
    ]


def _nearest(cell: Cell, columns: Sequence[Cell]) -> int:
    return min(range(len(columns)), key=lambda column: _distance(cell, columns[column]))


def _distance(cell: Cell, other: Cell) -> float:
    """The white between two spans; negative by as much as they overlap."""
    return max(cell.x, other.x) - min(cell.end, other.end)
