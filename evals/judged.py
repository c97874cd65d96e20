"""Rated answers with what their own passages say to them: split, embedded once, compared. Knows no figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.embedder import Encoder, Vectors
from core.grounding import Support, mean_signals, supports
from core.sentences import split
from core.signals import Evidence, Signals, Told
from core.similarity import STRANGERS, zero_of
from evals.rated import RatedAnswer


class Embedded:
    """An encoder that remembers: passages come with every answer to a question, sentences with every swap."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}

    def of(self, texts: Sequence[str]) -> Vectors:
        """The texts' unit vectors; what is new is encoded in one go."""
        if new := [text for text in dict.fromkeys(texts) if text not in self._known]:
            self._known.update(zip(new, self._encoder.encode(new), strict=True))
        return np.array([self._known[text] for text in texts], np.float32).reshape(len(texts), self._encoder.dimensions)

    def told(self, text: str) -> Told:
        """A text as sentences with their vectors."""
        sentences = texts_of(text)
        return Told(sentences, self.of(sentences))


@dataclass(frozen=True, slots=True)
class Judged:
    """A rated answer, its evidence, and what that says to each sentence and to the whole."""

    rated: RatedAnswer
    evidence: Evidence
    found: Sequence[Support]
    signals: Signals


def judge(answers: Iterable[RatedAnswer], embedded: Embedded) -> list[Judged]:
    """The answers that say something, each read against its passages."""
    speaking = [each for each in answers if texts_of(each.answer)]
    embedded.of([text for each in speaking for whole in (each.answer, *each.passages) for text in texts_of(whole)])
    zero = zero_of(embedded.of(STRANGERS))
    return [_judged(each, embedded, zero) for each in speaking]


def texts_of(markdown: str) -> tuple[str, ...]:
    """The sentences of a text."""
    return tuple(each.text for each in split(markdown))


def _judged(answer: RatedAnswer, embedded: Embedded, zero: float) -> Judged:
    evidence = Evidence([embedded.told(text) for text in answer.passages], answer.question, zero=zero)
    found = supports(embedded.told(answer.answer), evidence)
    return Judged(answer, evidence, found, mean_signals(found))
