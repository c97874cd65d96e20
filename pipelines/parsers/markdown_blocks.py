"""Cuts Markdown into its blocks: headings of both kinds, fences, tables, rules, raw HTML and text.

Line by line, in one pass; a list is text, its bullets are for the parser to normalise. Changes no words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*")
_FENCE = re.compile(r"((?:> ?)*\s*(?:(?:[-+*]|\d{1,9}[.)])\s+)?)(`{3,}|~{3,})\s*([^\s`{]*)[^`]*")
_FENCE_END = re.compile(r"\s*(`{3,}|~{3,})\s*([\w+#.-]*)\s*(.*)")
_UNDERLINE = re.compile(r" {0,3}(=+|-{3,})\s*")
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}")
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_RAW_HTML = re.compile(r"\s*<(?:(table|pre|script|style|ul|ol|dl|h[1-6])\b|!--)", re.IGNORECASE)
_LIST_ITEM = re.compile(r"\s*(?:[-+*]|\d{1,9}[.)])\s")
_QUOTE = re.compile(r"\s*>")
_INDENTED = re.compile(r" {4}|\t")
_LONGEST_UNDERLINED = 200  # a longer paragraph over a line of dashes is no heading


class Kind(Enum):
    """What a block is."""

    HEADING = auto()  # one line, the heading's words
    CODE = auto()  # the lines between the fences; `info` is the language
    TABLE = auto()
    HTML = auto()
    TEXT = auto()


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of a block; `level` is that of a heading."""

    kind: Kind
    lines: tuple[str, ...]
    level: int = 0
    info: str = ""


class _Cutter:
    """One pass over the lines of a page; `text` holds the lines of the block that is not ended yet."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = list(lines)
        self.text: list[str] = []
        self.in_list = False

    def blocks(self) -> Iterator[Block]:
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            found = self._special(at) if line and not line.isspace() else (None, at + 1)
            if found is None:
                self.text.append(line)
                at += 1
                continue
            block, at = found
            yield from self._end_text()
            if block:
                yield block
        yield from self._end_text()

    def _end_text(self) -> Iterator[Block]:
        """The pending lines: text, or code where they are indented and stand in no list."""
        if not self.text:
            return
        lines, self.text = tuple(self.text), []
        indented = all(map(_INDENTED.match, lines))
        if indented and not self.in_list:
            yield Block(Kind.CODE, tuple(line[4:] if line[0] == " " else line[1:] for line in lines))
            return
        self.in_list = any(map(is_list_item, lines)) or (self.in_list and lines[0][0].isspace())
        yield Block(Kind.TEXT, lines)

    def _special(self, at: int) -> tuple[Block | None, int] | None:
        """The block other than text that begins at a line, and the line after it."""
        line = self.lines[at]
        first = line.lstrip(" \t>")[:1]
        if first == "#":
            return self._heading(at)
        if ("```" in line or "~~~" in line) and (code := self._code(at)):
            return code
        if first == "<":
            return self._html(at)
        if first in ("=", "-", "*", "_") and (found := self._underline_or_rule(at)):
            return found
        return self._table(at) if "|" in line else None

    def _heading(self, at: int) -> tuple[Block, int] | None:
        match = _HEADING.fullmatch(self.lines[at])
        if match is None:
            return None
        self.in_list = False
        return Block(Kind.HEADING, (match[2] or "",), len(match[1])), at + 1

    def _underline_or_rule(self, at: int) -> tuple[Block | None, int] | None:
        line = self.lines[at]
        underline = _UNDERLINE.fullmatch(line)
        if underline and self.text and not any(map(_starts_container, self.text)):
            words = " ".join(text.strip() for text in self.text)
            if len(words) <= _LONGEST_UNDERLINED:
                self.text, self.in_list = [], False
                return Block(Kind.HEADING, (words,), 1 if underline[1][0] == "=" else 2), at + 1
        return (None, at + 1) if _RULE.fullmatch(line) else None

    def _code(self, at: int) -> tuple[Block, int] | None:
        """A fence up to its end; one that never ends is text, lest it swallow the headings after it."""
        start = _FENCE.fullmatch(self.lines[at])
        if not start:
            return None
        prefix, marker, info = start.groups()
        for end in range(at + 1, len(self.lines)):
            rest = _after_fence(self.lines[end][len(prefix.rstrip()) :], marker)
            if rest is not None:
                code = tuple(_without_prefix(line, prefix) for line in self.lines[at + 1 : end])
                self.lines[end] = rest
                return Block(Kind.CODE, code, info=info), end if rest else end + 1
        return None

    def _html(self, at: int) -> tuple[Block, int] | None:
        """Raw HTML whose structure matters, up to its closing tag; other tags are left within text."""
        start = _RAW_HTML.match(self.lines[at])
        if not start:
            return None
        closing = f"</{start[1].lower()}>" if start[1] else "-->"
        for end in range(at, len(self.lines)):
            if closing in self.lines[end].lower():
                return Block(Kind.HTML, tuple(self.lines[at : end + 1])), end + 1
        return None

    def _table(self, at: int) -> tuple[Block, int] | None:
        rule = self.lines[at + 1] if at + 1 < len(self.lines) else ""
        if "-" not in rule or "|" not in rule + self.lines[at] or not _TABLE_RULE.fullmatch(rule):
            return None
        end = at + 2
        while end < len(self.lines) and "|" in self.lines[end]:
            end += 1
        return Block(Kind.TABLE, tuple(self.lines[at:end])), end


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a page in order, without blank lines and horizontal rules."""
    return _Cutter(text.split("\n")).blocks()


def is_list_item(line: str) -> bool:
    """Whether a line begins with a bullet or a number."""
    return _LIST_ITEM.match(line) is not None


def _starts_container(line: str) -> bool:
    return is_list_item(line) or _QUOTE.match(line) is not None


def _after_fence(line: str, marker: str) -> str | None:
    """What follows on the line that ends a fence ("" as a rule); None for a line of code.

    Converters leave anchors and even sentences behind a closing fence; a single word there opens another.
    """
    end = _FENCE_END.fullmatch(line)
    if end is None or not end[1].startswith(marker) or (end[2] and not end[3]):
        return None
    return f"{end[2]} {end[3]}".strip()


def _without_prefix(line: str, prefix: str) -> str:
    """A line of code without the quote marks or the indentation of its fence, as far as it has them."""
    if ">" in prefix:
        line = re.sub(r"(?:\s*> ?)+", "", line, count=1)
    indentation = len(line) - len(line.lstrip())
    return line[min(indentation, len(prefix.replace("> ", "").replace(">", ""))) :]
