"""How far passages support an answer, sentence by sentence and as a whole. No model, no network: vectors come in.

A logistic regression over the signals says how faithful people would find a text. They forgive a whole answer one
wrong number; a sentence is not forgiven: a number or name that is in no passage, or a yes for a no, vetoes it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.embedder import Vectors
from core.signals import Evidence, Place, Signals, Told
from core.words import content

_LARGEST = 30.0  # logit; more is 1.0


@dataclass(frozen=True, slots=True)
class Fit:
    """A logistic regression over signals, 0..1 as people's faithfulness from worst to best."""

    intercept: float
    coefficients: Signals

    def answer(self, mean: Signals) -> float:
        """An answer's score from the mean signals of its sentences."""
        return _logistic(self.intercept + _dot(self.coefficients, mean))

    def sentence(self, signals: Signals) -> float:
        """A sentence's score: as an answer's, vetoes included."""
        return _logistic(self.intercept + _dot(self.coefficients, signals) - _dot(VETOES, signals))


# `python -m evals groundedness ../shared/data/mtrag/human_eval.jsonl` fits these on all its answers and prints them
# (evals/calibration.py). Signals that only swapped or negated sentences tell apart stay at 0 and are vetoes.
FITTED = Fit(
    intercept=-1.35,
    coefficients=Signals(
        meaning=1.05, best=1.11, near=1.48, pairs=1.69, number=-1.21, name=-0.96, far_number=0, far_name=0, contrary=0
    ),
)

# Chosen, not fitted: well above what good words can make up for, and half as sure where a number is elsewhere only.
VETOES = Signals(0, 0, 0, 0, number=6, name=6, far_number=3, far_name=1.5, contrary=6)


@dataclass(frozen=True, slots=True)
class Support:
    """What the passages say to one sentence; `evidence` is the nearest sentence of a passage."""

    sentence: str
    score: float
    evidence: Place | None
    problem: str | None  # an unsupported number or name, or a contradiction, in words for people
    signals: Signals


def support(sentence: str, vector: Vectors, evidence: Evidence) -> Support:
    """What the passages say to one sentence, given its unit vector."""
    reading = evidence.read(sentence, vector)
    return Support(sentence, FITTED.sentence(reading.signals), reading.evidence, reading.problem, reading.signals)


def supports(answer: Told, evidence: Evidence) -> list[Support]:
    """What the passages say to each sentence of an answer, in order."""
    return [support(text, vector, evidence) for text, vector in zip(answer.sentences, answer.vectors, strict=True)]


def groundedness(found: Sequence[Support]) -> float:
    """One score for a whole answer, 0..1; nothing said is not grounded."""
    return FITTED.answer(mean_signals(found)) if found else 0.0


def mean_signals(found: Sequence[Support]) -> Signals:
    """An answer's signals; a sentence counts by its words that are about something, as one word at least."""
    weights = [max(1, len(content(each.sentence))) for each in found]
    return Signals(*np.average([each.signals for each in found], axis=0, weights=weights).tolist())


def _dot(left: Signals, right: Signals) -> float:
    return sum(one * other for one, other in zip(left, right, strict=True))


def _logistic(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-_LARGEST, min(_LARGEST, logit))))
