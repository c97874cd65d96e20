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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from core.records import Passage
from core.words import STOP_WORDS, content, stem
from serving.agent.reading import Line, Reading, Terms, read
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


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line of the n-th passage, from 1, and how much it bears on the question."""

    n: int
    line: Line
    score: float


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
    lines = [(n, line) for n, passage in enumerate(passages, 1) for line in read(passage.chunk).lines]
    if not lines:
        return []
    spelled, before = _with_measures(respelled(question, passages)), respelled(carried, passages)
    asked = _asked(content(spelled), content(before), [line for _, line in lines])
    lent = _passage_scores(asked, passages, await similarity.scaled(_dense(passages)))
    known = [
        Candidate(n, line, lent[n - 1] + _WORDS * asked.share(line.own, line.context) - _cost(line))
        for n, line in lines
    ]
    meant = [spelled, f"{before}\n{spelled}"] if before else [spelled]
    return await _compared(meant, sorted(known, key=_score, reverse=True)[:SHORTLIST], similarity)


async def _compared(meant: Sequence[str], shortlist: Sequence[Candidate], similarity: Similarity) -> list[Candidate]:
    """By whichever reading of the question a sentence comes nearest to."""
    texts = [each.line.embedded for each in shortlist]
    nearest = map(max, *[await similarity.to(reading, texts) for reading in meant], [-1.0] * len(texts))
    compared = [
        Candidate(each.n, each.line, each.score + meaning) for each, meaning in zip(shortlist, nearest, strict=True)
    ]
    return sorted(compared, key=_score, reverse=True)


def _cost(line: Line) -> float:
    """What a sentence loses that says where the answer is (`See booking a course.`) and not the answer."""
    sentence = line.sentence
    return _POINTER if not sentence.item and _POINTS_ELSEWHERE.search(sentence.text) else 0.0


def _score(candidate: Candidate) -> float:
    return candidate.score


def _dense(passages: Sequence[Passage]) -> list[float]:
    """A passage that only its words found counts like the least similar one."""
    least = min((passage.dense for passage in passages if passage.dense is not None), default=0.0)
    return [least if passage.dense is None else passage.dense for passage in passages]


def _passage_scores(asked: _Asked, passages: Sequence[Passage], meanings: Sequence[float]) -> list[float]:
    """What each passage lends to its sentences."""
    return [
        _PASSAGE * meaning + _PASSAGE_WORDS * asked.share(read(passage.chunk).terms) - _RANK * rank
        for rank, (passage, meaning) in enumerate(zip(passages, meanings, strict=True))
    ]


def _asked(own: Sequence[str], before: Sequence[str], lines: Sequence[Line]) -> _Asked:
    """The words of a question and of what it takes along."""
    weights = {term: _rarity(term, lines) for term in [*own, *before]}
    return _Asked({term: weight if term in own else _CARRIED * weight for term, weight in weights.items()})


def _rarity(term: str, lines: Sequence[Line]) -> float:
    """BM25's idf over the lines."""
    seen = sum(term in line.own for line in lines)
    return math.log1p((len(lines) - seen + 0.5) / (seen + 0.5))


def respelled(question: str, passages: Sequence[Passage]) -> str:
    """The question with its misspelt words as the passages spell them."""
    readings = [read(passage.chunk) for passage in passages]
    stems = frozenset().union(*(each.stems for each in readings))
    return " ".join(_spelling(word, readings, stems) for word in question.split())


def _with_measures(question: str) -> str:
    """The question, with the noun for what it asks to be measured."""
    nouns = [_MEASURES[word.casefold()] for word in _HOW.findall(question) if word.casefold() in _MEASURES]
    return f"{question} ({', '.join(nouns)})" if nouns else question


def _spelling(token: str, readings: Sequence[Reading], stems: Terms) -> str:
    word = token.casefold().strip("?!.,;:'\"()")
    if len(word) < 4 or not word.isalpha() or word in STOP_WORDS or stem(word) in stems:
        return token
    known = frozenset().union(*(each.words for each in readings))
    alike = [other for other in known if other[0] == word[0] and abs(len(other) - len(word)) < 3]
    return next(iter(difflib.get_close_matches(word, alike, 1, _TYPO)), token)
