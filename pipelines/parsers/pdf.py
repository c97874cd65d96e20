"""PDF to Markdown through pypdf: opens, decrypts where no password is needed, and reads page by page."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pypdf import PasswordType, PdfReader
from pypdf.errors import PyPdfError

from core.errors import UnreadableDocumentError
from pipelines.parsers.parsed import Parsed
from pipelines.parsers.pdf_layout import Layout, to_markdown
from pipelines.parsers.pdf_lines import Line, LineReader, without_running_lines

_MACHINE_TITLE = re.compile(
    r"untitled|microsoft (?:word|powerpoint|excel) -|.*\\.(?:docx?|indd|tex|dvi|pdf|xlsx?|pptx?|qxd)$", re.IGNORECASE
)
_NUMBERED = re.compile(r"\d+[.\s]")
_DEEPEST_OUTLINE = 5


def parse(data: bytes) -> Parsed:
    """A document; pages that cannot be read are named in its metadata."""
    reader = _open(data)
    pages, unread = _pages(reader)
    lines = without_running_lines(pages)
    if not lines:
        reason = "is malformed: none of its pages can be read" if unread else "holds no text (scanned pages?)"
        raise UnreadableDocumentError(reason)
    layout = Layout(lines, _outline(reader))
    metadata = {"pages": str(len(pages))}
    if unread:
        metadata["unread_pages"] = ", ".join(map(str, unread))
    return Parsed(_title(reader) or _largest_line(lines), to_markdown(layout), metadata=metadata)


def _open(data: bytes) -> PdfReader:
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
            raise UnreadableDocumentError("is encrypted: it needs a password")
        len(reader.pages)
    except PyPdfError as error:
        raise UnreadableDocumentError(f"is malformed: {str(error) or type(error).__name__}") from error
    return reader


def _pages(reader: PdfReader) -> tuple[list[list[Line]], list[int]]:
    """The lines of every page, and the numbers of those that cannot be read."""
    pages: list[list[Line]] = []
    unread: list[int] = []
    line_reader = LineReader()
    for number in range(len(reader.pages)):
        try:
            pages.append(line_reader.lines(reader.pages[number], number))
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001  a broken page fails in any way; its number is what is kept of it
            pages.append([])
            unread.append(number + 1)
    return pages, unread


def _title(reader: PdfReader) -> str:
    """The title among the document's properties, unless a program put it there."""
    try:
        title = str((reader.metadata and reader.metadata.title) or "").strip()
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError):  # broken properties are none
        return ""
    return "" if _MACHINE_TITLE.match(title) else title


def _largest_line(lines: Sequence[Line]) -> str:
    """The largest line of the first page, unless all are of one size or it only heads a section."""
    first = [line for line in lines if line.page == lines[0].page]
    largest = max(first, key=lambda line: line.size)  # max takes the first of equals
    heads_section = _NUMBERED.match(largest.text) or largest.text.lower() in ("contents", "table of contents")
    return "" if heads_section or largest.size == min(line.size for line in first) else largest.text


def _outline(reader: PdfReader) -> dict[str, int]:
    """The titles of the outline, without white space and case, with their depth from 1."""
    try:
        return dict(_outline_entries(reader.outline, 1))
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError):  # no use of a broken one
        return {}


def _outline_entries(entries: Sequence[Any], depth: int) -> Iterator[tuple[str, int]]:
    for entry in entries:
        if isinstance(entry, list):
            yield from _outline_entries(entry, min(depth + 1, _DEEPEST_OUTLINE))
        elif isinstance(entry, Mapping) and entry.get("/Title"):
            yield "".join(str(entry["/Title"]).split()).casefold(), depth
