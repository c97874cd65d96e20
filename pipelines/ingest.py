"""Files of a source to documents: read, parsed in the sandbox, named and addressed; a bad file becomes a refusal.

Knows no chunks, no store and no Ray; give it a few files or all of a source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Protocol
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from core.errors import UnreadableDocumentError
from core.records import Document, Source
from pipelines import sources
from pipelines.parsers.kinds import is_unread_document, kind_of, why_not_read
from pipelines.parsers.parsed import Parsed
from pipelines.sources import SourceFile


class Parser(Protocol):
    """What makes a document of bytes, or raises UnreadableDocumentError."""

    def parse(self, path: str, data: bytes) -> Parsed:
        """The document in a file's bytes."""
        ...

    def close(self) -> None:
        """Let go of what it holds; it is of no use afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that gave no document. `ignored`: it is none by its type, such as a picture, and nobody misses it."""

    path: str
    reason: str
    ignored: bool = False

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def ingest(
    source: Source, files: Iterable[SourceFile], parser: Parser, most_bytes: int
) -> Iterator[Document | Refusal]:
    """One document or refusal per file, in the order of the files."""
    for file in files:
        try:
            yield _document(source, file, parser, most_bytes)
        except UnreadableDocumentError as error:
            ignored = not file.problem and kind_of(file.path) is None and not is_unread_document(file.path)
            yield Refusal(file.path, error.message, ignored)


def _document(source: Source, file: SourceFile, parser: Parser, most_bytes: int) -> Document:
    if file.problem:
        raise UnreadableDocumentError(file.problem)
    if kind_of(file.path) is None:
        raise UnreadableDocumentError(why_not_read(file.path))
    data = sources.read(source.uri, file.path, most_bytes)
    parsed = parser.parse(file.path, data)
    return Document(
        id=document_id(source.id, file.path),
        source=source.id,
        path=file.path,
        title=parsed.title or _title(file.path),
        url=_url(source.base_url, file, parsed.url),
        text=parsed.text,
        sha256=sha256(data).hexdigest(),
        metadata=parsed.metadata,
    )


def document_id(source: str, path: str) -> str:
    """The same for the same file of the same source, whatever it holds."""
    return sha256(f"{source}\n{path}".encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _title(path: str) -> str:
    """A title from the file's name, for a document that has none."""
    name = PurePosixPath(path)
    words = name.stem.replace("_", " ").replace("-", " ").split()
    return " ".join(words) or name.name


def _url(base: str | None, file: SourceFile, own: str | None) -> str:
    """The base with the path where a base is given: who names one means it, for a preview say. Else where the page was
    fetched, else the page's own URL where that is usable, else the path alone.
    """
    fetched = urlsplit(file.url)
    quoted = quote(file.path, errors="surrogateescape")
    if base:
        path = urlunsplit(("", "", fetched.path.lstrip("/"), fetched.query, "")) if file.url else quoted
        return f"{base.rstrip('/')}/{path}"
    if file.url:
        return file.url
    if own is None or urlsplit(own).scheme not in ("http", "https", ""):  # no javascript: into a citation
        return quoted
    return urljoin(quoted, own)
