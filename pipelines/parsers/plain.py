"""Plain text to Markdown: underlined and capital lines become headings. Knows no other structure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.parsers import emit
from pipelines.parsers.encoding import decode
from pipelines.parsers.parsed import Parsed

_UNDERLINE = re.compile(r"\s*(={3,}|-{3,}|~{3,}|\*{3,})\s*")
_LONGEST_HEADING = 80


def parse(data: bytes) -> Parsed:
    """A first paragraph of one short line is the title; else the file has none."""
    blocks = list(_blocks(decode(data)))
    title = blocks[0].lstrip("# ") if blocks and _is_title(blocks[0]) else ""
    if title:
        blocks[0] = emit.heading(1, title)
    return Parsed(title, emit.document(blocks))


def _is_title(block: str) -> bool:
    return block.startswith(("# ", "## ")) or ("\n" not in block and _fits_heading(block))


def _blocks(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        lines = [line.rstrip() for line in paragraph.expandtabs(4).split("\n")]
        yield from _paragraph(lines)


def _paragraph(lines: list[str]) -> Iterator[str]:
    if len(lines) > 1 and _UNDERLINE.fullmatch(lines[1]) and _fits_heading(lines[0]):
        yield emit.heading(1 if lines[1].strip()[0] == "=" else 2, lines[0])
        lines = lines[2:]
    elif len(lines) == 1 and _fits_heading(lines[0]) and lines[0].isupper() and len(lines[0].strip()) > 3:
        yield emit.heading(2, lines[0])
        lines = []
    yield emit.plain("\n".join(line for line in lines if not _UNDERLINE.fullmatch(line)))


def _fits_heading(line: str) -> bool:
    words = line.strip()
    return 0 < len(words) <= _LONGEST_HEADING and not words.endswith((".", ",", ";", ":"))
