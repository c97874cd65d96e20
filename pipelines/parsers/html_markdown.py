"""An HTML tree to Markdown: headings, lists, tables, code and details kept. Knows no boilerplate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import html

from pipelines.parsers import emit

Element = Any  # lxml brings no types

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer "  # noqa: SIM905
    "form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section summary table tbody td tfoot th thead tr "
    "ul".split()
)
_UNSEEN = frozenset("head script style noscript template svg math iframe canvas video audio object".split())  # noqa: SIM905
_CODE = frozenset({"code", "kbd", "samp", "tt"})
_STRUCTURED = frozenset({"table", "pre", "blockquote", "details", "dl", *_HEADINGS})
_PERMALINKS = frozenset({"#", "¶", "§"})
_LANGUAGE = re.compile(r"(?:language|lang|highlight-source|brush)[-:]\s*([\w+#-]+)")


def fragment_to_markdown(text: str) -> str:
    """A piece of HTML, such as a table inside a Markdown page."""
    return tree_to_markdown(html.fragment_fromstring(text, create_parent="div"))


def tree_to_markdown(root: Element) -> str:
    """All that a reader sees under an element."""
    return emit.document(_Writer().blocks(root))


class _Writer:
    """Walks a tree; knows the level of the last heading, below which the summaries of details stand."""

    def __init__(self) -> None:
        self.level = 0

    def blocks(self, parent: Element) -> Iterator[str]:
        """The blocks among an element's children, the inline runs between them as paragraphs."""
        run = [_text(parent.text)]
        for child in parent:
            if _is_block(child):
                yield emit.plain(_squeeze(run))
                run = []
                yield from self._block(child)
            else:
                run.append(_inline(child))
            run.append(_text(child.tail))
        yield emit.plain(_squeeze(run))

    def _block(self, element: Element) -> Iterator[str]:
        tag = element.tag
        if tag in _HEADINGS:
            yield self._heading(_HEADINGS[tag], element)
        elif tag in ("ul", "ol"):
            yield from self._list(element)
        elif tag == "table":
            yield from self._table(element)
        elif tag == "pre":
            yield emit.fenced(_code_text(element), _language(element))
        elif tag == "blockquote":
            quoted = emit.document(self.blocks(element))
            yield "\n".join(f"> {line}".rstrip() for line in quoted.split("\n")) if quoted else ""
        elif tag == "details":
            yield from self._details(element)
        elif tag == "dl":
            yield from self._definitions(element)
        else:
            yield from self.blocks(element)

    def _heading(self, level: int, element: Element) -> str:
        text = emit.heading(level, words(element))
        self.level = level if text else self.level
        return text

    def _details(self, element: Element) -> Iterator[str]:
        """A question that opens: its summary as a heading one level below the last."""
        summary = element.find("summary")
        level = self.level
        if summary is not None:
            yield emit.heading(level + 1, words(summary))
            summary.drop_tree()
            self.level = min(level + 1, 6)
        yield from self.blocks(element)
        self.level = level

    def _list(self, element: Element) -> Iterator[str]:
        """A list as lines, or as blocks where it only lays out cards with headings, tables or code."""
        if any(inner.tag in _STRUCTURED for inner in element.iter()):
            yield from self.blocks(element)
        else:
            yield "\n".join(_list_lines(element))

    def _definitions(self, element: Element) -> Iterator[str]:
        if any(inner.tag in _STRUCTURED - {"dl"} for inner in element.iter()):
            yield from self.blocks(element)
            return
        term = ""
        lines = []
        for child in element.iter("dt", "dd"):
            if child.tag == "dt":
                term = f"{term} / {words(child)}" if term else words(child)
            else:
                lines.append(f"- {term}: {words(child)}" if term else f"  {words(child)}")
                term = ""
        yield "\n".join(lines)

    def _table(self, element: Element) -> Iterator[str]:
        """A table of data as pipes under its caption; one that lays out a page, or has one cell, as blocks."""
        rows = [row for row in element.iter("tr") if _owner(row) is element]
        lays_out = element.get("role") in ("presentation", "none") or any(
            inner.tag in _STRUCTURED for row in rows for inner in row.iter()
        )
        if lays_out or sum(len(row) for row in rows) < 2:
            yield from self.blocks(element)
            return
        caption = element.find("caption")
        if caption is not None:
            yield emit.plain(words(caption))
        yield emit.table(list(_grid(rows)))


