"""What an answer has said already: a model that turns in circles is heard once. Knows no passages."""

from __future__ import annotations

import re

from core.particulars import negated
from core.words import content

_LINE = re.compile(r"\s*(?:[-*+>|#`]|\d{1,3}[.)]\s)")  # an item, a row or a heading may well say what another says
_LEANING = re.compile(r"\W*(?:it|its|they|their|this|these|that|those|he|she|his|her|both|each)\b", re.IGNORECASE)
_FEWEST = 3  # words that are about something; of fewer, saying them again may be the point


class Repeats:
    """The sentences of one answer so far."""

    def __init__(self) -> None:
        self._said: list[tuple[frozenset[str], bool]] = []
        self._before: frozenset[str] = frozenset()  # said or dropped just now; `It …` is about that

    def again(self, shown: str, plain: str) -> bool:
        """Whether a sentence holds nothing that one before it did not say; else it is remembered."""
        own, denies = frozenset(content(plain)), negated(plain)
        told = own | self._before if _LEANING.match(plain) else own
        self._before = told
        structured = bool(_LINE.match(shown)) or plain.endswith(":")
        if not structured and len(own) >= _FEWEST and any(told <= said and denies == no for said, no in self._said):
            return True
        self._said.append((told, denies))
        return False
