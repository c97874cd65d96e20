"""What each rule says of results that are given, without any site."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import Any

import pytest

from core.grades import Verdict
from core.settings import Settings
from evals.gate import Pair, findings, measured, paired, verdict
from evals.results import Kind, Result, Results
from evals.rules import Rules, rules_of

Values = list[float | None]


@pytest.fixture
def rules(settings: Settings) -> Rules:
    return rules_of("demo", settings)


def results(
    scores: Mapping[str, Values], figures: Mapping[str, float] | None = None, *, kind: Kind = "answers", **meta: Any
) -> Results:
    """Results of questions 0, 1, 2, …; a measure says nothing about a question whose value is None."""
    count = len(next(iter(scores.values())))
    rows = tuple(
        Result(
            str(n),
            f"Question {n}?",
            "",
            {name: value for name, values in scores.items() if (value := values[n]) is not None},
        )
        for n in range(count)
    )
    return Results(
        kind, tuple(scores), rows, {"question_fingerprint": "f", "corpus_fingerprint": "c", **meta}, figures or {}
    )


def found(new: Results, live: Results, rules: Rules) -> dict[str, tuple[Verdict, str]]:
    return {each.rule: (each.verdict, each.said) for each in findings(paired(new, live), rules)}


def judged(mean: float, noise: float | None, **figures: float) -> Results:
    """Twenty questions judged; `noise` is that of the mean."""
    noises = {} if noise is None else {"faithfulness/noise_of_mean": noise}
    counts = {"judge/judgements": 60.0, "judge/failed": 0.0, **figures}
    return results({"faithfulness": [mean] * 20}, noises | counts, judge="j")


def of_hits(*hits: float) -> Results:
    return results({"fused/hit@5": list(hits)}, kind="retrieval")


@pytest.mark.parametrize(
    ("questions", "lost", "verdict"),
    [
        (20, 1, Verdict.FAILED),
        (40, 2, Verdict.FAILED),
        (50, 1, Verdict.PASSED),
        (200, 10, Verdict.FAILED),
        (10, 0, Verdict.PASSED),
    ],
)
def test_five_percent_fewer_hits_always_block_and_one_of_fifty_does_not(
    rules: Rules, questions: int, lost: int, verdict: Verdict
) -> None:
    live, new = of_hits(*[1.0] * questions), of_hits(*[0.0] * lost, *[1.0] * (questions - lost))
    assert found(new, live, rules)["retrieval.fall.fused/hit@5"][0] is verdict


def test_exactly_what_is_allowed_passes(rules: Rules) -> None:
    live, new = of_hits(*[1.0] * 100), of_hits(*[0.0] * 3, *[1.0] * 97)
    assert found(new, live, rules)["retrieval.fall.fused/hit@5"][0] is Verdict.PASSED


@pytest.mark.parametrize(
    ("fall", "noise", "verdict"),
    [
        (0.019, 0.0, Verdict.PASSED),  # by the least tolerance
        (0.03, 0.0, Verdict.FAILED),
        (0.03, 0.02, Verdict.PASSED),  # two deviations of the difference are 0.057
        (0.06, 0.02, Verdict.FAILED),
        (0.03, None, Verdict.FAILED),  # judged once: nothing is known of the noise
    ],
)
def test_a_judges_figure_may_fall_as_far_as_its_noise_explains(
    rules: Rules, fall: float, noise: float | None, verdict: Verdict
) -> None:
    what, said = found(judged(0.9 - fall, noise), judged(0.9, noise), rules)["judge.faithfulness"]
    assert what is verdict
    assert ("own noise" in said) == bool(noise)


@pytest.mark.parametrize(("failed", "verdict"), [(3, Verdict.PASSED), (4, Verdict.FAILED)])
def test_a_judge_may_fail_for_one_in_twenty(rules: Rules, failed: int, verdict: Verdict) -> None:
    new = judged(0.9, 0.0, **{"judge/failed": failed})
    assert found(new, judged(0.9, 0.0), rules)["judge.failed"][0] is verdict


def test_a_figure_that_is_gone_is_worse_than_a_low_one(rules: Rules) -> None:
    live = results({"faithfulness": [0.9, 0.8], "contains_gold": [1, 1]}, judge="j")
    new = results({"faithfulness": [None, None], "contains_gold": [1, 1]}, judge="j")
    assert found(new, live, rules)["judge.faithfulness"][0] is Verdict.FAILED


@pytest.mark.parametrize(("floor", "verdict"), [(0.5, Verdict.PASSED), (0.51, Verdict.FAILED)])
def test_a_floor_of_answers_holds_whatever_the_live_build_has(rules: Rules, floor: float, verdict: Verdict) -> None:
    answers = rules.answers.model_copy(update={"least": {"contains_gold": floor}})
    half = results({"contains_gold": [1.0, 0.0]})
    said = found(half, half, rules.model_copy(update={"answers": answers}))
    assert said["answers.least.contains_gold"][0] is verdict
    assert said["answers.fall.contains_gold"][0] is Verdict.PASSED


def test_declining_nothing_any_more_is_not_declining_wrongly(rules: Rules) -> None:
    live, new = (results({"contains_gold": [1, 1], "declined/precision": [value, None]}) for value in (0.0, None))
    assert found(new, live, rules)["answers.fall.declined/precision"][0] is Verdict.PASSED


def test_an_answer_that_failed_blocks_by_name(rules: Rules) -> None:
    new = results({"contains_gold": [1, None]}, {"answers/failed": 1}, failed=["1: model_unavailable: No."])
    what, said = found(new, results({"contains_gold": [1, 1]}), rules)["answers.failed"]
    assert what is Verdict.FAILED
    assert said == "1 of 2 answers failed, such as 1: model_unavailable: No; 0 may."


@pytest.mark.parametrize(
    "flawed",
    [
        results({"contains_gold": [nan, 1]}),
        results({"contains_gold": [1, 1]}, {"faithfulness/noise": nan}),
        results({"contains_gold": [None, 1]}, not_a_number=["contains_gold of 0"]),
    ],
)
def test_what_is_no_number_blocks_wherever_it_stands(rules: Rules, flawed: Results) -> None:
    assert found(flawed, results({"contains_gold": [1, 1]}), rules)["answers.numbers"][0] is Verdict.FAILED


@pytest.mark.parametrize(
    ("meta", "why"),
    [
        ({"question_fingerprint": "g"}, "share their questions but not the gold"),
        ({"corpus_fingerprint": "d"}, "different corpora"),
    ],
)
def test_another_fingerprint_is_refused_and_not_failed(rules: Rules, meta: dict[str, Any], why: str) -> None:
    pair = paired(results({"contains_gold": [0, 0]}), results({"contains_gold": [1, 1]}, **meta))
    assert pair.refused
    told = {each.rule: each for each in findings(pair, rules)}
    assert told["answers.fall"].verdict is Verdict.UNKNOWN
    assert why in told["answers.fall"].said
    assert not any(each.verdict is Verdict.FAILED for each in told.values())
    assert [each.live for each in measured(pair)] == [None]
    assert verdict(list(told.values()), rules, missing=False, refused=True) is Verdict.UNKNOWN


def test_a_first_build_is_judged_by_what_needs_no_comparison(rules: Rules) -> None:
    pair = Pair(results({"contains_gold": [0, 0]}), unknown="There is no live build.")
    told = list(findings(pair, rules))
    assert verdict(told, rules, missing=True, refused=False) is Verdict.PASSED
    strict = rules.model_copy(update={"baseline": rules.baseline.model_copy(update={"missing": "keep"})})
    assert verdict(told, strict, missing=True, refused=False) is Verdict.UNKNOWN


def test_figures_that_read_the_same_are_not_said_to_differ(rules: Rules) -> None:
    live, new = (results({"groundedness": [value] * 9}) for value in (0.98101, 0.98102))
    assert found(new, live, rules)["answers.fall.groundedness"] == (
        Verdict.PASSED,
        "0.981, as the live build, 0 of 9 questions worse and 9 better.",
    )
