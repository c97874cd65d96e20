"""Which sentences of the passages bear on a question, and how much. Knows neither writers nor prompts.

A sentence counts by its meaning (cosine), by the question's words it holds, each weighted by how rare it is
among the candidates, by its headings at half, and by the passage it stands in. The same number says whether the
passages answer at all (answerable.py). Weights were fitted on ClapNQ, XQuAD, AWS pages and the sample site;
neighbouring values do as well.
"""

from __future__ import annotations

import difflib
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from core.records import Passage
from core.sentences import Sentence, split
from core.words import STOP_WORDS, content, stem, words
from serving.agent.similarity import Similarity

SHORTLIST = 16  # sentences that are embedded; in 99% of the questions the gold one was among them

_WORDS, _CONTEXT, _PASSAGE_WORDS = 0.5, 0.5, 0.17
_PASSAGE, _RANK = 0.75, 0.02
_CARRIED = 0.25  # of the weight of a word that only an earlier question holds
_MANY_WORDS = 4  # rare words that a long question need not exceed: visitors tell stories around what they ask
_POINTER = 0.3  # what it costs a sentence that its facts are elsewhere
_TYPO = 0.82  # difflib's ratio from which an unknown word is a misspelt one

_POINTS_ELSEWHERE = re.compile(
    r"^(?:please )?(?:see|read)\b(?!.*[:;])"
    r"|, see (?:\w+ ){1,3}\w+\W*$"
    r"|\b(?:explained|described|listed|found) (?:in|on|under|below)\b"
    r"|^on these \w+ we\b",
    re.IGNORECASE,
)

_HOW = re.compile(r"\bhow (\w+)\b", re.IGNORECASE)
_MEASURES = {
    "big": "size",
    "deep": "depth",
    "far": "distance",
    "fast": "speed",
    "heavy": "weight",
    "high": "height",
    "hot": "temperature",
    "large": "size",
    "old": "age",
    "tall": "height",
    "wide": "width",
}  # `How heavy is it?` asks for a weight, and pages say `Weight: 9.2 kg`

