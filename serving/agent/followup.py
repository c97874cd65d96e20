"""What a question is about when it leans on the one before it: `And on Sundays?`. Knows no model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.records import Message
from core.words import content

_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|that|those|these|this|there|ones?|he|him|his|she|her|same|instead|both)\b"
    r"|^\W*(?:and|but|or|so|what about|how about)\b",
    re.IGNORECASE,
)
_FEW_WORDS = 3


def in_context(question: str, history: Sequence[Message]) -> str:
    """The question, after the visitor's previous one where it cannot stand alone; for search, not for people."""
    before = next((message.content for message in reversed(history) if message.role == "user"), "")
    return f"{before}\n{question}" if before and _leans(question) else question


def _leans(question: str) -> bool:
    return bool(_POINTS_BACK.search(question)) or len(set(content(question))) < _FEW_WORDS
