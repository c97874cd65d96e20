"""Markdown to Markdown: front matter read, navigation dropped, links and escapes resolved, headings ATX."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import dropwhile
from typing import Any

import yaml

from pipelines.parsers import emit
from pipelines.parsers.encoding import decode
from pipelines.parsers.html_markdown import fragment_to_markdown
from pipelines.parsers.markdown_blocks import Block, Kind, blocks
from pipelines.parsers.markdown_inline import References, inline
from pipelines.parsers.parsed import Parsed

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_DEFINITION = re.compile(r"^ {0,3}\[(?!\^)([^\[\]\n]+)\]:[ \t]*\S+.*$", re.MULTILINE)
_BULLET = re.compile(r"^([ \t]*)[-+*][ \t]+", re.MULTILINE)
_CELL_BORDER = re.compile(r"(?<!\\)\|")

_LINK_ITEM = re.compile(r"\s*(?:[-+*]|\d+[.)])\s+\[(?:[^\[\]\\]|\\.)*\]\(([^()\s]*)\)[\s.]*")
_NAVIGATION_LABEL = re.compile(
    r"[#*_\s]*(?:topics|contents|table of contents|on this page|in this (?:page|section|chapter|topic))[*_:\s]*",
    re.IGNORECASE,
)


def parse(data: bytes) -> Parsed:
    """A page; its front matter's title and URL win over its first heading."""
    front, body = _split_front_matter(decode(data))
    references = {label.lower() for label in _DEFINITION.findall(body)} if "]:" in body else set()
    if references:
        body = _DEFINITION.sub("", body)
    page = list(blocks(body))
    content = list(_without_navigation(page))
    if all(block.kind is Kind.HEADING for block in content):
        content = page  # a page of links only is found by its links
    text = emit.document(_render(block, references) for block in content)
    title = front.pop("title", "") or _first_heading(content, references)
    return Parsed(title, text, front.pop("url", None), front)


def _split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """The plain values of YAML front matter, and the page behind it."""
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    try:
        values = yaml.safe_load(match[1] or "")
    except (yaml.YAMLError, ValueError):  # a page whose front matter is broken is still a page
        values = None
    return _plain_values(values) if isinstance(values, dict) else {}, text[match.end() :]


def _plain_values(values: Mapping[Any, Any]) -> dict[str, str]:
    return {
        str(name).lower(): str(value)
        for name, value in values.items()
        if value is not None and not isinstance(value, dict | list | set | bytes)
    }


def _first_heading(content: Sequence[Block], references: References) -> str:
    headings = [block for block in content if block.kind is Kind.HEADING and block.lines[0]]
    top = min(headings, key=lambda block: block.level, default=None)  # min takes the first of equals
    return inline(top.lines[0], references).strip() if top else ""


def _without_navigation(page: Sequence[Block]) -> Iterator[Block]:
    """The blocks without lists of links into the page or under a label such as `Topics`."""
    labelled = False
    for block, following in zip(page, [*page[1:], None], strict=True):
        if _is_label(block.lines) and following is not None and _are_links(following.lines):
            labelled = True
        elif block.kind is Kind.TEXT:
            lines = () if labelled and _are_links(block.lines) else _without_link_list(block.lines)
            labelled = False
            if lines:
                yield Block(Kind.TEXT, lines)
        else:
            labelled = False
            yield block


def _without_link_list(lines: tuple[str, ...]) -> tuple[str, ...]:
    """A block without its navigation: all of it, or the links that follow a label within it."""
    if _are_links(lines) and len(lines) > 2 and all(_is_in_page(line) for line in lines):
        return ()
    for label, line in enumerate(lines[:-1]):
        if _is_label((line,)) and _are_links(lines[label + 1 : label + 2]):
            rest = dropwhile(_LINK_ITEM.fullmatch, lines[label + 1 :])
            return (*lines[:label], *rest)
    return lines


def _is_label(lines: Sequence[str]) -> bool:
    return len(lines) == 1 and _NAVIGATION_LABEL.fullmatch(lines[0]) is not None


def _are_links(lines: Sequence[str]) -> bool:
    return bool(lines) and all(map(_LINK_ITEM.fullmatch, lines))


def _is_in_page(line: str) -> bool:
    match = _LINK_ITEM.fullmatch(line)
    return match is not None and match[1].startswith("#")


def _render(block: Block, references: References) -> str:
    if block.kind is Kind.HEADING:
        return emit.heading(block.level, inline(block.lines[0], references))
    if block.kind is Kind.CODE:
        return emit.fenced("\n".join(block.lines), block.info)
    if block.kind is Kind.TABLE:
        return emit.table(list(_rows(block.lines, references)))
    if block.kind is Kind.HTML:
        return fragment_to_markdown("\n".join(block.lines))
    return _render_text(block.lines, references)


def _render_text(lines: Sequence[str], references: References) -> str:
    text = "\n".join(line.rstrip(" \t\\") for line in lines)
    lines = inline(_BULLET.sub(r"\1- ", text), references).split("\n")
    return emit.plain("\n".join(line.rstrip() for line in lines if line.strip()))


def _rows(lines: Sequence[str], references: References) -> Iterator[list[str]]:
    for line in (lines[0], *lines[2:]):
        row = line.strip().removeprefix("|")
        row = row[:-1] if row.endswith("|") and not row.endswith("\\|") else row
        yield [inline(cell.replace("\\|", "|"), references) for cell in _CELL_BORDER.split(row)]
