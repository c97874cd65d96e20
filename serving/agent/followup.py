"""Whether a question leans on the one before it, as in `And on Sundays?`. Knows no model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.particulars import names
from core.records import Message
from core.words import content
from serving.agent.parts import asks

_OPENS = re.compile(
    r"^\W*(?:and|but|or|so|then|also|yes|no|ok|okay|what about|how about|what else|i mean|i meant)\b", re.IGNORECASE
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|theirs?|this|that|those|these|ones?|same|instead|both|he|she|him|his|hers?|such|else|others?"
    r"|another)\b|\bthere\W*$",
    re.IGNORECASE,
)
_ELLIPTIC = re.compile(r"\b(?:what|how) about\b|\bwhat else\b", re.IGNORECASE)
_FEW_WORDS = 2  # of content: fewer say nothing by themselves
_ENOUGH_WORDS = 4  # of content: with them a pronoun points at something inside the question
_REMEMBERED = 400  # characters of the question before: a longer one would push the new one out of what is encoded


def in_context(question: str, history: Sequence[Message]) -> str:
    """The question, after what it takes along where it cannot stand alone; for weighing, not for people."""
    return "\n".join(filter(None, [carried(question, history), question]))


def carried(question: str, history: Sequence[Message]) -> str:
    """What a question takes along that cannot stand alone: the visitor's previous one.

    Where that one leans too, the names of what both are about come first; and it stays behind where the question says
    by itself what is asked: `How heavy is it?` after `How long is its warranty?` wants nothing of warranties.
    """
    before = [message.content for message in reversed(history) if message.role == "user"]
    if not before or not leans(question):
        return ""
    if not leans(before[0]):
        return before[0][:_REMEMBERED]
    subject = _subject(before)
    if subject and _asks(question):
        return subject
    said = before[0] if _asks(question) else next(filter(_asks, before), before[0])
    return "\n".join(filter(None, [subject, said[:_REMEMBERED]]))


def _subject(before: Sequence[str]) -> str:
    """The names in the latest question that has any and points at nothing before it."""
    named = (_named(text) for text in before if not _POINTS_BACK.search(text))
    return next(filter(None, named), "")


def _named(question: str) -> str:
    return ", ".join(dict.fromkeys(name.text for name in names(question[:_REMEMBERED])))


def _asks(question: str) -> bool:
    """Whether it says what it wants to know, as `And on Sundays?` and `What about the Merlin?` do not."""
    return bool(content(question)) and asks(question) and not _ELLIPTIC.search(question)


def leans(question: str, *, few: int = _FEW_WORDS, enough: int = _ENOUGH_WORDS) -> bool:
    """Whether it looks as if it needed what was said before it."""
    told = len(set(content(question)))
    pointing = told < enough and bool(_POINTS_BACK.search(question))
    return told < few or pointing or bool(_OPENS.search(question))
