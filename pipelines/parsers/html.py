"""HTML to Markdown: the page's own content, without navigation, banners, sidebars and footers."""

from __future__ import annotations

import re

from lxml import html

from pipelines.parsers.boilerplate import content_of
from pipelines.parsers.encoding import decode
from pipelines.parsers.html_markdown import Element, tree_to_markdown, words
from pipelines.parsers.parsed import Parsed

_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]+)|<\?xml[^>]{0,200}?encoding=[\"']([\w-]+)")
_TITLE_SEPARATOR = re.compile(r"\s+[|–—·•»:-]\s+")


def parse(data: bytes) -> Parsed:
    """A page; the URL is its canonical one where it names one."""
    text = decode(data, _declared(data))
    if not text.strip():
        return Parsed("", "")
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    page = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    content = content_of(page)
    title = _title(page, content)
    return Parsed(title, tree_to_markdown(content), _canonical(page), _metadata(page))


def _declared(data: bytes) -> str | None:
    match = _DECLARED.search(data[:4096].lower())
    return (match[1] or match[2]).decode("ascii") if match else None


def _title(page: Element, content: Element) -> str:
    """The page's title without the site's name, which every page carries: the part closest to the heading."""
    title = " ".join((page.findtext(".//title") or _meta(page, "property", "og:title")).split())
    heading = next((words(element) for element in content.iter("h1", "h2", "h3")), "")
    parts = _TITLE_SEPARATOR.split(title)
    shared = [len(_vocabulary(part) & _vocabulary(heading)) for part in parts]
    return parts[shared.index(max(shared))] if any(shared) else title or heading


def _vocabulary(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _canonical(page: Element) -> str | None:
    for link in page.iter("link"):
        if link.get("rel", "").strip().lower() == "canonical" and link.get("href", "").strip():
            return str(link.get("href")).strip()
    return _meta(page, "property", "og:url") or None


def _metadata(page: Element) -> dict[str, str]:
    found = {"description": _meta(page, "name", "description"), "language": page.get("lang", "")}
    return {name: value for name, value in found.items() if value}


def _meta(page: Element, attribute: str, name: str) -> str:
    for meta in page.iter("meta"):
        if meta.get(attribute, "").lower() == name:
            return str(meta.get("content", "")).strip()
    return ""
