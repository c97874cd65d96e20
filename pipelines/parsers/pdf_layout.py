"""Lines of a PDF to Markdown: headings by font, number and outline, tables by columns, paragraphs by gaps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from pipelines.parsers import emit
from pipelines.parsers.pdf_lines import Line
from pipelines.parsers.pdf_tables import end_of_table, rows

_NUMBER = re.compile(
    r"(?:(?:chapter|section|part|appendix)\s+)?((?:\d+|[A-Z])(?:\.\d+){0,4})\.?\s+(?=[^\W\d])", re.IGNORECASE
)
_BULLET = re.compile(r"[•◦▪●○■‣∙·–—*\uf0b7\uf0a7-]\s+(?=\S)")
_ITEM = re.compile(r"(?:-|\d{1,3}[.)]|[a-z][.)]|\([a-z\d]{1,3}\))\s")
_PAGE_NUMBER = re.compile(r"[\s.·…]*\d+$")
_SENTENCE_END = (".", "!", "?", ":", ";", "”", '"')

_LARGER = 1.12  # times the size of the running text, above which a line is a heading
_GAP = 1.15  # times the usual distance of lines, above which a paragraph begins
_SHORT = 0.6  # of a full line; a sentence that ends there ends its paragraph
_INDENT = 0.8  # em by which the first line of a paragraph may be moved to the right
_LONGEST_HEADING = 120
_DEEPEST_STYLE = 4  # levels told apart by font alone


class Layout:
    """What all the lines of a document say together: its running text, its heading styles, its line distance."""

    def __init__(self, lines: Sequence[Line], outline: Mapping[str, int]) -> None:
        self.lines = lines
        self._outline = outline
        self._body = _body_style(lines)
        self._full = sorted(len(line.text) for line in lines)[int(len(lines) * 0.9)] if lines else 0
        gaps = Counter(round(upper.y - lower.y, 1) for upper, lower in pairwise(lines) if _follows(upper, lower))
        self._distance = gaps.most_common(1)[0][0] if gaps else 1.2 * self._body[0]
        styled = {(line.size, line.bold) for line in lines if self._is_styled(line)}
        self._styles = sorted(styled, reverse=True)
        self._titles = {_key(line.text) for line in lines if self.level(line) is not None}

    def level(self, line: Line) -> int | None:
        """The level of a heading: by the outline, its number, else the rank of its font; None for text."""
        if len(line.cells) > 1 and not _NUMBER.match(line.text):
            return None
        depth = self._outline.get(_key(line.text))
        if depth is not None:
            return depth + 1
        number = _NUMBER.match(line.text)
        if not (self._is_styled(line) or (number and self._is_unstyled_heading(line))):
            return None
        if number:
            return number[1].count(".") + 2
        return min(self._styles.index((line.size, line.bold)) + 1, _DEEPEST_STYLE)

    def is_contents(self, line: Line) -> bool:
        """Whether a line repeats a heading, as a table of contents does, with or without its page."""
        bare = _key(_PAGE_NUMBER.sub("", line.text))
        if self.level(line) is None:
            return _key(line.text) in self._titles or (bare in self._titles and bare != _key(line.text))
        return bare in self._titles and bare != _key(line.text)

    def begins_paragraph(self, line: Line, before: Line) -> bool:
        """Whether a line of text does not carry on the line before it."""
        if _ITEM.match(_bulleted(line.text)) or line.size != before.size:
            return True
        ended = before.text.endswith(_SENTENCE_END)
        if line.page != before.page or line.y > before.y:  # the next page or column
            return ended or not line.text[:1].islower()
        if before.y - line.y > _GAP * self._distance:
            return True
        short = len(before.text) < _SHORT * self._full
        indented = line.x - before.x > _INDENT * line.size
        return ended and (short or indented)

    def _is_styled(self, line: Line) -> bool:
        size, bold = self._body
        larger = line.size >= size * _LARGER
        bolder = line.bold and not bold and line.size >= size * 0.95
        return (larger or bolder) and _could_be_heading(line.text)

    def _is_unstyled_heading(self, line: Line) -> bool:
        """A numbered line in a document of one font, which has nothing else to mark its headings by."""
        return not self._styles and "." in line.text[:6] and len(line.text) < 80 and _could_be_heading(line.text)


def to_markdown(layout: Layout) -> str:
    """The whole document."""
    return emit.document(_blocks(layout))


def _blocks(layout: Layout) -> Iterator[str]:
    lines = [line for line in layout.lines if not layout.is_contents(line)]
    at = 0
    while at < len(lines):
        line = lines[at]
        level = layout.level(line)
        if level is not None:
            end = _end_of_heading(layout, lines, at)
            yield emit.heading(level, _joined(lines[at:end]))
        else:
            end = end_of_table(lines, at)
            if end - at > 1:
                yield emit.table(rows(lines[at:end]))
            else:
                end = _end_of_paragraph(layout, lines, at)
                yield emit.plain(_joined(lines[at:end]))
        at = end


def _end_of_heading(layout: Layout, lines: Sequence[Line], at: int) -> int:
    """Past the lines that a long heading wraps into."""
    end = at + 1
    while end < len(lines) and layout.level(lines[end]) is not None and _wraps(lines[end - 1], lines[end]):
        end += 1
    return end


def _wraps(upper: Line, lower: Line) -> bool:
    """Whether a heading goes on in the next line: close below, in the same font, with no number of its own."""
    same_font = (upper.size, upper.bold, upper.page) == (lower.size, lower.bold, lower.page)
    return same_font and 0 < upper.y - lower.y < 1.5 * upper.size and not _NUMBER.match(lower.text)


def _end_of_paragraph(layout: Layout, lines: Sequence[Line], at: int) -> int:
    end = at + 1
    while end < len(lines) and _carries_on(layout, lines, end):
        end += 1
    return end


def _carries_on(layout: Layout, lines: Sequence[Line], at: int) -> bool:
    begins_other = layout.level(lines[at]) is not None or end_of_table(lines, at) > at + 1
    return not begins_other and not layout.begins_paragraph(lines[at], lines[at - 1])


def _joined(lines: Sequence[Line]) -> str:
    """Wrapped lines as one, words that were divided at a line's end made whole."""
    text = _bulleted(lines[0].text)
    for line in lines[1:]:
        divided = re.search(r"[^\W\d]-$|\u00ad$", text) is not None and line.text[:1].islower()
        text = text[:-1] + line.text if divided else f"{text} {line.text}"
    return text


def _bulleted(text: str) -> str:
    return _BULLET.sub("- ", text, count=1) if _BULLET.match(text) else text


def _could_be_heading(text: str) -> bool:
    return 2 < len(text) <= _LONGEST_HEADING and any(map(str.isalpha, text)) and not text.endswith((".", ",", ";"))


def _follows(upper: Line, lower: Line) -> bool:
    return upper.page == lower.page and upper.size == lower.size and upper.y > lower.y


def _key(text: str) -> str:
    return "".join(text.split()).casefold()


def _body_style(lines: Sequence[Line]) -> tuple[float, bool]:
    """Size and weight of most of the text."""
    letters: Counter[tuple[float, bool]] = Counter()
    for line in lines:
        letters[line.size, line.bold] += len(line.text)
    return letters.most_common(1)[0][0] if letters else (0.0, False)
