"""Measures of answers without a judge: what they count, whom they leave out, and that a failure is in no average."""

from __future__ import annotations

import pytest

from evals.answer_measures import (
    answered_or_declined,
    cost,
    declining,
    gold_contained,
    normalized,
    similarity,
    strings,
)
from tests.fakes.answers import answered
from tests.fakes.encoders import Letters


@pytest.mark.parametrize(
    ("gold", "answer", "said"),
    [
        ("about 40 seconds", "It takes **about 40 seconds**. [1]", 1),
        ("40 seconds", "About 40 seconds[2]", 1),
        ("4.1 kg", "Group: solid brass, 4.1 kg", 1),
        ("64 TiB", "20 GiB–64 TiB [1]", 1),
        ("The Netherlands", "We ship to Belgium and the netherlands.", 1),
        ("4", "It takes 40 seconds.", 0),
        ("two weeks", "In two or three weeks.", 0),
    ],
)
async def test_gold_counts_where_its_words_stand_in_the_answer(gold: str, answer: str, said: float) -> None:
    scores = await gold_contained([answered("q", answer, gold=(gold,))])
    assert scores == {"contains_gold": {"q": said}}


async def test_any_of_several_gold_answers_will_do() -> None:
    scores = await gold_contained([answered("q", "In spring.", gold=("in March", "in spring"))])
    assert scores["contains_gold"]["q"] == 1


def test_normalizing_drops_case_punctuation_and_articles() -> None:
    assert normalized("  The “Merlin”, a machine – THE best! ") == "merlin machine best"


async def test_declining_is_judged_against_what_can_be_answered() -> None:
    answers = [
        answered("rightly", "", declined=True, answerable=False),
        answered("wrongly", "", declined=True, gold=("yes",)),
        answered("invented", "Surely!", answerable=False),
        answered("fine", "Yes.", gold=("yes",)),
    ]
    scores = await declining(answers)
    assert scores["declined/precision"] == {"rightly": 1, "wrongly": 0}
    assert scores["declined/recall"] == {"rightly": 1, "invented": 0}
    assert scores["false_refusals"] == {"wrongly": 1, "fine": 0}
    assert answered_or_declined([*answers, answered("broken", "", failed=True)]) == {
        "answerable/answered": 1,
        "answerable/declined": 1,
        "unanswerable/answered": 1,
        "unanswerable/declined": 1,
    }


async def test_a_failed_answer_is_in_no_measure() -> None:
    failed = answered("q", "half an ans", gold=("answer",), failed=True)
    for measure in (gold_contained, declining, strings, cost, similarity(Letters())):
        assert all(not values for values in (await measure([failed])).values())


async def test_an_unanswerable_question_has_no_gold_to_be_compared_with() -> None:
    invented = answered("q", "Brazil", gold=("Brazil",), answerable=False)
    for measure in (gold_contained, strings, similarity(Letters())):
        assert all(not values for values in (await measure([invented])).values())


async def test_similarity_is_to_the_nearest_gold_answer() -> None:
    scores = await similarity(Letters())([answered("q", "abab", gold=("zzz", "ab"))])
    assert scores["semantic_similarity"]["q"] == pytest.approx(1)


async def test_string_metrics_are_those_of_ragas_without_citation_marks() -> None:
    same = answered("same", "forty seconds [1]", gold=("never", "forty seconds"))
    longer = answered("longer", "you wait for forty seconds [1]", gold=("forty seconds",))
    scores = await strings([same, longer])
    assert {values["same"] for values in scores.values()} == {1}
    assert scores["rouge_recall"]["longer"] == 1
    assert scores["rouge_score"]["longer"] == pytest.approx(4 / 7)  # precision 2/5, recall 1
    assert 0 < scores["non_llm_string_similarity"]["longer"] < 1


async def test_cost_is_what_the_turn_took() -> None:
    scores = await cost([answered("q", "Yes.", seconds=1.5, tokens=(70, 9))])
    assert {measure: values["q"] for measure, values in scores.items()} == {
        "seconds": 1.5,
        "tokens/input": 70,
        "tokens/output": 9,
    }


def test_contexts_say_where_a_passage_stands() -> None:
    context = answered("q", "Yes.", passages=("We open at ten.",)).contexts
    assert context == ("Hours\nWe open at ten.",)
