"""Finds a page's own content in its HTML and takes out what only surrounds it. Decides by tags, roles, names
and the share of links; knows no site.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipelines.parsers.html_markdown import Element

_NEVER_CONTENT = (
    "script", "style", "noscript", "template", "nav", "dialog", "select", "input", "textarea", "datalist",
    "iframe", "svg", "canvas", "video", "audio", "object",
)  # fmt: skip
_ROLES = frozenset(
    "navigation banner contentinfo complementary search dialog alertdialog alert menu menubar".split()  # noqa: SIM905
)
_BANNERS = frozenset("cookie cookies consent gdpr newsletter subscribe popup modal advert ads".split())  # noqa: SIM905
_NAVIGATION = frozenset(
    "nav navbar navigation navheader navfooter breadcrumb breadcrumbs pagination pager skiplink".split()  # noqa: SIM905
)
_SURROUNDINGS = frozenset(
    "menu sidebar toc related skip footer header toolbar offcanvas tags share social".split()  # noqa: SIM905
)
_UNFOLDED = frozenset({"panel", "tabpanel", "tab", "accordion", "collapse", "answer"})  # hidden until it is asked for
_HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden", re.IGNORECASE)
_NAME = re.compile(r"[a-z]+|[A-Z][a-z]*")
_NAMED = ("div", "section", "aside", "ul", "ol", "form", "header", "footer", "table")
_SHORT = 500  # characters; a banner, a share bar or a sign-up form says less
_LINKS = 0.5  # share of an element's text inside links, above which it leads elsewhere
_MAIN = (  # where content is looked for, and the share of the page's text that must be there
    (".//main | .//*[@role='main']", 0.2),
    (".//article", 0.5),
    (".//*[@id='content' or @id='main-content']", 0.3),
)


def content_of(page: Element) -> Element:
    """The element that holds the content, freed from the rest; changes the tree."""
    body = page.find(".//body")
    body = page if body is None else body
    _drop(element for element in body.iter() if _is_never_seen(element))
    main = _main(body)
    _drop(element for element in main.iter(*_NAMED) if element is not main and _surrounds(element))
    _drop(element for element in main.iter("ul", "ol") if _leads_into_page(element))
    if main is body:
        _drop(element for element in main.iter("footer", "aside", "header") if element.find(".//h1") is None)
        _drop(element for element in main.iter("ul", "ol") if len(element) > 2 and _link_share(element) > 0.9)
    return main


def _drop(elements: Iterable[Element]) -> None:
    for element in list(elements):
        if element.getparent() is not None:
            element.drop_tree()


def _is_never_seen(element: Element) -> bool:
    if element.tag in _NEVER_CONTENT or element.get("role") in _ROLES:
        return True
    if element.tag == "a" and element.get("href", "").startswith("#") and _names(element) & {"skip", "skiplink"}:
        return True
    if element.tag == "button":  # one that unfolds an answer is the question
        return element.get("aria-expanded") is None and not any(
            parent.tag in ("h2", "h3", "h4", "h5") for parent in element.iterancestors()
        )
    hidden = element.get("hidden") is not None or element.get("aria-hidden") == "true"
    if hidden or _HIDDEN.search(element.get("style", "")):
        return not (_names(element) | {element.get("role", "")}) & _UNFOLDED
    return False


def _main(body: Element) -> Element:
    """The largest element that is marked as the main one and holds a fair share of the text; else the body."""
    whole = _size(body)
    for path, share in _MAIN:
        found = max(body.xpath(path), key=_size, default=None)
        if found is not None and _size(found) > share * whole:
            return found
    return body


def _surrounds(element: Element) -> bool:
    """Whether an element is a form, a banner or leads elsewhere: by its name, its length, its links."""
    names = _names(element)
    short = _size(element) < _SHORT and element.find(".//h1") is None
    if element.tag == "form" or names & (_BANNERS | _NAVIGATION):
        return short
    leads_elsewhere = _link_share(element) > _LINKS and element.find(".//h1") is None
    return leads_elsewhere and (element.tag in ("footer", "aside") or bool(names & _SURROUNDINGS))


def _leads_into_page(element: Element) -> bool:
    """Whether a list is a table of contents of its own page."""
    targets = [link.get("href", "") for link in element.iter("a")]
    in_page = len(targets) > 2 and all(target.startswith("#") for target in targets)
    return in_page and _link_share(element) > 0.9


def _names(element: Element) -> set[str]:
    return {name.lower() for name in _NAME.findall(element.get("class", ""))}


def _link_share(element: Element) -> float:
    return sum(_size(link) for link in element.iter("a")) / max(1, _size(element))


def _size(element: Element) -> int:
    return len("".join(element.text_content().split()))
