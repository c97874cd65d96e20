"""Whether a sentence gives away how the assistant was set up: by runs of words that only its rules hold."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from core.words import words

_RUN = 8  # words; shorter runs are in any text about answering
_WHOLE = 5  # words of a sentence that is wholly in the rules


class Leaks:
    """Knows the rules, and the public text in which they may stand as well."""

    def __init__(self, secret: str, public: Sequence[str]) -> None:
        self._secret = _folded(secret)
        self._public = public

    def in_(self, sentence: str) -> bool:
        """Whether it repeats the rules."""
        said = words(sentence)
        size = min(_RUN, len(said))
        runs = (_joined(said[start : start + size]) for start in range(len(said) - size + 1))
        return size >= _WHOLE and any(run in self._secret and not self._is_public(run) for run in runs)

    def _is_public(self, run: str) -> bool:
        return any(run in _folded(text) for text in self._public)


@lru_cache(maxsize=256)  # rules are the same turn by turn
def _folded(text: str) -> str:
    return _joined(words(text))


def _joined(said: Sequence[str]) -> str:
    return f" {' '.join(said)} "
