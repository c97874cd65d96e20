"""Rows of tables, and lines `label: value`, that name a measure: what is the price of a thing, when is a course."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from core.words import STOP_WORDS, words
from evals.drafting.drafts import Draft
from evals.drafting.pages import Page, Section
from evals.drafting.wording import gist, spoken, with_article

# What a label must end with, or say before `of`, `at` or `in`, to be asked for.
_MEASURES = """age amount area bandwidth capacity charge clearance colour color colours colors cost deadline deposit
    depth diameter dose duration fee height length life limit maximum memory minimum noise power pressure price quota
    rate range rent salary size speed temperature term throughput time timeout value voltage volume warranty weight
    width default"""
MEASURES = frozenset(_MEASURES.split())
_UNCLEAR = "amount charge length life memory noise range rate speed term time value"  # of a thing in a row
_OF_ROWS = MEASURES - set(_UNCLEAR.split()) | {"when"}
_DOCUMENT = re.compile(
    r"\b(?:manual|guide|handbook|terms|conditions|policy|agreement|list|faq|overview|page|contact|rates|notes?|history"
    r"|questions|how|what|why|we|you)\b",
    re.IGNORECASE,
)  # a title with such a word names a text, and no thing that has a price
_INTERNAL = frozenset({"amount", "memory", "rate", "speed", "term", "time"})  # of what a title seldom names
_FOR = frozenset({"default", "limit", "quota", "maximum", "minimum", "deposit", "fee", "charge", "deadline"})
_PLAIN = "item product name model part course resource machine type parameter description setting"  # names of columns
_WHOLE = {"when": "When is {what}?", "where": "Where is {what}?"}  # labels that are a question by themselves
_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_MARKED = re.compile(r"[`*\[\]<>{}\\\";=]|https?:")
_PREPOSITION = re.compile(r"\s(?:of|at|in|for|on|per|with|after|before|by|from)\s.*")
_LINE = re.compile(r"[-*] (?P<label>[A-Z][\w ×-]{2,30}): (?P<value>.+)$", re.MULTILINE)
_NOT_A_THING = re.compile(
    r"^\W*\d|\b(?:days?|weeks?|months?|hours?|years?|monday|tuesday|wednesday|thursday|friday|saturday|sunday|yes|no|none"
    r"|total|other|all|any)\b",
    re.IGNORECASE,
)
_LONGEST_VALUE, _LONGEST_THING, _SHORTEST_TABLE = 12, 7, 2
_MOST = 6  # of a section: a price list has hundreds, all alike
Row = tuple[str, ...]


def drafts(page: Page) -> Iterator[Draft]:
    """The page's subject by the labels of a table with two columns; else the things a table lists, by its header."""
    for section in page.sections:
        of_tables = (asked for table in _tables(section.text) for asked in _of_table(page, table))
        for question, answer in islice(dict([*_of_lines(page, section), *of_tables]).items(), _MOST):
            yield Draft(question, (answer,), "table", (page.path,), page.where(section))


def _of_lines(page: Page, section: Section) -> Iterator[tuple[str, str]]:
    if _DOCUMENT.search(page.title):
        return
    for match in _LINE.finditer(section.text) if not section.heading else ():
        label, value = match["label"], re.split(r"\.\s", match["value"].rstrip("."))[0]
        if _is_measure(label) and label.split()[-1].lower() not in _INTERNAL and _is_value(value):
            yield _asked(label, _subject(page), page), value


def _of_table(page: Page, table: Sequence[Row]) -> Iterator[tuple[str, str]]:
    header, *rows = table
    if len(header) == 2 and header[0] == "" != header[1]:
        yield from _of_one(rows, with_article(header[1], page.body), page)
    elif len(header) == 2 and (header[0] == "" or _is_label(header[0])):
        if not _DOCUMENT.search(page.title):
            yield from _of_one(rows if header[0] == "" else table, _subject(page), page)
    elif len(rows) >= _SHORTEST_TABLE:
        for column in range(1, len(header)):
            if header[column].lower() in _OF_ROWS:
                yield from _of_each(rows, column, header, page)


def _of_one(rows: Sequence[Row], what: str, page: Page) -> Iterator[tuple[str, str]]:
    """Each row tells one measure of the same thing."""
    labelled = [row for row in rows if _is_label(row[0])]
    if len(labelled) >= _SHORTEST_TABLE:
        yield from ((_asked(row[0], what, page), row[1]) for row in labelled if _is_value(row[1]))


def _of_each(rows: Sequence[Row], column: int, header: Row, page: Page) -> Iterator[tuple[str, str]]:
    """Each row is a thing of its own, and this column one measure of it."""
    for row in rows:
        if _is_thing(row[0]) and _is_value(row[column]):
            yield _asked(header[column], _thing(header[0], row[0], page), page), row[column]


def _thing(header: str, cell: str, page: Page) -> str:
    """`the service Merlin` is not the Merlin: what a column is called is said unless that goes without saying."""
    if len(header.split()) == 1 and header.lower() not in _PLAIN.split():
        return f"the {header.lower()} {cell}"
    return with_article(spoken(cell, page.body, page.small_words), page.body)


def _asked(label: str, what: str, page: Page) -> str:
    if label.lower() in _WHOLE:
        return _WHOLE[label.lower()].format(what=what)
    label = label[0].lower() + label[1:] if label[1:2].islower() else label
    label = spoken(label, "", page.small_words | MEASURES)
    be = "are" if re.match(r"colou?rs$", label) else "is"
    linked = "for" if label.split()[-1] in _FOR else "of"
    return f"What {be} the {label} {linked} {what}?"


def _subject(page: Page) -> str:
    return with_article(spoken(page.title, page.body, page.small_words), page.body)


def _is_label(label: str) -> bool:
    return label.lower() in _WHOLE or _is_measure(label)


def _is_measure(label: str) -> bool:
    head = _PREPOSITION.sub("", label).split()
    return bool(head) and len(label.split()) <= 5 and head[-1].lower() in MEASURES and not _MARKED.search(label)


def _is_value(value: str) -> bool:
    says = [word for word in words(value) if word not in STOP_WORDS]
    return bool(says) and len(value.split()) <= _LONGEST_VALUE and not _MARKED.search(value)


def _is_thing(thing: str) -> bool:
    plain = not _MARKED.search(thing) and not _NOT_A_THING.search(thing)
    return plain and bool(gist(thing)) and len(thing.split()) <= _LONGEST_THING


def _tables(text: str) -> Iterator[list[Row]]:
    """Each table of a text, its header first, without the rule; rows of another width are left out."""
    lines = text.split("\n")
    for index, line in enumerate(lines[1:], 1):
        if _RULE.match(line) and "|" in line and "|" in lines[index - 1]:
            header = _cells(lines[index - 1])
            body: list[Row] = []
            for row in lines[index + 1 :]:
                if "|" not in row:
                    break
                body.append(_cells(row))
            yield [header, *(row for row in body if len(row) == len(header))]


def _cells(line: str) -> Row:
    return tuple(cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|"))
