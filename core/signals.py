"""What passages have in common with a sentence: meaning, words, numbers, names, yes or no. Knows no score.

Pure: texts and unit vectors in, figures from 0 to 1 out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np

from core.embedder import Vectors
from core.particulars import Particular, names, negated, numbers
from core.similarity import scaled
from core.words import content, stem, words

_NEAR = 3  # sentences, nearest in meaning, that may support one sentence together
_ALIKE, _RELATED = 0.7, 0.5  # shares of its words: about the same thing, and possibly so
_ACRONYM = 3  # letters; shorter ones are found in the initials of almost any text

T = TypeVar("T")

Place = tuple[int, int]  # which passage, and which of its sentences, from 0


class Signals(NamedTuple):
    """What is known of a sentence, each 0..1; the first four speak for it, the others against."""

    meaning: float  # cosine with the nearest sentence, on the common scale
    best: float  # share of its words in the one sentence that holds most of them
    near: float  # share of its words in the nearest sentences together
    pairs: float  # share of its neighbouring words that are neighbours in the passages
    number: float  # it states a number that is in no passage
    name: float  # it states a name that is in no passage
    far_number: float  # share of its numbers that are not where its evidence is
    far_name: float  # share of its names that are not where its evidence is
    contrary: float  # it denies what the sentence like it asserts, or the other way round


@dataclass(frozen=True, slots=True)
class Told:
    """A text's sentences with their unit vectors, row by row; `around` is its title and headings."""

    sentences: tuple[str, ...]
    vectors: Vectors
    around: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence's signals, where its nearest evidence is, and what is wrong with it in words for people."""

    signals: Signals
    evidence: Place | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence of a passage as it is compared."""

    stems: frozenset[str]
    words: frozenset[str]
    numbers: frozenset[str]
    pairs: frozenset[tuple[str, str]]  # of stems side by side
    initials: str
    denies: bool


class Evidence:
    """Passages, read once for all sentences of an answer. The question may lend an answer numbers and names, no more.

    `zero` is what the embedding model calls strangers (core/similarity.py).
    """

    def __init__(self, passages: Sequence[Told], question: str = "", *, zero: float = 0.0) -> None:
        told = [text for passage in passages for text in passage.sentences]
        aside = " ".join([question, *(passage.around for passage in passages)])
        self._places = [(n, row) for n, passage in enumerate(passages) for row in range(len(passage.sentences))]
        self._sentences = [_sentence(text) for text in told]
        self._vectors = np.concatenate([each.vectors for each in passages if each.sentences]) if told else None
        self._zero = zero
        self._rows = _rows(self._sentences)
        self._words = frozenset(words(aside)) | _union(each.words for each in self._sentences)
        self._stems = frozenset(map(stem, self._words))
        self._numbers = _values(aside) | _union(each.numbers for each in self._sentences)
        self._pairs = _union(each.pairs for each in self._sentences)
        self._initials = " ".join([*(each.initials for each in self._sentences), _initials(words(aside))])

    def read(self, sentence: str, vector: Vectors) -> Reading:
        """What the passages have in common with a sentence, given its unit vector."""
        stated, named = numbers(sentence), names(sentence)
        number, name = self._unknown_number(stated), self._unknown_name(named)
        unknown = {"number": float(number is not None), "name": float(name is not None)}
        if self._vectors is None:
            signals, evidence = Signals(0, 0, 0, 0, far_number=0, far_name=0, contrary=0, **unknown), None
        else:
            cosines = self._vectors @ vector
            order = np.argsort(-cosines)[:_NEAR].tolist()
            meaning = max(0.0, scaled([float(cosines[order[0]])], self._zero)[0])
            compared = self._compared(sentence, stated, named, [self._sentences[row] for row in order])
            signals, evidence = Signals(meaning=meaning, **unknown, **compared), self._places[order[0]]
        return Reading(signals, evidence, _problem(number, name, contrary=signals.contrary > 0))

    def _compared(
        self, sentence: str, stated: Sequence[Particular], named: Sequence[Particular], near: Sequence[_Sentence]
    ) -> dict[str, float]:
        terms = content(sentence)
        fullest = self._sentences[self._fullest(terms)]
        local = [*near, fullest]
        local_numbers, local_words = _union(each.numbers for each in local), _union(each.words for each in local)
        return {
            "best": _share(terms, fullest.stems),
            "near": _share(terms, _union(each.stems for each in near)),
            "pairs": _share(list(pairwise(terms)), self._pairs) if len(terms) > 1 else _share(terms, self._stems),
            "far_number": _missing(stated, local_numbers.__contains__),
            "far_name": _missing(named, _one_of(local_words)),
            "contrary": float(_contrary(sentence, terms, near)),
        }

    def _fullest(self, terms: Sequence[str]) -> int:
        """The first of the sentences that hold most of the terms."""
        held = Counter(row for term in terms for row in self._rows.get(term, ()))
        return max(held, key=lambda row: (held[row], -row), default=0)

    def _unknown_number(self, stated: Sequence[Particular]) -> Particular | None:
        return next((each for each in stated if each.parts[0] not in self._numbers), None)

    def _unknown_name(self, named: Sequence[Particular]) -> Particular | None:
        return next((each for each in named if not all(map(self._knows, each.parts))), None)

    def _knows(self, word: str) -> bool:
        spelled_out = len(word) >= _ACRONYM and word in self._initials
        return spelled_out or word in self._words or stem(word) in self._stems


def _rows(sentences: Sequence[_Sentence]) -> dict[str, list[int]]:
    """By stem, the sentences that hold it."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, sentence in enumerate(sentences):
        for term in sentence.stems:
            rows[term].append(row)
    return rows


def _contrary(sentence: str, terms: Sequence[str], near: Sequence[_Sentence]) -> bool:
    """Whether what is alike says yes to its no, and nothing related agrees with it."""
    denies = negated(sentence)
    shares = [_share(terms, each.stems) for each in near]
    agrees = [each.denies == denies for each in near]
    related = any(agree and share >= _RELATED for agree, share in zip(agrees, shares, strict=True))
    return max(shares) >= _ALIKE and bool(terms) and not related


def _problem(number: Particular | None, name: Particular | None, *, contrary: bool) -> str | None:
    if number is not None:
        return f"the number {number.text} is in no passage"
    if name is not None:
        return f"the name {name.text} is in no passage"
    return "the passages say the contrary" if contrary else None


@lru_cache(maxsize=8192)
def _sentence(text: str) -> _Sentence:
    told, terms = words(text), content(text)
    pairs = frozenset(pairwise(terms))
    return _Sentence(frozenset(terms), frozenset(told), _values(text), pairs, _initials(told), negated(text))


def _initials(told: Sequence[str]) -> str:
    return "".join(word[0] for word in told)


def _values(text: str) -> frozenset[str]:
    return frozenset(each.parts[0] for each in numbers(text))


def _union(sets: Iterable[frozenset[T]]) -> frozenset[T]:
    return frozenset().union(*sets)


def _one_of(held: frozenset[str]) -> Callable[[str], bool]:
    stems = frozenset(map(stem, held))
    return lambda word: word in held or stem(word) in stems


def _share(terms: Sequence[object], held: frozenset[object]) -> float:
    """How many of the terms are held, 0..1; a sentence without any claims nothing."""
    return sum(map(held.__contains__, terms)) / len(terms) if terms else 1.0


def _missing(stated: Sequence[Particular], held: Callable[[str], bool]) -> float:
    """How many of the particulars are not held with all their parts, 0..1."""
    return sum(not all(map(held, each.parts)) for each in stated) / len(stated) if stated else 0.0
