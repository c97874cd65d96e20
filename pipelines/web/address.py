"""Addresses of pages: one form for all that mean the same page, and the name that stands for a file's."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin

import httpx

from core.errors import InvalidInputError
from pipelines.parsers.kinds import Kind, kind_of
from pipelines.sources.place import redacted

_LONGEST = 2000  # characters; longer ones are made by mistake
_TRACKING = re.compile(rb"(?:utm_\w+|gclid|gbraid|wbraid|dclid|fbclid|msclkid|yclid|mc_[ce]id|_ga|_gl|igshid)(?:=.*)?")
_NEVER_PAGES = ("image/", "video/", "audio/", "font/", "text/css", "text/javascript", "application/javascript",
                "application/zip", "application/gzip", "application/x-tar")  # fmt: skip
_ENDINGS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
}
_TEXTS = (Kind.MARKDOWN, Kind.TEXT, Kind.TABLE)
_VAGUE = ("", "application/octet-stream", "binary/octet-stream", "application/x-download", "application/force-download")


def web_source(uri: str) -> str:
    """A website's or sitemap's address as it is registered; InvalidInputError says why it cannot be one."""
    url = normal(uri)
    if url is None:
        message = (
            f"{redacted(uri)} is no address that can be used: write it as https://example.com/, without a password."
        )
        raise InvalidInputError(message, param="source")
    return url


def normal(reference: str, base: str = "") -> str | None:
    """The one form of a page's address: absolute, no fragment, no default port, no tracking parameters.

    None for what is no address of a page: another scheme, credentials in it, or not to be understood.
    """
    try:
        url = httpx.URL(str(httpx.URL(urljoin(base, reference.strip()))))
    except (httpx.InvalidURL, ValueError):
        return None
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or len(str(url)) > _LONGEST:
        return None
    query = b"&".join(part for part in url.query.split(b"&") if part and not _TRACKING.fullmatch(part))
    raw = (url.raw_path.partition(b"?")[0] or b"/") + (b"?" + query if query else b"")
    return str(url.copy_with(raw_path=raw, fragment=None))


def shown(url: str) -> str:
    """A page's address as people may see it: with the query that tells it from others, without credentials."""
    return url if normal(url) else redacted(url)


def same_site(one: str, other: str) -> bool:
    """Whether two addresses are on one host, at one port; http and https at their own ports are one."""
    first, second = httpx.URL(one), httpx.URL(other)
    return first.raw_host == second.raw_host and first.port == second.port


def folder_of(url: str) -> str:
    """The address of the folder that a page is in, up to its last slash."""
    return str(httpx.URL(url).copy_with(query=None)).rpartition("/")[0] + "/"


def may_be_page(url: str) -> bool:
    """Whether an address could be a document's, by its ending: pictures and scripts are not fetched."""
    kind = mimetypes.guess_type(httpx.URL(url).path)[0] or ""
    return not kind.startswith(_NEVER_PAGES)


def ending(url: str, content_type: str, body: bytes) -> str | None:
    """The ending that tells a page's parser; None where no parser reads what the server says it is."""
    declared = content_type.partition(";")[0].strip().lower()
    if body.startswith(b"%PDF-"):
        return ".pdf"
    own = PurePosixPath(httpx.URL(url).path).suffix.lower()
    known = kind_of(f"page{own}")
    if declared == "text/plain":
        return own if known in _TEXTS else ".txt"
    if declared in _VAGUE:
        return own if known else None
    return _ENDINGS.get(declared)


def file_path(url: str, suffix: str, taken: Mapping[str, str]) -> str:
    """The name under which a page is a file of its source: its path and query, ending as its type does.

    Where another page has that name already, a digest of the address tells them apart.
    """
    parts = httpx.URL(url)
    path = parts.raw_path.decode().partition("?")[0]
    readable = unquote(path) if unquote(path).isprintable() else path
    name = (readable.lstrip("/") or "") + ("index" if readable.endswith("/") else "")
    query = parts.query.decode()
    if query or kind_of(name) is not kind_of(f"page{suffix}"):
        name += f"?{query}{suffix}" if query else suffix
    if taken.get(name, url) == url:
        return name
    stem = name.removesuffix(PurePosixPath(name).suffix)
    return f"{stem}~{sha256(url.encode()).hexdigest()[:8]}{suffix}"
