"""Tells by its name whether a file is a document, and which parser reads it. Opens nothing."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath


class Kind(StrEnum):
    """The formats that are read."""

    MARKDOWN = "Markdown"
    HTML = "HTML"
    PDF = "PDF"
    DOCX = "DOCX"
    TEXT = "plain text"
    TABLE = "CSV or TSV"


_READ = {
    ".md": Kind.MARKDOWN,
    ".markdown": Kind.MARKDOWN,
    ".html": Kind.HTML,
    ".htm": Kind.HTML,
    ".xhtml": Kind.HTML,
    ".pdf": Kind.PDF,
    ".docx": Kind.DOCX,
    ".txt": Kind.TEXT,
    ".text": Kind.TEXT,
    ".csv": Kind.TABLE,
    ".tsv": Kind.TABLE,
}

# Files a site's owner would expect to be answered from: not reading one is worth a line in the report.
_UNREAD_DOCUMENTS = {
    ".adoc": "an AsciiDoc document",
    ".doc": "a Word document of the old form",
    ".docm": "a Word document with macros",
    ".dotx": "a Word template",
    ".eml": "an e-mail",
    ".epub": "an EPUB book",
    ".key": "a Keynote presentation",
    ".mobi": "an e-book",
    ".msg": "an Outlook e-mail",
    ".numbers": "a Numbers spreadsheet",
    ".odp": "an OpenDocument presentation",
    ".ods": "an OpenDocument spreadsheet",
    ".odt": "an OpenDocument text",
    ".org": "an Org document",
    ".pages": "a Pages document",
    ".ppt": "a PowerPoint presentation",
    ".pptx": "a PowerPoint presentation",
    ".rst": "a reStructuredText document",
    ".rtf": "an RTF document",
    ".tex": "a LaTeX document",
    ".xls": "an Excel spreadsheet",
    ".xlsx": "an Excel spreadsheet",
}

WHAT_IS_READ = ", ".join(kind.value for kind in Kind)


def kind_of(path: str) -> Kind | None:
    """The format of a file by its ending; None for one that no parser reads."""
    return _READ.get(_ending(path))


def is_unread_document(path: str) -> bool:
    """Whether people would call this file a document although no parser reads it."""
    return _ending(path) in _UNREAD_DOCUMENTS


def why_not_read(path: str) -> str:
    """The reason, in words, for a file whose `kind_of` is None."""
    ending = _ending(path)
    if ending in _UNREAD_DOCUMENTS:
        return f"is {_UNREAD_DOCUMENTS[ending]}; save it as one of the types that are read: {WHAT_IS_READ}"
    if not ending:
        return f"has no ending that tells its type; these are read: {WHAT_IS_READ}"
    return f"is not a document ({ending}); these are read: {WHAT_IS_READ}"


def _ending(path: str) -> str:
    return PurePosixPath(path).suffix.lower()
