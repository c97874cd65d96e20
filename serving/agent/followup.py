"""Whether a question leans on the one before it, as in `And on Sundays?`. Knows no model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.records import Message
from core.words import content

_OPENS = re.compile(
    r"^\W*(?:and|but|or|so|then|also|yes|no|ok|okay|what about|how about|what else|i mean|i meant)\b", re.IGNORECASE
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|theirs?|this|that|those|these|ones?|same|instead|both|he|she|him|his|hers?|such|else|others?"
    r"|another)\b|\bthere\W*$",
    re.IGNORECASE,
)
_FEW_WORDS = 2  # of content: fewer say nothing by themselves
_ENOUGH_WORDS = 4  # of content: with them a pronoun points at something inside the question
_REMEMBERED = 400  # characters of the questions before: longer ones would push the new one out of what is encoded
_BACK = 3  # questions that may lean on each other


def in_context(question: str, history: Sequence[Message]) -> str:
    """The question, after the visitor's earlier ones back to one that stands alone; for search, not for people."""
    if not leans(question):
        return question
    before: list[str] = []
    for earlier in _questions(history)[:_BACK]:
        before.append(earlier)
        if not leans(earlier):
            break
    told = "\n".join(reversed(before))[-_REMEMBERED:]
    return f"{told}\n{question}" if told else question


def _questions(history: Sequence[Message]) -> list[str]:
    """What the visitor asked, the latest first, each from its beginning."""
    return [message.content[:_REMEMBERED] for message in reversed(history) if message.role == "user"]


def leans(question: str, *, few: int = _FEW_WORDS, enough: int = _ENOUGH_WORDS) -> bool:
    """Whether it looks as if it needed what was said before it."""
    told = len(set(content(question)))
    pointing = told < enough and bool(_POINTS_BACK.search(question))
    return told < few or pointing or bool(_OPENS.search(question))
