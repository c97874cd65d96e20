"""The gate: what each rule says of a build's results beside the live build's, and whether the build may answer.

Measures nothing: results come in. A rule that compares says nothing where there is nothing to compare with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

from core.grades import Finding, Measured, Verdict
from evals.comparison import OF_ITS_OWN_CHOICE, Comparison, Difference, compare, incomparable
from evals.results import Results
from evals.rules import JudgeRules, Rules

_EXACT = 1e-9  # what adding up fractions may do to a share
NAMES = ("the live build", "the new build")


@dataclass(frozen=True, slots=True)
class Pair:
    """Results of one kind: the new build's, and how they compare with the live one's, or why they do not."""

    new: Results
    live: Results | None = None
    comparison: Comparison | None = None
    unknown: str = ""  # why there is no comparison
    refused: bool = False  # there is a live build, and it cannot be compared with


def paired(new: Results, live: Results) -> Pair:
    """Both, compared if they can be."""
    if why := incomparable(live, new, NAMES):
        return Pair(new, unknown=_capital(why), refused=True)
    return Pair(new, live, compare(live, new, NAMES))


def findings(pair: Pair, rules: Rules) -> Iterator[Finding]:
    """What each rule says of results of this kind."""
    yield _numbers(pair.new)
    if pair.new.kind == "retrieval":
        yield from _falls("retrieval", rules.retrieval.fall, pair)
        yield from _leasts("retrieval", rules.retrieval.least, pair.new)
        return
    yield _failed_answers(pair.new, rules.answers.failed)
    yield from _falls("answers", rules.answers.fall, pair)
    yield from _leasts("answers", rules.answers.least, pair.new)
    if "judge" in pair.new.meta:
        yield _failed_judgements(pair.new, rules.judge.failed)
        yield from _judged(rules.judge, pair)


def verdict(found: Sequence[Finding], rules: Rules, *, missing: bool, refused: bool) -> Verdict:
    """What all findings together say, where a baseline may be missing or was refused as incomparable."""
    if any(finding.verdict is Verdict.FAILED for finding in found):
        return Verdict.FAILED
    kept = (refused and rules.baseline.incomparable == "keep") or (missing and rules.baseline.missing == "keep")
    return Verdict.UNKNOWN if kept else Verdict.PASSED


def measured(pair: Pair) -> Iterator[Measured]:
    """Every figure that has a value, with the paired difference where there is one."""
    differences = {each.measure: each for each in pair.comparison.differences} if pair.comparison else {}
    for name in pair.new.measures:
        noise = pair.new.figures.get(f"{name}/noise_of_mean")
        if each := differences.get(name):
            yield Measured(name, each.b, each.a, each.difference, each.interval, noise)
        elif values := pair.new.values(name):
            yield Measured(name, sum(values.values()) / len(values), noise=noise)


def _numbers(new: Results) -> Finding:
    rule = f"{new.kind}.numbers"
    named = list(new.meta.get("not_a_number", ()))
    flaws = [
        *named,
        *(f"{measure} of {row.id}" for row in new.rows for measure, value in row.scores.items() if not isfinite(value)),
        *(name for name, value in new.figures.items() if not isfinite(value)),
    ]
    if flaws:
        return Finding(rule, Verdict.FAILED, f"{_scores(len(flaws))}, such as {flaws[0]}.")
    scores = sum(len(row.scores) for row in new.rows)
    return Finding(rule, Verdict.PASSED, f"All {scores:,} scores of {len(new.rows):,} questions are numbers.")


def _scores(count: int) -> str:
    return "1 score is no number" if count == 1 else f"{count:,} scores are no numbers"


def _falls(table: str, allowed: Mapping[str, float], pair: Pair) -> Iterator[Finding]:
    if pair.comparison is None:
        yield Finding(f"{table}.fall", Verdict.UNKNOWN, pair.unknown)
        return
    for measure, share in allowed.items():
        rule, each = f"{table}.fall.{measure}", _difference(pair.comparison, measure)
        if each is None:
            yield from _incomplete(rule, measure, pair)
            continue
        fall = (each.a - each.b) / each.a if each.a > 0 else 0.0
        yield Finding(rule, _passed(fall <= share + _EXACT), _beside(each, fall, share))


def _beside(each: Difference, fall: float, allowed: float) -> str:
    """Both figures, how far apart they are, and how many questions that is."""
    questions = f", {each.losses} of {each.questions} questions worse and {each.wins} better"
    told = questions if each.wins + each.losses else ""
    if f"{each.a:.3f}" == f"{each.b:.3f}" and fall <= allowed:
        return f"{each.b:.3f}, as the live build{told}."
    way = f"{abs(fall):.1%} {'lower' if fall > 0 else 'higher'}"
    limit = f" At most {allowed:.0%} lower is allowed." if fall > 0 else ""
    return f"{each.b:.3f} instead of {each.a:.3f}, {way}{told}.{limit}"


def _incomplete(rule: str, measure: str, pair: Pair) -> Iterator[Finding]:
    """A figure that one side lacks: gone is worse than low, unless nothing was there to be measured at all."""
    had, has = bool(pair.live and pair.live.values(measure)), bool(pair.new.values(measure))
    if had and has:
        yield Finding(rule, Verdict.UNKNOWN, "No question has a value in both builds.")
    elif had and measure == OF_ITS_OWN_CHOICE:
        yield Finding(rule, Verdict.PASSED, "The new build declines nothing, so nothing wrongly.")
    elif had:
        yield Finding(rule, Verdict.FAILED, "The live build has a value, the new one has none for any question.")


def _leasts(table: str, floors: Mapping[str, float], new: Results) -> Iterator[Finding]:
    for measure, least in floors.items():
        rule, values = f"{table}.least.{measure}", new.values(measure)
        if not values:
            yield Finding(rule, Verdict.UNKNOWN, "No question has a value.")
            continue
        value = sum(values.values()) / len(values)
        yield Finding(rule, _passed(value >= least - _EXACT), f"{value:.3f}, and must be at least {least:.3f}.")


def _failed_answers(new: Results, allowed: int) -> Finding:
    failed = int(new.figures.get("answers/failed", 0))
    example = f", such as {new.meta['failed'][0].rstrip('.')}" if new.meta.get("failed") else ""
    said = f"{failed:,} of {len(new.rows):,} answers failed{example}; {allowed:,} may."
    return Finding("answers.failed", _passed(failed <= allowed), said)


def _failed_judgements(new: Results, allowed: float) -> Finding:
    failed, asked = (int(new.figures.get(f"judge/{count}", 0)) for count in ("failed", "judgements"))
    if not asked:
        return Finding("judge.failed", Verdict.UNKNOWN, "No answer could be judged.")
    example = f", such as {new.meta['judge_failed'][0].rstrip('.')}" if new.meta.get("judge_failed") else ""
    said = f"{failed:,} of {asked:,} judgements timed out or gave no number{example}; at most {allowed:.0%} may."
    return Finding("judge.failed", _passed(failed / asked <= allowed + _EXACT), said)


def _judged(rules: JudgeRules, pair: Pair) -> Iterator[Finding]:
    if pair.comparison is None:
        yield Finding("judge.figures", Verdict.UNKNOWN, pair.unknown)
        return
    for measure in rules.figures:
        rule, each = f"judge.{measure}", _difference(pair.comparison, measure)
        if each is None:
            yield from _incomplete(rule, measure, pair)
            continue
        noise = _noise(measure, pair)
        allowed = max(rules.tolerance, rules.deviations * noise)
        said = f"{each.b:.3f} instead of {each.a:.3f}: {each.difference:+.3f}, and down to −{allowed:.3f} is allowed"
        why = f", as the judge's own noise moves the difference by ±{noise:.3f}." if noise else "."
        yield Finding(rule, _passed(each.a - each.b <= allowed + _EXACT), said + why)


def _noise(measure: str, pair: Pair) -> float:
    """The standard deviation of the difference, if both builds were judged again; 0 where nothing was repeated."""
    sides = [side.figures.get(f"{measure}/noise_of_mean", 0.0) for side in (pair.new, pair.live) if side]
    return sqrt(sum(noise**2 for noise in sides))


def _difference(comparison: Comparison, measure: str) -> Difference | None:
    return next((each for each in comparison.differences if each.measure == measure), None)


def _passed(holds: bool) -> Verdict:
    return Verdict.PASSED if holds else Verdict.FAILED


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
