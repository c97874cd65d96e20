"""One address becomes a page of the mirror, or a reason why not; an unchanged page is taken as it lies there.

Runs in several threads, and writes bodies as they come. Knows no order and no limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import httpx

from core.errors import UnreadableDocumentError
from pipelines.parsers.kinds import Kind, kind_of
from pipelines.sources.mirror import Mirror, Page
from pipelines.web.address import ending, same_site
from pipelines.web.fetch import Answer, Fetcher, FetchError, Headers
from pipelines.web.markup import Markup, read_markup
from pipelines.web.robots import Robots

_GONE = (404, 410, 451)
_UNMARKED = Markup()
_TEXT = (".html", ".md", ".txt", ".csv", ".tsv")


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of an address; the page has no path yet where it is new.

    `left`: it wants or needs no place in the index. `failed`: it could not be had; the page is then its last copy.
    """

    page: Page | None = None
    suffix: str = ""
    markup: Markup = _UNMARKED
    left: str = ""
    failed: FetchError | None = None


class Visitor:
    """Visits pages of one site."""

    def __init__(self, site: str, fetcher: Fetcher, robots: Robots, mirror: Mirror, *, anew: bool) -> None:
        self._site = site
        self._fetcher = fetcher
        self._robots = robots
        self._mirror = mirror
        self._anew = anew
        self.copies: Mapping[str, Page] = {page.url: page for page in mirror.pages() if mirror.holds(page)}

    def visit(self, url: str) -> Visit:
        """The page at an address, asked for only if it changed since the mirror was made."""
        if reason := self.refused(url):
            return Visit(left=reason)
        try:
            answer = self._fetcher.get(url, known=self._validators, refused=self.refused, wanted=_is_document)
            if answer.status in (200, 304):
                return self._unchanged(answer) if answer.status == 304 else self._fetched(answer)
        except FetchError as error:
            return self._failed(url, error)
        if answer.status in _GONE:
            return Visit(left=f"answered {answer.status}")
        return self._failed(url, FetchError(f"answered {answer.status}"))

    def refused(self, url: str) -> str:
        """Why an address is not asked."""
        if not same_site(self._site, url):
            return "is another host: name it as a source of its own"
        return "" if self._robots.allows(url) else "is kept from us by robots.txt"

    def _validators(self, url: str) -> Headers:
        page = self.copies.get(url)
        if page is None or self._anew or self._body(page) is None:
            return {}
        named = {"If-None-Match": page.etag, "If-Modified-Since": page.modified}
        return {name: value for name, value in named.items() if value}

    def _unchanged(self, answer: Answer) -> Visit:
        page = self.copies.get(answer.url)
        body = self._body(page) if page else None
        if page is None or body is None:
            raise FetchError("answered 304 without having been asked for changes")
        markup = _markup(page, body, answer.headers.get("x-robots-tag", ""))
        return Visit(page, markup=markup) if markup.is_indexed else _unwanted(markup)

    def _fetched(self, answer: Answer) -> Visit:
        kind = answer.headers.get("content-type", "")
        suffix = ending(answer.url, kind, answer.body)
        if suffix is None:
            return Visit(left=f"is {kind.partition(';')[0].strip() or 'of no type'}, which is not read")
        body = _as_utf8(answer.body, kind) if suffix in _TEXT else answer.body
        page = Page(
            answer.url,
            path="",
            size=len(body),
            etag=answer.headers.get("etag", ""),
            modified=answer.headers.get("last-modified", ""),
        )
        markup = read_markup(body if suffix == ".html" else b"", answer.url, answer.headers.get("x-robots-tag", ""))
        if not markup.is_indexed:
            return _unwanted(markup)
        return Visit(self._kept(page, body, markup), suffix, markup)

    def _kept(self, page: Page, body: bytes, markup: Markup) -> Page:
        """The page in the mirror: as it lies there where only what no visitor sees was made up anew."""
        copy = self.copies.get(page.url)
        if copy and markup.essence and kind_of(copy.path) is Kind.HTML:
            before = self._body(copy)
            if before is not None and read_markup(before, page.url).essence == markup.essence:
                return replace(copy, etag=page.etag, modified=page.modified)
        return replace(page, sha256=self._mirror.keep(body))

    def _failed(self, url: str, error: FetchError) -> Visit:
        if error.moved:
            return Visit(left=error.reason)
        copy = self.copies.get(url)
        body = self._body(copy) if copy else None
        if copy is None or body is None:
            return Visit(failed=error)
        return Visit(copy, markup=_markup(copy, body), failed=error)

    def _body(self, page: Page) -> bytes | None:
        try:
            return self._mirror.body(page, page.size)
        except (OSError, UnreadableDocumentError):
            return None


def _unwanted(markup: Markup) -> Visit:
    return Visit(markup=markup, left="asks not to be indexed (noindex)")


def _markup(page: Page, body: bytes, headers: str = "") -> Markup:
    return read_markup(body if kind_of(page.path) is Kind.HTML else b"", page.url, headers)


def _is_document(url: str, headers: Headers) -> bool:
    """Whether a body is worth its bytes."""
    return ending(url, headers.get("content-type", ""), b"") is not None


def _as_utf8(body: bytes, content_type: str) -> bytes:
    """A text that only its header names the encoding of, such that it can be read without the header."""
    charset = content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return body.decode(charset or "utf-8").encode("utf-8")
        except (UnicodeDecodeError, LookupError):  # the parser finds out by itself
            return body
    return body


def guessed_suffix(url: str) -> str:
    """The ending of a page that could not be had."""
    own = PurePosixPath(httpx.URL(url).path).suffix.lower()
    return own if kind_of(f"page{own}") else ".html"
