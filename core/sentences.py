"""A passage's Markdown as sentences a person can read and a page can be searched for. Knows no questions.

Prose splits where sentences end; a list item, a table row and a heading are never glued to what is beside them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Indented code is off: in a chunk cut out of a nested list, indentation says nothing about code.
_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("code")

# An end mark, closing quotes, space, and then anything but a small letter; Chinese and Japanese need no space.
_END = re.compile(r"""(?<=[.!?…])["'”’»)\]]*(\s+)(?=["'“‘«(\[]*[^\s"'“‘«(\[a-z])|(?<=[。！？])()""")
_NEVER_ENDS = re.compile(
    r"(?:^|[\s(])(?:mr|mrs|ms|dr|prof|st|nos?|vs|e\.g|i\.e|cf|ca|approx|fig|vol|pp?|gen|sen|rev|capt|lt|[a-z])\.$",
    re.IGNORECASE,
)
# Units are short, or have two capitals, or are as `Mbps`; `Open in winter`, `in Norway`, `in S3` and `(2020)` are none.
_UNIT = re.compile(
    r"(?P<name>.*\w)\s+(?:in (?!(?:EU|UK|US|it|[A-Z]\d)$)(?P<in>[\w%°/]{1,2}|[A-Z][a-z]*[A-Z][A-Za-z]*|[KMGT]b[a-z]+)"
    r"|[(\[](?P<of>(?!\d+\b)[\w%°/]+)[)\]])"
)
_NUMBER = re.compile(r"[+-]?\d[\d.,]*")
_GAP = "[…]"  # where the knowledge base joins two pieces of a page that are not neighbours
_TAG = re.compile(r"<[^<>]*>")
_LONGEST_CODE = 240  # characters; longer examples are for the page, not for a quote
_LONGEST_ITEM = 45  # words of a list item that is quoted whole, for its sentences lean on each other


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing a passage says. `shown` is how the page shows it: a table row is several blocks, else it is one."""

    text: str
    shown: tuple[str, ...]
    context: str = ""  # the headings, the list's introduction or the table's header it stands under
    item: bool = False  # of a list or a table, or code: introduced by the sentence before it
    depth: int = 0  # how many lists an item stands in; 0 for prose, rows and code between paragraphs
    section: int = 0  # counts the headings and gaps before it: across them nothing belongs together

    @property
    def is_row(self) -> bool:
        """A table row of several cells."""
        return len(self.shown) > 1


@dataclass
class _Place:
    """Where in the passage the reader is: under which headings, after which introduction, how deep in lists."""

    headings: dict[int, str] = field(default_factory=dict)
    leads: dict[int, str] = field(default_factory=dict)  # by depth: the last sentence, and the last item of each list
    depth: int = 0
    section: int = 0

    def enter(self, level: int, heading: str) -> None:
        self.headings = {above: title for above, title in self.headings.items() if above < level}
        self.headings[level] = heading
        self.leads = {}
        self.section += 1

    def leap(self) -> None:
        """Something of the page was left out here; what came before introduces nothing any more."""
        self.headings, self.leads = {}, {}
        self.section += 1

    def say(self, text: str) -> None:
        """What is said here introduces what follows deeper down."""
        self.leads = {depth: lead for depth, lead in self.leads.items() if depth < self.depth}
        self.leads[self.depth] = text

    def introductions(self, depth: int) -> list[str]:
        """Of something that stands so deep, outermost first."""
        return [lead for above, lead in self.leads.items() if above < depth]

    def context(self, *more: str) -> str:
        return " ".join(filter(None, [*self.headings.values(), *more]))


@lru_cache(maxsize=2048)
def split(markdown: str) -> tuple[Sentence, ...]:
    """The sentences of a passage, in order. Popular passages come again and again, hence the cache."""
    return tuple(_read(_PARSER.parse(markdown), _Place()))


def sentence_texts(prose: str) -> list[str]:
    """Plain text cut where sentences end: not after `e.g.`, an initial or within `1.8`."""
    pieces, start = [], 0
    for match in _END.finditer(prose):
        cut = max(match.start(1), match.start(2))
        if not _NEVER_ENDS.search(prose[start:cut]):
            pieces.append(prose[start:cut].strip())
            start = cut
    return [piece for piece in [*pieces, prose[start:].strip()] if piece]


def _read(tokens: Sequence[Token], place: _Place) -> Iterator[Sentence]:
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token.type == "table_open":
            end = _closing(tokens, index, "table_close")
            yield from _rows(tokens[index:end], place)
            index = end
        elif token.type == "heading_open":
            place.enter(int(token.tag[1]), _plain(tokens[index + 1]))
            index += 2
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            place.depth += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            place.depth -= 1
        elif token.type == "inline":
            yield from _inline(token, place)
        elif token.type == "html_block":
            yield from _paragraph(_untagged(token.content), place)
        elif token.type == "fence":
            yield from _code(token.content.strip(), place)
        index += 1


def _closing(tokens: Sequence[Token], start: int, kind: str) -> int:
    return next(index for index in range(start, len(tokens)) if tokens[index].type == kind)


def _inline(token: Token, place: _Place) -> Iterator[Sentence]:
    children, text = token.children or [], _plain(token)
    if text == _GAP:
        place.leap()
        return
    if place.depth > 0 and _wrapped(children, "link"):  # a table of contents
        return
    if place.depth == 0 and _wrapped(children, "strong"):  # a heading by other means
        place.say(text)
        return
    yield from _paragraph(text, place)


def _wrapped(children: Sequence[Token], kind: str) -> bool:
    """Whether one link, or one run of bold, is all there is."""
    told = [child.type for child in children if child.type != "text" or child.content.strip()]
    ends = [f"{kind}_open", f"{kind}_close"]
    return [told[0], told[-1]] == ends and told.count(ends[0]) == 1 if told else False


def _paragraph(prose: str, place: _Place) -> Iterator[Sentence]:
    if place.depth > 0:
        yield from _item(prose, place)
    elif prose.startswith("|"):  # rows whose header stayed in another chunk
        yield from _row([], [cell.strip() for cell in prose.strip("|").split("|")], place)
    else:
        for text in sentence_texts(prose):
            yield Sentence(text, (text,), place.context(), section=place.section)
            place.say(text)


def _item(prose: str, place: _Place) -> Iterator[Sentence]:
    whole = len(prose.split()) <= _LONGEST_ITEM
    context = place.context(*place.introductions(place.depth))
    for text in [prose] if whole and prose else sentence_texts(prose):
        yield Sentence(text, (text,), context, item=True, depth=place.depth, section=place.section)
        place.say(text)


def _code(code: str, place: _Place) -> Iterator[Sentence]:
    if code and len(code) <= _LONGEST_CODE:
        one_line = " ".join(code.split())
        context = place.context(*place.introductions(place.depth + 1))
        yield Sentence(f"`{one_line}`", (one_line,), context, item=True, depth=place.depth, section=place.section)


def _rows(table: Sequence[Token], place: _Place) -> Iterator[Sentence]:
    header: list[str] = []
    cells: list[str] = []
    for index, token in enumerate(table):
        if token.type == "tr_open":
            cells = []
        elif token.type in ("th_open", "td_open"):
            cells.append(_plain(table[index + 1]))
        elif token.type == "thead_close":
            header = cells
        elif token.type == "tr_close" and table[index + 1].type != "thead_close":
            yield from _row(header, cells, place)


def _row(header: Sequence[str], cells: Sequence[str], place: _Place) -> Iterator[Sentence]:
    shown = tuple(cell for cell in cells if cell)
    if shown:
        context = place.context(*place.introductions(place.depth + 1), *header)
        yield Sentence(_row_text(header, cells), shown, context, item=True, section=place.section)


def _row_text(header: Sequence[str], cells: Sequence[str]) -> str:
    """`Boiler: brass` of two columns, `Merlin: Price £489, Weight 9.2 kg` of more."""
    label, *values = cells
    names = [*header[1:], *[""] * len(values)]
    if len(values) == 1:
        names = [""]
    told = ", ".join(_cell(name, value) for name, value in zip(names, values, strict=False) if value)
    return f"{label}: {told}" if label and told else label or told


def _cell(name: str, value: str) -> str:
    """`Weight 9.2 kg`, also where the column is called `Weight in kg` or `Weight (kg)`."""
    unit = _UNIT.fullmatch(name) if _NUMBER.fullmatch(value) else None
    return f"{unit['name']} {value} {unit['in'] or unit['of']}" if unit else f"{name} {value}".strip()


def _plain(inline: Token) -> str:
    """Inline Markdown as the page shows it: no emphasis marks, link targets or images."""
    pieces = [_piece(child) for child in inline.children or ()]
    return " ".join("".join(pieces).split())


def _piece(token: Token) -> str:
    if token.type in ("text", "code_inline", "text_special"):
        return token.content
    if token.type in ("softbreak", "hardbreak") or token.content.startswith("<br"):
        return " "
    return ""


def _untagged(markup: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", markup)).split())
