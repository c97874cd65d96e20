"""Reads the outline of Markdown: which heading path a line stands under, and which lines belong together.

Knows ATX headings, fences, tables and blank lines; the parsers emit nothing else. Knows no tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")


class BlockKind(Enum):
    """What a block is, as far as splitting it is concerned."""

    TEXT = auto()
    TABLE = auto()
    CODE = auto()


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together, as the span [start, end) of characters."""

    kind: BlockKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading; `headings` is the path to it, outermost first."""

    headings: tuple[str, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int  # without the line break
    text: str


def sections(text: str) -> Iterator[Section]:
    """The sections of a document in reading order, those without any block left out."""
    path: list[tuple[int, str]] = []
    lines: list[_Line] = []
    fence = ""
    for line in _lines(text):
        fence, inside = _fence_after(line.text, fence), bool(fence)
        heading = None if inside or fence else _HEADING.match(line.text)
        if heading is None:
            lines.append(line)
            continue
        yield from _section(path, lines)
        level = len(heading[1])
        path = [step for step in path if step[0] < level] + [(level, heading[2])]
        lines = []
    yield from _section(path, lines)


def _section(path: list[tuple[int, str]], lines: list[_Line]) -> Iterator[Section]:
    blocks = tuple(_blocks(lines))
    if blocks:
        yield Section(tuple(title for _, title in path), blocks)


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for raw in text.split("\n"):
        yield _Line(start, start + len(raw), raw)
        start += len(raw) + 1


def _fence_after(line: str, fence: str) -> str:
    """The fence that is open after this line, "" for none."""
    marker = _FENCE.match(line)
    if marker is None:
        return fence
    if not fence:
        return marker[1]
    closes = marker[1].startswith(fence) and line.strip() == marker[1]
    return "" if closes else fence


def _blocks(lines: list[_Line]) -> Iterator[Block]:
    group: list[_Line] = []
    fence = ""
    for line in lines:
        opened, fence = fence, _fence_after(line.text, fence)
        if fence and not opened:
            yield from _block(group)
            group = []
        if line.text.strip() or opened or fence:
            group.append(line)
        closed_fence = opened and not fence
        if closed_fence or not (line.text.strip() or fence):
            yield from _block(group)
            group = []
    yield from _block(group)


def _block(group: list[_Line]) -> Iterator[Block]:
    if group:
        yield Block(_kind(group), group[0].start, group[-1].end)


def _kind(group: list[_Line]) -> BlockKind:
    if _FENCE.match(group[0].text):
        return BlockKind.CODE
    if len(group) > 1 and "|" in group[0].text and _TABLE_RULE.match(group[1].text):
        return BlockKind.TABLE
    return BlockKind.TEXT
