"""Two results of the same questions, side by side: differences with paired intervals, and which questions flipped.

B is judged against A: a win is a question on which B is better.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import InvalidInputError
from core.grades import Flip
from evals.intervals import Interval, paired_interval, share_interval
from evals.results import Result, Results

_LESS_IS_BETTER = ("seconds", "tokens/", "false_refusals", "unsupported")
OF_ITS_OWN_CHOICE = "declined/precision"  # each side answers for the questions that it declined itself
_DECISIVE = ("contains_gold", "fused/hit@1", "fused/hit@5")  # 0 or 1: a question on which it changed has flipped
_SHAPES = ("site", "chunk_tokens", "chunk_overlap", "embedding_model", "fusion", "writer", "passages", "judge")
_NAMED = 3  # questions that a refusal names


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure: both means, B - A with its 95% interval, over the questions that have a value on both sides."""

    measure: str
    a: float
    b: float
    difference: float
    interval: Interval
    questions: int
    wins: int
    ties: int
    losses: int

    @property
    def less_is_better(self) -> bool:
        """Whether B wins a question by the smaller value."""
        return self.measure.startswith(_LESS_IS_BETTER)

    @property
    def empty(self) -> bool:
        """Whether it counts the tokens of models that nobody asked."""
        return self.measure.startswith("tokens/") and not (self.a or self.b)

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.interval[0] > 0 or self.interval[1] < 0


@dataclass(frozen=True)
class Comparison:
    """All measures that both have, the questions that flipped, and the measures that only one has."""

    a: str
    b: str
    questions: int
    differences: tuple[Difference, ...]
    flips: tuple[Flip, ...]
    only_one: tuple[str, ...]
    made_with: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {})  # what A and B were made with differently

    def to_json(self) -> str:
        """The object that `--json` prints: `MEASURE/a`, `/b`, `/difference`, `/wins`, …"""
        figures, intervals = {}, {}
        for each in self.differences:
            for part in ("a", "b", "difference", "questions", "wins", "ties", "losses"):
                figures[f"{each.measure}/{part}"] = round(getattr(each, part), 4)
            intervals[f"{each.measure}/difference"] = [round(bound, 4) for bound in each.interval]
        meta = {
            "a": self.a,
            "b": self.b,
            "made_with": {"a": self.made_with[0], "b": self.made_with[1]},
            "questions": self.questions,
            "only_one": self.only_one,
            "flipped": [asdict(flip) for flip in self.flips],
        }
        return json.dumps({"figures": figures, "intervals": intervals, "meta": meta}, ensure_ascii=False)


def compare(a: Results, b: Results, names: tuple[str, str] = ("A", "B")) -> Comparison:
    """The comparison, or a refusal that says which questions stand in the way."""
    if why := incomparable(a, b):
        raise InvalidInputError(why)
    shared = [measure for measure in a.measures if measure in b.measures]
    differences = [difference_of(measure, a.values(measure), b.values(measure)) for measure in shared]
    one = [measure for measure in (*a.measures, *b.measures) if measure not in shared]
    others = {row.id: row for row in b.rows}
    flips = [flip for row in a.rows if (flip := _flip(row, others[row.id], shared))]
    made_with = _differing(a.meta, b.meta), _differing(b.meta, a.meta)
    return Comparison(*names, len(a.rows), tuple(filter(None, differences)), tuple(flips), tuple(one), made_with)


def incomparable(a: Results, b: Results, names: tuple[str, str] = ("A", "B")) -> str | None:
    """Why a difference between the two would say nothing; None where it says something."""
    one, other = names
    if a.kind != b.kind:
        return f"{one} holds results of {a.kind} and {other} of {b.kind}: compare two of a kind."
    mine, others = ({row.id: row.question for row in side.rows} for side in (a, b))
    faults = [
        _named(f"only in {one}", [name for name in mine if name not in others]),
        _named(f"only in {other}", [name for name in others if name not in mine]),
        _named("worded differently", [name for name in mine if others.get(name, mine[name]) != mine[name]]),
    ]
    if told := ", ".join(filter(None, faults)):
        return f"{one} and {other} were not asked the same questions: {told}. Evaluate both on one file."
    if a.meta.get("question_fingerprint") != b.meta.get("question_fingerprint"):
        return (
            f"{one} and {other} share their questions but not the gold (answers, evidence or history): "
            "evaluate both on one file."
        )
    return other_corpora(a.meta, b.meta, names)


def other_corpora(a: Mapping[str, Any], b: Mapping[str, Any], names: tuple[str, str] = ("A", "B")) -> str | None:
    """The same of what they were asked of; results that do not say it are taken at their word."""
    ours, others = a.get("corpus_fingerprint"), b.get("corpus_fingerprint")
    if not (ours and others) or ours == others:
        return None
    return (
        f"{names[0]} and {names[1]} hold different corpora (fingerprints {ours} and {others}): where the sources are "
        "others, a difference does not say which is better."
    )


def _differing(meta: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the other one does not share; where it shares them all, the build that it does not."""
    shapes = {name: meta.get(name) for name in _SHAPES if meta.get(name) != other.get(name)}
    builds = {name: meta.get(name) for name in ("build", "code") if meta.get(name) != other.get(name)}
    return {name: value for name, value in (shapes or builds).items() if value is not None}


def _named(fault: str, questions: Sequence[str]) -> str:
    more = ", …" if len(questions) > _NAMED else ""
    return f"{len(questions)} {fault} ({', '.join(questions[:_NAMED])}{more})" if questions else ""


def difference_of(measure: str, a: Mapping[str, float], b: Mapping[str, float]) -> Difference | None:
    """The measure from A to B; None where no question has a value on both sides."""
    if measure == OF_ITS_OWN_CHOICE:
        return _unpaired(measure, a, b) if a and b else None
    both = [question for question in a if question in b]
    if not both:
        return None
    ours, other = {name: b[name] for name in both}, {name: a[name] for name in both}
    sign = -1 if measure.startswith(_LESS_IS_BETTER) else 1
    gains = [sign * (ours[name] - other[name]) for name in both]
    wins, losses = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    means = _mean(other), _mean(ours)
    interval = paired_interval(ours, other)
    ties = len(both) - wins - losses
    return Difference(measure, *means, means[1] - means[0], interval, len(both), wins, ties, losses)


def _unpaired(measure: str, a: Mapping[str, float], b: Mapping[str, float]) -> Difference:
    """No question wins or loses here: what counts is which questions a side has a value for."""
    means = _mean(a), _mean(b)
    return Difference(measure, *means, means[1] - means[0], share_interval(b, a), len(a.keys() | b.keys()), 0, 0, 0)


def _flip(a: Result, b: Result, measures: Sequence[str]) -> Flip | None:
    changes = [
        f"{measure} {a.scores[measure]:.0f} → {b.scores[measure]:.0f}"
        for measure in _DECISIVE
        if measure in measures
        and measure in a.scores
        and measure in b.scores
        and a.scores[measure] != b.scores[measure]
    ]
    if a.details.get("declined") != b.details.get("declined"):
        changes.append("declines now" if b.details.get("declined") else "answers now")
    return Flip(a.id, a.question, ", ".join(changes), a.given, b.given) if changes else None


def _mean(values: Mapping[str, float]) -> float:
    return sum(values.values()) / len(values)
