"""Rows of tables and lists, as something that can be said: which of them, and how their sentences begin. No model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.records import Passage
from core.sentences import Sentence
from core.words import STOP_WORDS, content, words

_MOST_ROWS = 2  # of a passage; more are a list, and read better as one
_LONGEST = 12  # words of a row that are about something

_LABEL = re.compile(r"[^\W\d_]\S*(?: \S+){0,5}")
_JOINING = frozenset({"and", "of", "per"})  # small words that a label may well hold
_SMALL = re.compile(r"\b[a-z]\w*")
_COMMON = frozenset(
    ["capacity", "deposit", "depth", "height", "length", "power", "price", "size", "warranty", "weight", "width"]
)
_DAY = re.compile(r"(?:mon|tues|wednes|thurs|fri|satur|sun)day\b", re.IGNORECASE)


def tellable(sentences: Sequence[Sentence]) -> bool:
    """Whether they hold rows that can be told one by one: few, short, and introduced by nothing."""
    rows = [each.text for each in sentences if each.item]
    introduced = any(each.text.endswith(":") for each in sentences)
    return 0 < len(rows) <= _MOST_ROWS and not introduced and all(len(content(row)) <= _LONGEST for row in rows)


def beginning(row: str, small: frozenset[str]) -> str:
    """`The weight` for `Weight: 9.2 kg`; "" for a row without a label that a sentence could begin with."""
    label, colon, _ = row.partition(": ")
    if not colon or not _LABEL.fullmatch(label) or STOP_WORDS.intersection(words(label)) - _JOINING:
        return ""
    if _DAY.match(label):
        return f"On {label}"
    first, *more = label.split()
    return " ".join(["The", first.casefold() if first.casefold() in small else first, *more])


def small_words(passages: Sequence[Passage]) -> frozenset[str]:
    """What no passage uses as a name only: words that it writes without a capital. Visitors write names so, too."""
    return _COMMON.union(word for passage in passages for word in _SMALL.findall(passage.chunk.text))
