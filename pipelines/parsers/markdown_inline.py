"""Markdown inside a block to the words a reader sees: links, images, emphasis, tags and escapes resolved.

Code spans stay as they are. One pass of one pattern, as thousands of pages are read while others embed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from html import unescape

_TARGET = r"""\(\s*(?:<[^<>\n]*>|[^\s()]*+(?:\([^\s()]*+\)[^\s()]*+)*+)
                  (?:\s+(?:"[^"]*"|'[^']*'|\([^()]*\)))?\s*\)
            | \((?:[#/.]|https?:)[^()\n]*\)"""  # the second is a mistake people make: a space in an address
_LABEL = r"(?:[^\[\]\\]|\\.|\[(?:[^\[\]\\]|\\.)*+\](?:\([^()]*\))?)*+"

# Every alternative begins with a literal character: the engine then skips to the next of these characters.
_INLINE = re.compile(
    rf"""
      `(?P<ticks>`*+)(?P<code>.*?[^`])`(?P=ticks)(?!`)
    | \\(?P<escaped>[!-/:-@\[-`{{-~])
    | !\[(?P<alt>{_LABEL})\](?:{_TARGET}|\[(?P<image_reference>[^\[\]]*)\])
    | \[(?P<label>{_LABEL})\](?:{_TARGET}|\[(?P<reference>[^\[\]]*)\])?
    | <!--.*?-->
    | <(?P<address>(?:https?://|mailto:)[^\s<>]*)>
    | </?(?P<tag>[A-Za-z][A-Za-z0-9]*)(?:\s[^<>]*)?/?>
    | &(?P<entity>[A-Za-z][A-Za-z0-9]{{1,31}}|\#[0-9]{{1,7}}|\#[xX][0-9a-fA-F]{{1,6}});
    | \*\*+(?=\s*[^\s*])(?P<strong>(?:[^*\\`]|\\.|`[^`]*`|(?<!\*)\*(?!\*))+?)\*\*+
    | \*(?<![\w*]\*)(?=[^\s*/.])(?P<emphasis>(?:[^*\\`]|\\.|`[^`]*`)+?)(?<![\s/])\*(?![\w*])
    | __(?<!\w__)(?=[^\s_])(?P<strong_line>(?:[^_\\`]|\\.|`[^`]*`|_(?!_))+?)(?<!\s)__(?!\w)
    | _(?<![\w_]_)(?=[^\s_])(?P<line>(?:[^_\\`]|\\.|`[^`]*`|(?<=\w)_(?=\w))+?)(?<!\s)_(?!\w)
    """,
    re.VERBOSE | re.DOTALL,
)
_WRAPPED = ("strong", "emphasis", "strong_line", "line")

_TAGS = frozenset(
    "a abbr article aside b bdi bdo big blockquote body br caption center cite code col colgroup dd "  # noqa: SIM905
    "del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr html i img ins kbd "
    "li main mark nav ol p picture pre q s samp script section small source span strike strong style sub summary "
    "sup table tbody td tfoot th thead tr tt u ul var video".split()
)
_CODE_TAGS = frozenset({"code", "kbd", "samp", "tt"})
_MISSING_IMAGE = "image not found"  # what converters leave where a picture was

References = Collection[str]  # the labels that the page defines, in lower case


def inline(text: str, references: References = ()) -> str:
    """The text of a block; a reference link counts as one only where its label is defined."""
    return _INLINE.sub(lambda match: _resolve(match, references), text)


def _resolve(match: re.Match[str], references: References) -> str:
    kind = match.lastgroup
    if kind == "escaped":
        return match[0] if match["escaped"] == "`" else match["escaped"]  # a bare tick would begin code
    if kind == "code":
        return _code(match["code"])
    if kind in ("reference", "label"):
        return _link(match, references)
    if kind in _WRAPPED:
        return inline(match[kind], references)
    if kind in ("alt", "image_reference"):
        return _picture(inline(match["alt"], references))
    if kind == "tag":
        return _tag(match)
    if kind == "entity":
        return unescape(match[0])
    return match["address"] or ""  # an autolink; a comment leaves nothing


def _code(code: str) -> str:
    """A code span behind few enough ticks never to be taken for a fence."""
    code = code.strip() or code
    ticks = "``" if "`" in code else "`"
    return f"{ticks}{code}{ticks}"


def _link(match: re.Match[str], references: References) -> str:
    words = inline(match["label"], references)
    target = match[0][len(match["label"]) + 2 :]
    reference = match["reference"] or match["label"]
    is_link = target.startswith("(") or reference.lower() in references
    return words if is_link else f"[{words}]{target}"


def _picture(alt: str) -> str:
    words = alt.strip("[] ")
    return "" if words.lower() == _MISSING_IMAGE else words


def _tag(match: re.Match[str]) -> str:
    """Nothing for HTML; a placeholder such as `<region>` is text."""
    name = match["tag"].lower()
    if name in _CODE_TAGS:
        return "`"
    if name not in _TAGS:
        return match[0]
    return " " if name == "br" else ""
