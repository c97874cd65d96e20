"""Whether a sentence says again what a line of a page says: all of it, in its order, and nothing else. Knows no model.

Stricter than grounding, which a small model passes that mixes up true words. Here nothing can be mixed up: the line's
words and numbers come in the line's order, each of them, and what is new only joins them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from core.particulars import numbers
from core.sentences import sentence_texts
from core.words import content, words

_SIGNS = "£$€¥₹%°"
_MINUS = re.compile(r"(?<!\w)[-−](?=[£$€¥₹]?\d)")
_PIECES = re.compile(r"[,;]\s+")
_SMALL = """about above after all almost always before below between both each either else every except few fewer if
    less least many maximum minimum more most never no nobody none nor not nothing off only or other over per same some
    than under unless until up within without if may might can could will would shall should must had was were been"""
_LIMITS = frozenset(_SMALL.split())  # they change what is said of the others
_KEPT = frozenset({"from"})  # as well, where the line has it; a sentence may say `from 9 to 5` of `9 to 5`
_SAYING = "are come comes cost costs get gets has have is last lasts open opens take takes was were"
_VERBS = frozenset(_SAYING.split())
_JOINING = frozenset(content(_SAYING))


def retells(said: str, line: str, around: str) -> bool:
    """Whether `said` is the line as a sentence; `around`, its title and headings, may lend it words, no numbers."""
    return (
        len(sentence_texts(said)) == 1
        and ": " not in said
        and not said.endswith("?")
        and not _VERBS.isdisjoint(words(said))
        and _values(said) == _values(line)
        and all(said.count(sign) == line.count(sign) for sign in _SIGNS)
        and len(_MINUS.findall(said)) == len(_MINUS.findall(line))
        and _counted(said, _LIMITS) == _counted(line, _LIMITS)
        and _counted(said, _KEPT) >= _counted(line, _KEPT)
        and _in_order(_told(said), _told(line), {*content(around), *_JOINING})
        and _piece_by_piece(content(said), [content(piece) for piece in _PIECES.split(line)])
    )


def _in_order(said: Sequence[str], line: Sequence[str], lent: set[str]) -> bool:
    own = set(line)
    return [word for word in said if word in own] == line and all(word in lent for word in said if word not in own)


def _piece_by_piece(said: Sequence[str], pieces: Sequence[Sequence[str]]) -> bool:
    """Whether no number is said among the words of another piece: `Café closed, Library 11:00 to 15:00` has two."""
    places = [(n, word) for n, piece in enumerate(pieces) for word in piece]
    numbered = iter([n for n, word in places if word[0].isdigit()])
    named = iter([n for n, word in places if not word[0].isdigit()])
    own = {word for _, word in places}
    order = [next(numbered if word[0].isdigit() else named, -1) for word in said if word[0].isdigit() or word in own]
    return order == sorted(order)


def _told(text: str) -> list[str]:
    """The words that are about something; numbers are compared by value."""
    return [word for word in content(text) if not word[0].isdigit()]


def _values(text: str) -> list[str]:
    return [each.parts[0] for each in numbers(text)]


def _counted(text: str, small: frozenset[str]) -> Counter[str]:
    return Counter(word for word in words(text) if word in small)
