"""Cuts a document into chunks: by heading, then by tokens of the embedding model, with overlap.

Tables and code blocks stay whole where they fit; a table that does not fit repeats its header in every piece.
Pure functions over text and token offsets: knows no model, no store and no Ray.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby, pairwise

from core.embedder import Tokenizer
from core.records import Chunk, Document
from pipelines.markdown import Block, BlockKind, Section, sections

_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n")
_LINE_END = re.compile(r"\n")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A span of the document that is never cut further; `prefix` is repeated before it (a table's header)."""

    start: int
    end: int
    tokens: int
    prefix: str = ""
    prefix_tokens: int = 0


class _Ruler:
    """Counts the tokens of any span of one text, which is tokenized once."""

    def __init__(self, text: str, tokenizer: Tokenizer) -> None:
        self.text = text
        self._starts = [start for start, _ in tokenizer.offsets(text)]

    def tokens(self, start: int, end: int) -> int:
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)

    def cut(self, start: int, end: int, tokens: int) -> Iterator[tuple[int, int]]:
        """The span in pieces of at most `tokens` tokens, cut at token borders: the last resort."""
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        borders = [start, *self._starts[first + tokens : last : tokens], end]
        yield from pairwise(borders)


def chunk(document: Document, tokenizer: Tokenizer, *, tokens: int, overlap: int) -> list[Chunk]:
    """The document's chunks in reading order, none longer than `tokens` tokens or than the model takes."""
    ruler = _Ruler(document.text, tokenizer)
    chunks: list[Chunk] = []
    for section in sections(document.text):
        heading = _heading(section, document.title)
        title_tokens = len(tokenizer.offsets(embedded_text(document.title, heading, "")))
        limit = max(16, min(tokens, tokenizer.max_tokens - title_tokens))
        for text, size in _section_texts(ruler, section, limit, min(overlap, limit // 2)):
            chunks.append(_chunk(document, heading, len(chunks), text, size))
    return chunks


def embedded_text(title: str, heading: str, text: str) -> str:
    """What is embedded and searched for a chunk: a passage is found by where it stands as well as what it says."""
    return "\n".join(part for part in (title, heading, text) if part)


def _heading(section: Section, title: str) -> str:
    path = section.headings[1:] if section.headings[:1] == (title,) else section.headings
    return " > ".join(path)


def _chunk(document: Document, heading: str, position: int, text: str, tokens: int) -> Chunk:
    return Chunk(
        id=f"{document.id}-{position}",
        document=document.id,
        path=document.path,
        title=document.title,
        url=document.url,
        heading=heading,
        position=position,
        text=text,
        tokens=tokens,
        sha256=sha256(embedded_text(document.title, heading, text).encode()).hexdigest(),
    )


def _section_texts(ruler: _Ruler, section: Section, limit: int, overlap: int) -> Iterator[tuple[str, int]]:
    """Text and token count of each chunk of a section."""
    pieces = [piece for block in section.blocks for piece in _pieces(ruler, block, limit)]
    for group in _pack(pieces, limit, overlap):
        yield _join(ruler.text, group), _size(group)


def _pieces(ruler: _Ruler, block: Block, limit: int) -> Iterator[_Piece]:
    """A block whole where it fits; else by sentence, line or row; else by tokens."""
    size = ruler.tokens(block.start, block.end)
    if size <= limit and block.kind is not BlockKind.TEXT:
        yield _Piece(block.start, block.end, size)
    elif block.kind is BlockKind.TABLE:
        yield from _rows(ruler, block, limit)
    else:
        border = _LINE_END if block.kind is BlockKind.CODE else _SENTENCE_END
        yield from _cut(ruler, block.start, block.end, border, limit)


def _rows(ruler: _Ruler, table: Block, limit: int) -> Iterator[_Piece]:
    """The rows of a table too long for one chunk, each carrying the header unless that alone fills half of it."""
    rule_start = ruler.text.index("\n", table.start) + 1
    body = ruler.text.find("\n", rule_start, table.end) + 1 or table.end
    header_tokens = ruler.tokens(table.start, body)
    if header_tokens > limit // 2:
        yield from _cut(ruler, table.start, table.end, _LINE_END, limit)
        return
    for row in _cut(ruler, body, table.end, _LINE_END, limit - header_tokens):
        yield _Piece(row.start, row.end, row.tokens, ruler.text[table.start : body], header_tokens)


def _cut(ruler: _Ruler, start: int, end: int, border: re.Pattern[str], limit: int) -> Iterator[_Piece]:
    stops = [match.end() for match in border.finditer(ruler.text, start, end)]
    for left, right in zip([start, *stops], [*stops, end], strict=True):
        size = ruler.tokens(left, right)
        if size > limit:
            yield from (_Piece(a, b, ruler.tokens(a, b)) for a, b in ruler.cut(left, right, limit))
        elif size:
            yield _Piece(left, right, size)


def _pack(pieces: Sequence[_Piece], limit: int, overlap: int) -> Iterator[list[_Piece]]:
    """Fills chunks piece by piece; each starts with the last pieces of the one before, up to `overlap` tokens."""
    group: list[_Piece] = []
    for piece in pieces:
        if group and _size([*group, piece]) > limit:
            yield group
            group = _tail(group, min(overlap, limit - _size([piece])))
        group.append(piece)
    if group:
        yield group


def _tail(group: Sequence[_Piece], overlap: int) -> list[_Piece]:
    tail: list[_Piece] = []
    for piece in reversed(group[1:]):  # a chunk never holds the whole one before it
        if _size([piece, *tail]) > overlap:
            break
        tail.insert(0, piece)
    return tail


def _runs(group: Sequence[_Piece]) -> list[list[_Piece]]:
    """The group in runs of equal prefix: each run is one contiguous span behind one prefix."""
    return [list(run) for _, run in groupby(group, key=lambda piece: piece.prefix)]


def _size(group: Sequence[_Piece]) -> int:
    return sum(run[0].prefix_tokens + sum(piece.tokens for piece in run) for run in _runs(group))


def _join(text: str, group: Sequence[_Piece]) -> str:
    spans = (run[0].prefix + text[run[0].start : run[-1].end] for run in _runs(group))
    return "\n\n".join(span.strip("\n") for span in spans).strip()
