"""Measures of answers that need no judge: gold contained, declined rightly, alike, RAGAS's own without a model, cost.

Each is a function from answers to scores, by measure and question. A question that a measure says nothing about
is left out of it, and so is one that failed: a failure is counted, never averaged.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from core.embedder import Encoder
from evals.ragas_metrics import string_metrics
from evals.rehearsal import Answered

Scores = Mapping[str, Mapping[str, float]]  # measure -> question -> value
Scorer = Callable[[Sequence[Answered]], Awaitable[Scores]]

_DASHES = re.compile("[–—]")
_ARTICLES = re.compile(r"\b(a|an|the)\b")


async def gold_contained(answers: Sequence[Answered]) -> Scores:
    """1 where the answer says one of the gold answers, word for word."""
    return {"contains_gold": {each.question.id: float(_says_gold(each)) for each in _with_gold(answers)}}


async def declining(answers: Sequence[Answered]) -> Scores:
    """Precision: of the declined, those that cannot be answered. Recall: of those, the declined.

    False refusals: of those that can be answered, the declined.
    """
    done = [each for each in answers if each.done]
    return {
        "declined/precision": {
            each.question.id: float(not each.question.answerable) for each in done if each.turn.declined
        },
        "declined/recall": {
            each.question.id: float(each.turn.declined) for each in done if not each.question.answerable
        },
        "false_refusals": {each.question.id: float(each.turn.declined) for each in done if each.question.answerable},
    }


def answered_or_declined(answers: Sequence[Answered]) -> dict[str, int]:
    """How many of those that can be answered, and of those that cannot, were: `answerable/answered` and so on."""
    counts = {f"{one}/{other}": 0 for one in ("answerable", "unanswerable") for other in ("answered", "declined")}
    for each in answers:
        if each.done:
            able = "answerable" if each.question.answerable else "unanswerable"
            counts[f"{able}/{'declined' if each.turn.declined else 'answered'}"] += 1
    return counts


async def cost(answers: Sequence[Answered]) -> Scores:
    """Seconds and tokens of each answer."""
    done = [each for each in answers if each.done]
    return {
        "seconds": {each.question.id: each.seconds for each in done},
        "tokens/input": {each.question.id: float(each.turn.usage.input_tokens) for each in done},
        "tokens/output": {each.question.id: float(each.turn.usage.output_tokens) for each in done},
    }


def similarity(encoder: Encoder) -> Scorer:
    """Cosine of the answer and the gold answer it is nearest to, by the project's own embedder."""

    async def score(answers: Sequence[Answered]) -> Scores:
        pairs = [(each.question.id, each.text, gold) for each in _with_gold(answers) for gold in each.question.answers]
        said = encoder.encode([text for _, text, _ in pairs])
        gold = encoder.encode([gold for _, _, gold in pairs])
        cosines = (said * gold).sum(axis=1)
        return {"semantic_similarity": _best(zip((name for name, _, _ in pairs), map(float, cosines), strict=True))}

    return score


async def strings(answers: Sequence[Answered]) -> Scores:
    """RAGAS's metrics that compare strings, against the gold answer that is nearest by each."""
    scores: dict[str, Mapping[str, float]] = {}
    for name, metric in string_metrics().items():
        scores[name] = _best(
            [
                (each.question.id, await metric(gold, each.text))
                for each in _with_gold(answers)
                for gold in each.question.answers
            ]
        )
    return scores


def normalized(text: str) -> str:
    """As SQuAD's scorer does it: case folded, no punctuation, no articles, single spaces. A dash divides words."""
    bare = "".join(letter for letter in _DASHES.sub(" ", text.casefold()) if not _is_punctuation(letter))
    return " ".join(_ARTICLES.sub(" ", bare).split())


def _says_gold(answered: Answered) -> bool:
    said = f" {normalized(answered.text)} "
    return any(f" {normalized(gold)} " in said for gold in answered.question.answers)


def _with_gold(answers: Sequence[Answered]) -> list[Answered]:
    return [each for each in answers if each.done and each.question.answerable and each.question.answers]


def _best(values: Iterable[tuple[str, float]]) -> dict[str, float]:
    best: dict[str, float] = {}
    for question, value in values:
        best[question] = max(value, best.get(question, value))
    return best


def _is_punctuation(letter: str) -> bool:
    return unicodedata.category(letter).startswith("P")
