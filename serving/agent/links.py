"""Links in what a model writes: those to cited sources stay, of all others only the text. Knows no model.

A client may turn more into links than Markdown does, so addresses without a scheme count too, and HTML goes.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

_TAG = re.compile(
    r"</?(?:a|img|image|picture|source|script|style|iframe|frame|object|embed|svg|math|form|input|button|link|meta|base"
    r"|video|audio|body|html|head|div|span|p|br|table|tr|td|marquee|area|map|template|isindex|details)\b[^>]*(?:>|$)"
    r"|<[a-z][^<>]*\s(?:on\w+|src|href|style)\s*=[^<>]*(?:>|$)|<!--.*?(?:-->|$)",
    re.IGNORECASE | re.DOTALL,
)
_MARKDOWN = re.compile(r"(!?)\[([^\[\]]*)\]\(\s*<?([^\s()<>]*(?:\([^\s()]*\))?[^\s()<>]*)>?[^()]*\)")
_LEFT_OPEN = re.compile(r"\]\(\s*[^()\s]*\)?")  # the end of a link whose text began in another sentence
_URL = re.compile(
    r"<?(?:\b[a-z][a-z0-9+.-]{1,20}:/{1,3}|(?<![\w:/])//(?=[\w-]+\.))[^\s<>\"'`)\]]+>?"
    r"|(?:javascript|vbscript)\s*:[^\s<>]+|\bdata:\w+/[^\s<>]+",
    re.IGNORECASE,
)
_TOP = "com|net|org|info|biz|io|co|xyz|site|online|top|shop|club|app|dev|ru|cn|tk|link|live|security|example"
_HOST = re.compile(
    rf"(?<![@\w./-])(?:www\.[\w-]+(?:\.[\w-]+)*|(?:[\w-]+\.)+(?:{_TOP}))\b(?![\w@-])(?:[/:?#][^\s<>\"'`)\]]*)?",
    re.IGNORECASE,
)
_CODE = re.compile(r"(`+[^`]*`+)")
_ENDS = ".,;:!?"
_PASSES = 4  # what is removed may leave a new link behind; after so many there is none that anybody reads


class Links:
    """Knows the pages that may be linked to."""

    def __init__(self, urls: Iterable[str]) -> None:
        self._pages = {_page(url) for url in urls if url}
        self._hosts = {urlsplit(page).netloc for page in self._pages}

    def cleaned(self, text: str) -> tuple[str, list[str]]:
        """The text, and the addresses that were taken out of it."""
        removed: list[str] = []
        for _ in range(_PASSES):
            before = text
            text = self._once(text, removed)
            if text == before:
                break
        return text, removed

    def _once(self, text: str, removed: list[str]) -> str:
        if "&" in text and _URL.search(html.unescape(text)):
            text = html.unescape(text)
        text = _TAG.sub(lambda tag: _gone(tag[0], removed), text)
        text = _MARKDOWN.sub(lambda link: self._markdown(link, removed), text)
        text = _LEFT_OPEN.sub(lambda rest: self._left_open(rest[0], removed), text)
        text = _URL.sub(self._bare(removed, self._allows), text)
        outside = self._bare(removed, self._allows_host)
        return "".join(part if part.startswith("`") else _HOST.sub(outside, part) for part in _CODE.split(text))

    def _markdown(self, link: re.Match[str], removed: list[str]) -> str:
        image, label, target = link.groups()
        if self._allows(target) and not image:
            return link[0]
        removed.append(target)
        return label

    def _left_open(self, rest: str, removed: list[str]) -> str:
        target = rest[2:].strip(" )")
        return rest if self._allows(target) else _gone(target, removed)

    def _bare(self, removed: list[str], allows: Callable[[str], bool]) -> Callable[[re.Match[str]], str]:
        def checked(found: re.Match[str]) -> str:
            url = found[0].strip("<>")
            ending = url[len(url.rstrip(_ENDS)) :]
            return found[0] if allows(url.rstrip(_ENDS)) else _gone(url, removed) + ending

        return checked

    def _allows(self, url: str) -> bool:
        return _page(url) in self._pages

    def _allows_host(self, address: str) -> bool:
        return _page(f"https://{address}").partition("://")[2].partition("/")[0] in self._hosts


def _gone(url: str, removed: list[str]) -> str:
    removed.append(url)
    return ""


def _page(url: str) -> str:
    """The page that an address means: without its fragment, its host folded."""
    try:
        parts = urlsplit(html.unescape(url.strip()))
        return (
            parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), fragment="").geturl().rstrip("/")
        )
    except ValueError:  # brackets that are no address
        return ""
