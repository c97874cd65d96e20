"""What a page's HTML says to a crawler: its links, its canonical address, whether it wants to be indexed and followed.

And its essence: a digest of what visitors get, without what a server makes up anew for every request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from lxml import etree, html

from pipelines.web.address import normal

_MOST = 8 * 2**20  # bytes that are looked at
_CRAWLERS = ("robots", "frontdesk")
_VALUED = ("unavailable_after", "max-")  # directives with a value, not crawlers with a directive
_MADE_UP = ("script", "style", "noscript", "template", "input")
_MEANT = ("class", "id", "role", "style", "hidden", "aria-hidden", "href", "src", "alt", "rel", "content", "colspan")


@dataclass(frozen=True, slots=True)
class Markup:
    """Of one page."""

    links: tuple[str, ...] = ()  # normal addresses that it wants followed
    canonical: str | None = None
    is_indexed: bool = True
    essence: str = ""  # "" where it cannot be told


def read_markup(body: bytes, url: str, headers: str = "") -> Markup:
    """The marks of a page, and of the X-Robots-Tag in its headers."""
    said = _directives(headers)
    page = _parsed(body)
    if page is None:
        return Markup(is_indexed=not said & {"noindex", "none"})
    for meta in page.iter("meta"):
        if meta.get("name", "").strip().lower() in _CRAWLERS:
            said |= _directives(meta.get("content", ""))
    base = _base(page, url)
    followed = not said & {"nofollow", "none"}
    links = tuple(dict.fromkeys(_links(page, base))) if followed else ()
    essence = _essence(page) if len(body) <= _MOST else ""
    return Markup(links, _canonical(page, base), not said & {"noindex", "none"}, essence)


def _parsed(body: bytes) -> Any | None:
    try:
        parser = html.HTMLParser(remove_comments=True, remove_pis=True, no_network=True, huge_tree=False)
        return html.document_fromstring(body[:_MOST], parser=parser)
    except (etree.LxmlError, ValueError):  # the parser of documents will say why
        return None


def _directives(said: str) -> set[str]:
    """Those for every crawler and for us, a line each: `noindex, otherbot: nofollow` says noindex."""
    found = set()
    for line in said.lower().splitlines():
        whose = ""
        for part in line.split(","):
            name, colon, rest = part.partition(":")
            if colon and not name.strip().startswith(_VALUED):
                whose = name.strip()
            if whose in ("", *_CRAWLERS):
                found.add((rest if colon else part).strip())
    return found


def _base(page: Any, url: str) -> str:
    named = next((element.get("href") for element in page.iter("base") if element.get("href")), "")
    return (normal(named, url) if named else None) or url


def _links(page: Any, base: str) -> list[str]:
    found = (
        normal(link.get("href"), base)
        for link in page.iter("a", "area")
        if link.get("href") and "nofollow" not in link.get("rel", "").lower().split()
    )
    return [url for url in found if url]


def _canonical(page: Any, base: str) -> str | None:
    for link in page.iter("link"):
        if "canonical" in link.get("rel", "").lower().split() and link.get("href", "").strip():
            return normal(link.get("href"), base)
    return None


def _essence(page: Any) -> str:
    digest = sha256()
    for element in page.iter():
        said = [element.tail or ""]
        if isinstance(element.tag, str) and element.tag not in _MADE_UP and not _is_token(element):
            marks = [f"{name}={element.get(name)}" for name in _MEANT if element.get(name) is not None]
            said = [element.tag, *marks, element.text or "", *said]
        if any(said):
            digest.update("\0".join([*said, ""]).encode("utf-8", "replace"))
    return digest.hexdigest()


def _is_token(element: Any) -> bool:
    """Whether it carries what is made up for one request."""
    return bool(element.tag == "meta" and re.search("csrf|nonce", element.get("name", ""), re.IGNORECASE))
