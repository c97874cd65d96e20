"""What the styles and the numbering of a DOCX say of a paragraph: heading level, list mark, table of contents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from docx.document import Document
from docx.oxml.ns import qn

Element = Any  # lxml brings no types

_HEADING_NAME = re.compile(r"heading\s*(\d)", re.IGNORECASE)
_BULLET_STYLE = re.compile(r"list\s*bullet", re.IGNORECASE)
_NUMBER_STYLE = re.compile(r"list\s*number", re.IGNORECASE)


class Outline:
    """Looks a paragraph's style up through the styles it is based on; a missing style is none.

    Counts the items of numbered lists, so `list_mark` wants every paragraph once and in order.
    """

    def __init__(self, document: Document) -> None:
        self._styles = {style.get(qn("w:styleId")): style for style in _part(document, "styles", "w:style")}
        numbering = list(_part(document, "numbering", "w:abstractNum", "w:num"))
        self._formats = dict(_formats(numbering))
        self._counts: Counter[tuple[str, int]] = Counter()

    def level(self, paragraph: Element) -> int | None:
        """1..6 for a heading or the document's title, None for text."""
        outline = self._value(paragraph, "w:outlineLvl")
        if outline is not None and outline.isdecimal() and int(outline) < 9:
            return int(outline) + 1
        for name in self._style_names(paragraph):
            if name.lower() == "title":
                return 1
            if match := _HEADING_NAME.match(name):
                return int(match[1])
        return None

    def is_contents(self, paragraph: Element) -> bool:
        """Whether the paragraph is a line of a table of contents."""
        return any(
            name.lower().startswith(("toc ", "toc1", "table of figures")) for name in self._style_names(paragraph)
        )

    def list_mark(self, paragraph: Element) -> str | None:
        """The indented bullet or number that a list item begins with; None outside lists and for headings."""
        number, depth = self._value(paragraph, "w:numPr/w:numId"), self._value(paragraph, "w:numPr/w:ilvl")
        names = " ".join(self._style_names(paragraph))
        if self.level(paragraph) is not None or number == "0":
            return None
        if number is None and not (_BULLET_STYLE.search(names) or _NUMBER_STYLE.search(names)):
            return None
        level = int(depth) if depth and depth.isdecimal() else 0
        by_style = "decimal" if _NUMBER_STYLE.search(names) else "bullet"
        form = self._formats.get((number or "", level), by_style)
        return "  " * level + ("-" if form in ("bullet", "none") else f"{self._count(number or names, level)}.")

    def _count(self, number: str, level: int) -> int:
        for deeper in [key for key in self._counts if key[0] == number and key[1] > level]:
            del self._counts[deeper]
        self._counts[number, level] += 1
        return self._counts[number, level]

    def _value(self, paragraph: Element, path: str) -> str | None:
        """The value of a property of the paragraph, else of the nearest style that sets it."""
        steps = "/".join(map(qn, ["w:pPr", *path.split("/")]))
        for element in (paragraph, *self._style_chain(paragraph)):
            found = element.find(steps)
            if found is not None:
                return str(found.get(qn("w:val"), "")) or None
        return None

    def _style_names(self, paragraph: Element) -> Iterator[str]:
        style = _style_id(paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}"))
        if style and style not in self._styles:
            yield style  # a document without its styles part still says "Heading1"
        for element in self._style_chain(paragraph):
            name = element.find(qn("w:name"))
            yield "" if name is None else str(name.get(qn("w:val"), ""))

    def _style_chain(self, paragraph: Element) -> Iterator[Element]:
        style = self._styles.get(_style_id(paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")))
        for _ in range(10):  # styles may be based on each other in a circle
            if style is None:
                return
            yield style
            style = self._styles.get(_style_id(style.find(qn("w:basedOn"))))


def _style_id(reference: Element | None) -> str | None:
    return None if reference is None else reference.get(qn("w:val"))


def _part(document: Document, name: str, *tags: str) -> Iterator[Element]:
    """The elements of a part beside the document; none where the part is missing or broken."""
    for relation in document.part.rels.values():
        if relation.reltype.endswith(f"/{name}") and not relation.is_external:
            element = getattr(relation.target_part, "element", None)
            if element is not None:
                yield from element.iter(*map(qn, tags))


def _formats(numbering: list[Element]) -> Iterator[tuple[tuple[str, int], str]]:
    """(list, level) -> `bullet`, `decimal`, …"""
    abstract = {
        element.get(qn("w:abstractNumId")): element for element in numbering if element.tag == qn("w:abstractNum")
    }
    for element in numbering:
        reference = element.find(qn("w:abstractNumId")) if element.tag == qn("w:num") else None
        definition = None if reference is None else abstract.get(reference.get(qn("w:val")))
        for level in () if definition is None else definition.iter(qn("w:lvl")):
            form = level.find(qn("w:numFmt"))
            depth = level.get(qn("w:ilvl"), "0")
            if form is not None and depth.isdecimal():
                yield (element.get(qn("w:numId")), int(depth)), form.get(qn("w:val"), "bullet")
