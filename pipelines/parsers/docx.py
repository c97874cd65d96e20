"""DOCX to Markdown: headings by style or outline level, lists, tables in document order."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from typing import Any
from zipfile import BadZipFile, is_zipfile

import docx
from docx.document import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn

from core.errors import UnreadableDocumentError
from pipelines.parsers import emit
from pipelines.parsers.docx_styles import Outline
from pipelines.parsers.parsed import Parsed

Element = Any  # lxml brings no types

_OLE = b"\xd0\xcf\x11\xe0"  # the container of old Office files, and of new ones under a password
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_TEXT = frozenset(map(qn, ("w:t", "w:tab", "w:br", "w:cr", "w:noBreakHyphen")))
_SKIPPED = frozenset(map(qn, ("w:del", "w:moveFrom", "w:instrText", "w:txbxContent", "w:footnoteReference")))
_SKIPPED_TAGS = _SKIPPED | {"{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
_MACHINE_TITLE = re.compile(r"(untitled|microsoft word -|document ?\d*$|word document$|titel$|title$)", re.IGNORECASE)


def parse(data: bytes) -> Parsed:
    """A document; its title is that of its properties, else its first heading."""
    document = _open(data)
    writer = _Writer(Outline(document))
    text = emit.document(writer.blocks(document.element.body))
    return Parsed(_title(document) or writer.first_heading, text)


def _open(data: bytes) -> Document:
    if data.startswith(_OLE):
        locked = _ENCRYPTED in data
        reason = (
            "is encrypted: it needs a password" if locked else "is a Word document of the old form; save it as DOCX"
        )
        raise UnreadableDocumentError(reason)
    if not is_zipfile(io.BytesIO(data)):
        raise UnreadableDocumentError("is malformed: it is not a DOCX file, or only a part of one")
    try:
        return docx.Document(io.BytesIO(data))
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError) as error:
        raise UnreadableDocumentError(f"is malformed: it is not a whole DOCX file ({error})") from error


def _title(document: Document) -> str:
    """The title among the document's properties, unless a program put it there."""
    title = (document.core_properties.title or "").strip()
    return "" if _MACHINE_TITLE.match(title) else title


class _Writer:
    """Walks the body of a document in order; keeps the first heading it meets."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.first_heading = ""

    def blocks(self, parent: Element) -> Iterator[str]:
        """Paragraphs and tables; the items of a list make one block."""
        items: list[str] = []
        for element in _body_elements(parent):
            item = self._list_item(element)
            if item:
                items.append(item)
                continue
            if items:
                yield "\n".join(items)
                items = []
            yield from self._block(element)
        yield "\n".join(items)

    def _list_item(self, element: Element) -> str:
        mark = self.outline.list_mark(element) if element.tag == qn("w:p") else None
        text = " ".join(_text(element).split()) if mark else ""
        return f"{mark} {text}" if text else ""

    def _block(self, element: Element) -> Iterator[str]:
        if element.tag == qn("w:tbl"):
            yield from self._table(element)
            return
        text = _text(element).strip()
        level = self.outline.level(element)
        if self.outline.is_contents(element) or not text:
            return
        if level is None:
            yield emit.plain(text)
            return
        self.first_heading = self.first_heading or " ".join(text.split())
        yield emit.heading(level, text)

    def _table(self, table: Element) -> Iterator[str]:
        """A pipe table; one of a single column is a frame around blocks."""
        rows = [list(_children(row, "w:tc")) for row in _children(table, "w:tr")]
        if max(map(len, rows), default=0) < 2:
            for row in rows:
                for cell in row:
                    yield from self.blocks(cell)
        else:
            yield emit.table([list(_cells(row)) for row in rows])


def _body_elements(parent: Element) -> Iterator[Element]:
    """Paragraphs and tables, those within content controls and insertions too."""
    for child in parent:
        if child.tag in (qn("w:p"), qn("w:tbl")):
            yield child
        elif child.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml")):
            yield from _body_elements(child)


def _children(parent: Element, name: str) -> Iterator[Element]:
    """The rows of a table or cells of a row, those within content controls too."""
    for child in parent:
        if child.tag == qn(name):
            yield child
        elif child.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml")):
            yield from _children(child, name)


def _cells(row: Iterable[Element]) -> Iterator[str]:
    """The text of each cell and an empty one for every further column it spans."""
    for cell in row:
        yield _cell_text(cell)
        span = cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")
        width = "1" if span is None else span.get(qn("w:val"), "1")
        yield from [""] * (min(int(width), 50) - 1 if width.isdecimal() else 0)


def _cell_text(cell: Element) -> str:
    """All paragraphs of a cell on one line, a table within it as its rows."""
    parts: list[str] = []
    for element in _body_elements(cell):
        if element.tag == qn("w:p"):
            parts.append(_text(element).strip())
        else:
            rows = (", ".join(filter(None, _cells(_children(row, "w:tc")))) for row in _children(element, "w:tr"))
            parts.append("; ".join(filter(None, rows)))
    return " ".join(filter(None, parts))


def _text(paragraph: Element) -> str:
    """The words of a paragraph with hyperlinks and insertions, without deletions, fields' codes and text boxes."""
    return "".join(_pieces(paragraph))


def _pieces(element: Element) -> Iterator[str]:
    for child in element:
        if child.tag in _SKIPPED_TAGS:
            continue
        if child.tag in _TEXT:
            yield _piece(child)
        else:
            yield from _pieces(child)


def _piece(element: Element) -> str:
    if element.tag == qn("w:t"):
        return element.text or ""
    if element.tag == qn("w:noBreakHyphen"):
        return "-"
    return "\n" if element.tag in (qn("w:br"), qn("w:cr")) else " "
