"""What a question takes along from what was said before it: a little, much or nothing, as it needs. Asks no model.

A search is by the question first. Where it leans on the conversation (`Do they provide online services?`), or goes on
with it, earlier words are searched for too and its vector moves towards theirs; the less, the better some passage
meets the question by itself. One about something else stays alone. Weights: evals/LOG.md; neighbours do as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.knowledge import BuildTable, Query, Vector
from core.records import Message
from core.similarity import scaled
from core.words import content
from serving.agent.followup import leans

_QUESTIONS = 3  # of the visitor's earlier ones, the latest first
_SHARE = 0.3  # of the latest question, and of the answer to it, beside the new one
_FADING = 0.8  # of that for each question further back
_ANSWER_WORDS = 0.8  # an answer's words share what a question's weigh, so each of many weighs little
_REMEMBERED = 200  # characters of a message: more cost time to encode and find no more
_FEW_WORDS, _ENOUGH_WORDS = 3, 7  # of content: fewer lean anyway; with so many, a pronoun points inside the question
_NEAR = (0.05, 0.15)  # likeness to what was said from which a question goes on with it, and surely does
_CLEAR = (0.45, 0.65)  # likeness to the best passage from which a question is clear by itself, and surely is
_STILL = 0.1  # of the context, for one that is clear


@dataclass(frozen=True, slots=True)
class Said:
    """An earlier message, with how much it counts by its words and by its meaning."""

    text: str
    words: float
    meaning: float


@dataclass(frozen=True)
class Asked:
    """A question with the messages that it may take something from: the latest question first."""

    question: str
    said: tuple[Said, ...]

    @property
    def texts(self) -> list[str]:
        """What `understood` needs the vectors of, in this order."""
        return [self.question, *(each.text for each in self.said)]


def asked(question: str, history: Sequence[Message]) -> Asked:
    """The question beside the visitor's last ones and the last answer; `history` is oldest first."""
    told = max(len(set(content(question))), _FEW_WORDS)
    before = _latest(history, "user")[:_QUESTIONS]
    questions = [
        Said(text, _SHARE * _FADING**age * _balance(told, text), _SHARE * _FADING**age)
        for age, text in enumerate(before)
    ]
    answers = [Said(text, _ANSWER_WORDS * _balance(told, text), _SHARE) for text in _latest(history, "assistant")[:1]]
    return Asked(question, (*questions[:1], *answers, *questions[1:]))


def understood(asked: Asked, vectors: NDArray[np.float32], table: BuildTable, zero: float) -> Query:
    """The query for a question with its context; `zero` is the cosine that its model gives to strangers."""
    alone = Query(asked.question, vectors[0])
    need = _need(asked, vectors, zero)
    if need:
        need *= 1 - (1 - _STILL) * _clear(alone, table, zero)
    if not need:
        return alone
    also = tuple((each.text, need * each.words) for each in asked.said)
    return replace(alone, vector=_moved(vectors, [need * each.meaning for each in asked.said]), also=also)


def _latest(history: Sequence[Message], role: str) -> list[str]:
    texts = [message.content[:_REMEMBERED] for message in reversed(history) if message.role == role]
    return [text for text in texts if text.strip()]


def _balance(told: int, text: str) -> float:
    """What keeps a long message from outvoting a short question: word scores add up."""
    return min(1.0, told / max(1, len(set(content(text)))))


def _need(asked: Asked, vectors: NDArray[np.float32], zero: float) -> float:
    """How much the question has to do with what was said last, 0..1."""
    if not asked.said:
        return 0.0
    if leans(asked.question, few=_FEW_WORDS, enough=_ENOUGH_WORDS):
        return 1.0
    last = vectors[1:3] @ vectors[0]
    return _between(*_NEAR, max(scaled(last.tolist(), zero)))


def _clear(alone: Query, table: BuildTable, zero: float) -> float:
    """How surely some passage is about the question as it stands, 0..1."""
    best = table.search(replace(alone, k=1, mode="dense"))
    return _between(*_CLEAR, max(scaled([passage.dense or 0.0 for passage in best], zero), default=0.0))


def _between(low: float, high: float, value: float) -> float:
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def _moved(vectors: NDArray[np.float32], shares: Sequence[float]) -> Vector:
    moved = vectors[0] + np.asarray(shares, np.float32) @ vectors[1:]
    unit: Vector = (moved / np.linalg.norm(moved)).astype(np.float32)
    return unit
