"""Writes Markdown as the chunker reads it: ATX headings at the line's start, pipe tables, closed fences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_READS_AS_MARKUP = re.compile(r"^(?=#{1,6}[ \t]|[ \t]*(?:```|~~~))", re.MULTILINE)
_BARE_PIPE = re.compile(r"(?<!\\)\|")
_TICKS = re.compile(r"`{3,}")


def document(blocks: Iterable[str]) -> str:
    """The blocks with a blank line between them."""
    return "\n\n".join(block for block in blocks if block.strip())


def heading(level: int, text: str) -> str:
    """An ATX heading of level 1..6; "" where there is no text."""
    words = " ".join(text.split())
    return f"{'#' * min(max(level, 1), 6)} {words}" if words else ""


def plain(text: str) -> str:
    """Text whose lines must not be taken for headings or fences."""
    return _READS_AS_MARKUP.sub(r"\\", text)


def fenced(code: str, language: str = "") -> str:
    """A code block behind a fence longer than any inside it."""
    longest = max((len(ticks) for ticks in _TICKS.findall(code)), default=2)
    fence = "`" * (longest + 1)
    code = code.strip("\n")
    return f"{fence}{language}\n{code}\n{fence}" if code.strip() else ""


def table(rows: Sequence[Sequence[str]]) -> str:
    """A pipe table, the first row its header; rows that are short are filled up, empty ones left out."""
    filled = [[_cell(cell) for cell in row] for row in rows]
    filled = [row for row in filled if any(row)]
    if not filled:
        return ""
    width = max(map(len, filled))
    header, *body = (row + [""] * (width - len(row)) for row in filled)
    return "\n".join(_row(row) for row in (header, ["---"] * width, *body))


def _cell(text: str) -> str:
    return _BARE_PIPE.sub(r"\\|", " ".join(text.split()))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
