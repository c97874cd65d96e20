"""A website's pages as they were fetched last: bodies named by their hash, and a manifest that is written last.

An indexing lists and reads the mirror as it would a folder. Its URI is the website's with the mirror's folder as the
fragment. Whoever dies while fetching leaves the manifest as it was. Fetches nothing itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from threading import get_ident

from core.durable import Folder
from core.errors import InvalidInputError, UnreadableDocumentError
from pipelines.sources.place import SCHEME, SourceFile, read_local, redacted

_MANIFEST = "manifest.json"
_FORM = 1  # of the manifest; another one is as good as none


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the mirror: its address, the name that stands for a file's, and what tells whether it changed.

    One with a `problem` has no body.
    """

    url: str
    path: str
    size: int = 0
    sha256: str = ""
    etag: str = ""
    modified: str = ""  # as the server says it
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Mirror:
    """The folder of one source's pages."""

    folder: Path

    def pages(self) -> Sequence[Page]:
        """Those of the last manifest; none where there is none that can be read."""
        try:
            written = (self.folder / _MANIFEST).stat().st_mtime_ns
            return _pages(self.folder / _MANIFEST, written)
        except (OSError, ValueError, TypeError, KeyError):
            return ()

    def files(self) -> Iterator[SourceFile]:
        """As a folder lists them."""
        return (SourceFile(page.path, page.size, page.problem, page.url) for page in self.pages())

    def read(self, path: str, most: int) -> bytes:
        """The page's body."""
        page = next((page for page in self.pages() if page.path == path), None)
        if page is None:
            raise UnreadableDocumentError("does not exist")
        if page.problem:
            raise UnreadableDocumentError(page.problem)
        return self.body(page, most)

    def body(self, page: Page, most: int) -> bytes:
        """What was fetched; UnreadableDocumentError where the mirror was damaged since."""
        data = read_local(self.folder / page.sha256, most)
        if sha256(data).hexdigest() != page.sha256:
            raise UnreadableDocumentError("has a damaged copy: index again with --force")
        return data

    def holds(self, page: Page) -> bool:
        """Whether the page's body is there, by its size."""
        try:
            return bool(page.sha256) and (self.folder / page.sha256).stat().st_size == page.size
        except OSError:
            return False

    def keep(self, body: bytes) -> str:
        """Puts a body there, and returns its hash."""
        digest = sha256(body).hexdigest()
        part = self.folder / f".{digest}.{get_ident()}"  # two threads may bring the same
        self.folder.mkdir(parents=True, exist_ok=True)
        part.write_bytes(body)
        part.replace(self.folder / digest)
        return digest

    def write(self, pages: Iterable[Page]) -> None:
        """The manifest, whole or not at all; bodies that it does not name go."""
        rows = [asdict(page) for page in sorted(pages, key=lambda page: page.path)]
        text = json.dumps({"form": _FORM, "pages": rows}, ensure_ascii=False, indent=0)
        Folder(self.folder).put(_MANIFEST, text.encode("utf-8", "surrogateescape"), json.loads)
        named = {row["sha256"] for row in rows} | {_MANIFEST, ".lock"}
        for path in self.folder.iterdir():
            if path.name not in named:
                path.unlink()


def is_web(uri: str) -> bool:
    """Whether a source is a website or a sitemap."""
    scheme = SCHEME.match(uri)
    return scheme is not None and scheme[1].lower() in ("http", "https")


def mirror_uri(uri: str, mirror: Mirror) -> str:
    """The website's source as it is listed and read once it was fetched."""
    return f"{uri}#{mirror.folder}"


def open_mirror(uri: str) -> Mirror:
    """The mirror that a `mirror_uri` names; InvalidInputError for a website that was not fetched."""
    folder = uri.partition("#")[2]
    if not folder:
        message = f"{redacted(uri)} has not been fetched: `python -m pipelines index` does it."
        raise InvalidInputError(message, param="source")
    return Mirror(Path(folder))


@lru_cache(maxsize=4)
def _pages(manifest: Path, written: int) -> Sequence[Page]:
    held = json.loads(manifest.read_text(encoding="utf-8"))
    return tuple(Page(**row) for row in held["pages"]) if held["form"] == _FORM else ()
