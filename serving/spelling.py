"""Misspelt words of a question as the site spells them: `gridner` is `grinder` where its pages know only that one.

A word that no page holds, and English does not have, is taken for the closest one that some page does, by one slip of
the finger, or two in a long word. Knows no search. Figures: evals/LOG.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidfuzz import process
from rapidfuzz.distance import OSA

from core.embedder import packaged_tokenizer
from core.knowledge import Query
from core.words import STOP_WORDS
from serving.vocabulary import Vocabulary

_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST = 4  # letters: shorter words have too many neighbours
_ENDINGS = ("s", "es", "ed", "ing", "ly")
_LONG = 8  # letters from which two slips are one word still


@dataclass(frozen=True, slots=True)
class Spelled:
    """A question as the site would spell it, and the words that were put right."""

    question: str
    misspelt: tuple[str, ...] = ()

    def beside(self, query: Query) -> Query:
        """The query with the words as they were typed, too: one may be a name that is newer than the vocabulary."""
        return replace(query, also=(*query.also, *((word, 1.0) for word in self.misspelt)))


def spelled(question: str, *known: Vocabulary) -> Spelled:
    """The question with its misspelt words as the site has them; an unknown name stays where nothing is close."""
    misspelt: list[str] = []

    def mended(found: re.Match[str]) -> str:
        right = _closest(found[0].casefold(), known)
        if right is None:
            return found[0]
        misspelt.append(found[0])
        return right.capitalize() if found[0][0].isupper() else right

    return Spelled(_WORD.sub(mended, question), tuple(misspelt))


def _closest(word: str, known: Sequence[Vocabulary]) -> str | None:
    if len(word) < _SHORTEST or word in STOP_WORDS or any(each.knows(word) for each in known) or is_english(word):
        return None
    slips = 2 if len(word) >= _LONG else 1
    near = [
        (distance, -vocabulary.counts[right], right)
        for vocabulary in known
        for right, distance, _ in process.extract(
            word, vocabulary.by_first.get(word[0], ()), scorer=OSA.distance, score_cutoff=slips, limit=None
        )
    ]
    return min(near)[-1] if near else None


def is_english(word: str) -> bool:
    """Whether the packaged model, which reads English, has the word as one of its 30,000 tokens, ending aside."""
    forms = {word, *(word.removesuffix(ending) for ending in _ENDINGS)}
    return any(len(form) >= _SHORTEST and len(packaged_tokenizer().offsets(form)) == 1 for form in forms)