Terms = frozenset[str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of the n-th passage (from 1), at its position there, with its stems and those of its headings."""

    n: int
    position: int
    sentence: Sentence
    embedded: str  # a row of a table means little without its page's title
    own: Terms
    context: Terms
    score: float = 0.0


@dataclass(frozen=True)
class _Asked:
    """The question's words, each with its weight."""

    weights: Mapping[str, float]

    @cached_property
    def total(self) -> float:
        rarest = sorted(self.weights.values())[-_MANY_WORDS:]
        return sum(rarest) or 1.0

    def share(self, own: Terms, context: Terms = frozenset()) -> float:
        """How much of the question these words hold, 0..1."""
        told = sum(
            weight if term in own else _CONTEXT * weight
            for term, weight in self.weights.items()
            if term in own or term in context
        )
        return min(1.0, told / self.total)


async def weigh(
    question: str, passages: Sequence[Passage], similarity: Similarity, carried: str = ""
) -> list[Candidate]:
    """The sentences worth a look with their scores, best first; [] where the passages hold none.

    `carried` is what the question takes along from those before it (followup.py); its words count for less.
    """
    candidates = [each for n, passage in enumerate(passages, 1) for each in _candidates(n, passage)]
    if not candidates:
        return []
    spelled, before = _with_measures(respelled(question, passages)), respelled(carried, passages)
    asked = _asked(content(spelled), content(before), candidates)
    passage_scores = _passage_scores(asked, passages, await similarity.scaled(_dense(passages)))
    known = [
        replace(each, score=passage_scores[each.n - 1] + _WORDS * asked.share(each.own, each.context) - _cost(each))
        for each in candidates
    ]
    meant = [spelled, f"{before}\n{spelled}"] if before else [spelled]
    return await _compared(meant, sorted(known, key=_score, reverse=True)[:SHORTLIST], similarity)


async def _compared(meant: Sequence[str], shortlist: Sequence[Candidate], similarity: Similarity) -> list[Candidate]:
    """By whichever reading of the question a sentence comes nearest to."""
    texts = [each.embedded for each in shortlist]
    nearest = map(max, *[await similarity.to(reading, texts) for reading in meant], [-1.0] * len(texts))
    compared = [replace(each, score=each.score + meaning) for each, meaning in zip(shortlist, nearest, strict=True)]
    return sorted(compared, key=_score, reverse=True)


def _cost(candidate: Candidate) -> float:
    """What a sentence loses that says where the answer is (`See booking a course.`) and not the answer."""
    sentence = candidate.sentence
    return _POINTER if not sentence.item and _POINTS_ELSEWHERE.search(sentence.text) else 0.0


def _score(candidate: Candidate) -> float:
    return candidate.score


def _candidates(n: int, passage: Passage) -> list[Candidate]:
    chunk = passage.chunk
    return [
        Candidate(
            n=n,
            position=position,
            sentence=each,
            embedded=f"{chunk.title}: {each.text}" if each.is_row else each.text,
            own=frozenset(content(each.text)),
            context=frozenset(content(f"{chunk.title} {chunk.heading} {each.context}")),
        )
        for position, each in enumerate(split(chunk.text))
    ]


def _dense(passages: Sequence[Passage]) -> list[float]:
    """A passage that only its words found counts like the least similar one."""
    least = min((passage.dense for passage in passages if passage.dense is not None), default=0.0)
    return [least if passage.dense is None else passage.dense for passage in passages]


def _passage_scores(asked: _Asked, passages: Sequence[Passage], meanings: Sequence[float]) -> list[float]:
    """What each passage lends to its sentences."""
    return [
        _PASSAGE * meaning + _PASSAGE_WORDS * asked.share(frozenset(content(everything(passage)))) - _RANK * rank
        for rank, (passage, meaning) in enumerate(zip(passages, meanings, strict=True))
    ]


def everything(passage: Passage) -> str:
    """A passage's words with those of its place."""
    return f"{passage.chunk.title} {passage.chunk.heading} {passage.chunk.text}"


def _asked(own: Sequence[str], before: Sequence[str], candidates: Sequence[Candidate]) -> _Asked:
    """The words of a question and of what it takes along."""
    weights = _rarity([*own, *before], candidates)
    return _Asked({term: weight if term in own else _CARRIED * weight for term, weight in weights.items()})


def _rarity(terms: Sequence[str], candidates: Sequence[Candidate]) -> dict[str, float]:
    """BM25's idf over the candidate sentences."""
    seen = Counter(term for candidate in candidates for term in candidate.own)
    total = len(candidates)
    return {term: math.log1p((total - seen[term] + 0.5) / (seen[term] + 0.5)) for term in terms}


def respelled(question: str, passages: Sequence[Passage]) -> str:
    """The question with its misspelt words as the passages spell them."""
    known = {word for passage in passages for word in words(everything(passage))}
    stems = {stem(word) for word in known}
    return " ".join(_spelling(word, known, stems) for word in question.split())


def _with_measures(question: str) -> str:
    """The question, with the noun for what it asks to be measured."""
    nouns = [_MEASURES[word.casefold()] for word in _HOW.findall(question) if word.casefold() in _MEASURES]
    return f"{question} ({', '.join(nouns)})" if nouns else question


def _spelling(token: str, known: set[str], stems: set[str]) -> str:
    word = token.casefold().strip("?!.,;:'\"()")
    if len(word) < 4 or not word.isalpha() or word in STOP_WORDS or stem(word) in stems:
        return token
    alike = [other for other in known if other[0] == word[0] and abs(len(other) - len(word)) < 3]
    return next(iter(difflib.get_close_matches(word, alike, 1, _TYPO)), token)
