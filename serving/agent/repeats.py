"""What an answer has said already: a model that turns in circles is heard once. Knows no passages."""

from __future__ import annotations

import re

from core.particulars import negated
from core.words import content

_LINE = re.compile(r"\s*(?:[-*+>|#`]|\d{1,3}[.)]\s)")  # an item, a row or a heading may well say what another says
_FEWEST = 3  # words that are about something; of fewer, saying them again may be the point


class Repeats:
    """The sentences of one answer so far."""

    def __init__(self) -> None:
        self._said: list[tuple[frozenset[str], bool]] = []

    def again(self, shown: str, plain: str) -> bool:
        """Whether a sentence holds nothing that one before it did not say; else it is remembered."""
        told, denies = frozenset(content(plain)), negated(plain)
        structured = bool(_LINE.match(shown)) or plain.endswith(":")
        if not structured and len(told) >= _FEWEST and any(told <= said and denies == no for said, no in self._said):
            return True
        self._said.append((told, denies))
        return False
