"""Sitemaps and indexes of them: which pages a site says it has. Expands no entity, and loads nothing that one names."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from pipelines.web.address import normal, shown
from pipelines.web.fetch import Answer, Fetcher, FetchError
from pipelines.web.inflate import InflateError, inflated, is_gzip

MOST = 50 * 2**20  # bytes of one, as the protocol has it
_MOST_SITEMAPS = 500


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The addresses that one sitemap names, of pages or of further sitemaps, as they stand there."""

    pages: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()


def parse_sitemap(data: bytes) -> Sitemap | None:
    """The sitemap in the bytes, gzipped ones too; None where they are none. FetchError where it is malformed."""
    unpacked = _unpacked(data)
    head = unpacked[:2000].lstrip()
    if not head.startswith(b"<") or not (b"urlset" in head or b"sitemapindex" in head):
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(unpacked.lstrip(), parser)
    except etree.XMLSyntaxError as error:
        raise FetchError(f"is a malformed sitemap: {error.msg}") from error
    named = tuple(element.text.strip() for element in root.iterfind("{*}*/{*}loc") if element.text)
    name = etree.QName(root).localname
    if name == "sitemapindex":
        return Sitemap(sitemaps=named)
    return Sitemap(named) if name == "urlset" else None


def pages_of(entry: Answer, fetcher: Fetcher, refused: Callable[[str], str]) -> list[str]:
    """All pages that a sitemap and the sitemaps below it name; FetchError names the one that cannot be read."""
    found: dict[str, None] = {}
    seen = {entry.url}
    waiting = deque([entry])
    while waiting:
        answer = waiting.popleft()
        sitemap = _readable(answer)
        found.update(dict.fromkeys(url for each in sitemap.pages if (url := normal(each, answer.url))))
        for url in filter(None, (normal(each, answer.url) for each in sitemap.sitemaps)):
            if url not in seen and len(seen) < _MOST_SITEMAPS:
                seen.add(url)
                waiting.append(fetch_sitemap(url, fetcher, refused))
    return list(found)


def fetch_sitemap(url: str, fetcher: Fetcher, refused: Callable[[str], str]) -> Answer:
    """One sitemap's answer; FetchError names it where it is not to be had."""
    if reason := refused(url):
        raise FetchError(f"names the sitemap {shown(url)}, which {reason}")
    try:
        answer = fetcher.get(url, refused=refused, most=MOST)
    except FetchError as error:
        raise FetchError(f"names the sitemap {shown(url)}, which {error.reason}", passes=error.passes) from error
    if answer.status != 200:
        raise FetchError(f"names the sitemap {shown(url)}, which answered {answer.status}")
    return answer


def _readable(answer: Answer) -> Sitemap:
    sitemap = parse_sitemap(answer.body)
    if sitemap is None:
        raise FetchError(f"names {shown(answer.url)} as a sitemap, and it is none")
    return sitemap


def _unpacked(data: bytes) -> bytes:
    if not is_gzip(data):
        return data
    body = bytearray()
    try:
        for piece in inflated([data]):
            body += piece
            if len(body) > MOST:
                raise FetchError(f"is a sitemap of more than {MOST / 2**20:g} MiB")
    except InflateError as error:
        raise FetchError(str(error)) from error
    return bytes(body)
