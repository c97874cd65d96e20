"""One way into all parsers: picks the one for a file's type and turns what it raises into a reason for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lxml.etree import ErrorTypes, XMLSyntaxError

from core.errors import UnreadableDocumentError
from pipelines.parsers import delimited, docx, html, markdown, pdf, plain
from pipelines.parsers.kinds import Kind, kind_of, why_not_read
from pipelines.parsers.parsed import Parsed
from pipelines.parsers.wire import MOST_TEXT

_PARSERS: Mapping[Kind, Callable[[bytes], Parsed]] = {
    Kind.MARKDOWN: markdown.parse,
    Kind.HTML: html.parse,
    Kind.PDF: pdf.parse,
    Kind.DOCX: docx.parse,
    Kind.TEXT: plain.parse,
    Kind.TABLE: delimited.parse,
}
_OUT_OF_MEMORY = ("memory allocation failed", "out of memory", "cannot allocate memory", "failed to map segment")


def parse(path: str, data: bytes) -> Parsed:
    """The document in a file; UnreadableDocumentError says why there is none, MemoryError passes through."""
    kind = kind_of(path)
    if kind is None:
        raise UnreadableDocumentError(why_not_read(path))
    if not data.strip():
        raise UnreadableDocumentError("is empty")
    parsed = _attempt(_PARSERS[kind], data).tidied()
    if not parsed.text:
        raise UnreadableDocumentError("holds no text")
    if len(parsed.text) > MOST_TEXT:
        raise UnreadableDocumentError("holds too much text; split it")
    return parsed


def _attempt(parser: Callable[[bytes], Parsed], data: bytes) -> Parsed:
    try:
        return parser(data)
    except (UnreadableDocumentError, MemoryError):
        raise
    except RecursionError as error:
        raise UnreadableDocumentError("is malformed: its parts are nested too deeply") from error
    except Exception as error:  # a malformed file makes a parser raise anything; the reason carries it on
        if _is_out_of_memory(error):
            raise MemoryError from error
        raise UnreadableDocumentError(f"is malformed: {_words(error)}") from error


def _is_out_of_memory(error: Exception) -> bool:
    """Libraries have their own ways to say that an allocation failed; libxml2 calls it a flaw of the document."""
    if isinstance(error, XMLSyntaxError) and error.code == ErrorTypes.ERR_NO_MEMORY:
        return True
    return any(words in str(error).lower() for words in _OUT_OF_MEMORY)


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