def words(element: Element) -> str:
    """An element's visible text on one line."""
    return " ".join(_inline_children(element).split())


def _is_block(element: Element) -> bool:
    if element.tag in _BLOCKS:
        return True
    return isinstance(element.tag, str) and any(inner.tag in _BLOCKS for inner in element.iter())


def _inline(element: Element) -> str:
    tag = element.tag
    if not isinstance(tag, str) or tag in _UNSEEN:  # a comment has a function for its tag
        return ""
    if tag == "br":
        return "\n"
    if tag == "img":
        return f" {_text(element.get('alt'))} "
    text = _inline_children(element)
    if tag == "a" and text.strip() in _PERMALINKS:
        return ""
    if tag in _CODE and text.strip() and "`" not in text:
        return f"`{text.strip()}`"
    return f" {text} " if tag in _BLOCKS else text


def _inline_children(element: Element) -> str:
    parts = [_text(element.text)]
    for child in element:
        parts += (_inline(child), _text(child.tail))
    return "".join(parts)


def _text(text: str | None) -> str:
    return re.sub(r"\s+", " ", text) if text else ""


def _squeeze(run: Iterable[str]) -> str:
    """Inline text with single spaces, its line breaks kept."""
    lines = (" ".join(line.split()) for line in "".join(run).split("\n"))
    return "\n".join(line for line in lines if line)


def _list_lines(element: Element, indent: str = "") -> Iterator[str]:
    start = element.get("start", "1")
    number = int(start) if start.isdecimal() else 1
    for item in element:
        if item.tag in ("ul", "ol"):  # a list right inside a list, as old editors write it
            yield from _list_lines(item, f"{indent}  ")
        if item.tag != "li":
            continue
        mark = f"{number}." if element.tag == "ol" else "-"
        number += 1
        inner = [child for child in item.iter("ul", "ol") if next(child.iterancestors("li")) is item]
        for child in inner:
            child.drop_tree()
        if text := words(item):
            yield f"{indent}{mark} {text}"
        for child in inner:
            yield from _list_lines(child, indent + " " * (len(mark) + 1))


def _owner(row: Element) -> Element:
    return next(row.iterancestors("table"))


def _grid(rows: Iterable[Element]) -> Iterator[list[str]]:
    """The cells; one that spans rows is repeated in each, so that every row says what applies to it."""
    pending: dict[int, tuple[int, str]] = {}  # column -> (rows it still spans, its text)
    for row in rows:
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        line: list[str] = []
        while cells or len(line) in pending:
            if len(line) in pending:
                left, text = pending.pop(len(line))
                if left > 1:
                    pending[len(line)] = (left - 1, text)
                line.append(text)
                continue
            cell = cells.pop(0)
            text, down = words(cell), _span(cell, "rowspan")
            for _ in range(_span(cell, "colspan")):
                if down > 1:
                    pending[len(line)] = (down - 1, text)
                line.append(text)
                text = text if cell.tag == "th" else ""
        yield line


def _span(cell: Element, name: str) -> int:
    value = cell.get(name, "1").strip()
    return min(max(int(value), 1), 50) if value.isdecimal() else 1


def _code_text(element: Element) -> str:
    for line_break in element.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    return str(element.text_content())


def _language(element: Element) -> str:
    names = " ".join(inner.get("class", "") for inner in element.iter() if isinstance(inner.tag, str))
    match = _LANGUAGE.search(names)
    return match[1] if match else ""
