"""The words of a build and how often each stands there: what its site writes, and so what visitors mean.

One pass over the texts, once per version of the table. Knows no questions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property

import pyarrow.compute as pc

from core.knowledge import BuildTable
from core.words import stem

_WORD = re.compile(r"[^\W\d_]+")
_READ = 8192  # rows at a time
_SHORTEST, _LONGEST = 2, 30  # letters of a word that is worth keeping


class Vocabulary:
    """Words, all letters and small, and how often each stands in the build."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts

    def knows(self, word: str) -> bool:
        """Whether some chunk holds the word, or another form of it."""
        return word in self.counts or stem(word) in self._stems

    @cached_property
    def by_first(self) -> Mapping[str, list[str]]:
        """The words by their first letter."""
        found: dict[str, list[str]] = {}
        for word in self.counts:
            found.setdefault(word[0], []).append(word)
        return found

    @cached_property
    def _stems(self) -> frozenset[str]:
        return frozenset(map(stem, self.counts))


def vocabulary_of(texts: Iterable[str]) -> Vocabulary:
    """The words of a few texts."""
    return Vocabulary(Counter(word for text in texts for word in _WORD.findall(text.casefold())))


def read_vocabulary(table: BuildTable) -> Vocabulary:
    """All words of the table."""
    counts: Counter[str] = Counter()
    for batch in table.lance.search().select(["searched"]).to_batches(batch_size=_READ):
        split = pc.split_pattern_regex(pc.utf8_lower(batch["searched"]), r"[^\pL]+")
        found = pc.value_counts(split.flatten())
        for word, count in zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True):
            counts[word.casefold()] += count
    return Vocabulary({word: count for word, count in counts.items() if _SHORTEST <= len(word) <= _LONGEST})
