"""The judge: repeats and their noise, known verdicts, failures that are counted, and what is judged at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigurationError
from core.settings import Settings
from evals.judge import Judge, Judged, Judgement, judge_of
from evals.ragas_metrics import JudgedMetric
from evals.verdicts import Verdicts
from tests.fakes.answers import answered
from tests.fakes.encoders import Letters


class Scripted:
    """A metric that gives these values one after another, and notes what it was asked."""

    def __init__(self, *values: float | Exception) -> None:
        self.asked: list[dict[str, Any]] = []
        self._values: Iterator[float | Exception] = iter(values)

    async def __call__(self, **inputs: Any) -> float:
        self.asked.append(inputs)
        value = next(self._values)
        if isinstance(value, Exception):
            raise value
        return value


def relevancy(score: Scripted) -> dict[str, JudgedMetric]:
    return {"answer_relevancy": JudgedMetric(("user_input", "response"), score)}


def judge(metrics: dict[str, JudgedMetric], folder: Path, identity: str = "judge") -> Judge:
    return Judge(metrics, Verdicts(folder / "verdicts.jsonl"), [identity], at_once=1)


async def test_an_answer_is_judged_several_times_and_the_noise_is_known(tmp_path: Path) -> None:
    answers = [answered("a", "Yes."), answered("b", "No.")]
    judged = await judge(relevancy(Scripted(0.4, 0.6, 0.9, 0.9)), tmp_path).judge(answers, 2)
    assert judged.scores()["answer_relevancy"] == pytest.approx({"a": 0.5, "b": 0.9})
    figures = judged.figures()
    assert figures["answer_relevancy/noise"] == pytest.approx(0.1)  # variances .02 and 0 over repeats
    assert figures["answer_relevancy/noise_of_mean"] == pytest.approx(0.05)  # sqrt(.01 / 4 verdicts)
    assert figures["judge/asked"] == figures["judge/judgements"] == 4


async def test_one_judgement_says_nothing_about_noise(tmp_path: Path) -> None:
    judged = await judge(relevancy(Scripted(0.4)), tmp_path).judge([answered("a", "Yes.")], 1)
    assert not [name for name in judged.figures() if "noise" in name]


async def test_what_was_judged_once_is_not_asked_again(tmp_path: Path) -> None:
    answers = [answered("a", "Yes.")]
    first = await judge(relevancy(Scripted(0.4, 0.6)), tmp_path).judge(answers, 2)
    unasked = Scripted()
    second = await judge(relevancy(unasked), tmp_path).judge(answers, 2)
    assert second.scores() == first.scores()
    assert unasked.asked == []
    assert second.figures()["judge/asked"] == 0


@pytest.mark.parametrize("change", ["answer", "question", "judge", "repeat"])
async def test_anything_that_shapes_a_verdict_asks_anew(tmp_path: Path, change: str) -> None:
    await judge(relevancy(Scripted(0.4)), tmp_path).judge([answered("a", "Yes.")], 1)
    other = Scripted(0.7, 0.7)
    text, question = ("No." if change == "answer" else "Yes."), ("Why?" if change == "question" else "Do you?")
    identity, repeats = ("another" if change == "judge" else "judge"), (2 if change == "repeat" else 1)
    await judge(relevancy(other), tmp_path, identity).judge([answered("a", text, question=question)], repeats)
    assert len(other.asked) == 1


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), TimeoutError("timed out"), ValueError("no JSON")])
async def test_a_failed_judgement_is_counted_named_and_in_no_average(tmp_path: Path, bad: float | Exception) -> None:
    answers = [answered("a", "Yes."), answered("b", "No.")]
    judged = await judge(relevancy(Scripted(0.4, bad, bad, bad)), tmp_path).judge(answers, 2)
    assert judged.scores()["answer_relevancy"] == {"a": 0.4}  # b has no verdict at all
    assert judged.figures()["judge/failed"] == 3
    assert str(judged.failures[0]).startswith("a, answer_relevancy, judgement 2: ")
    again = Scripted(0.6, 0.8, 0.8)
    healed = await judge(relevancy(again), tmp_path).judge(answers, 2)
    assert len(again.asked) == 3  # a failure is no verdict: it is asked for again
    assert healed.scores()["answer_relevancy"] == pytest.approx({"a": 0.5, "b": 0.8})


async def test_a_metric_sees_its_inputs_and_is_asked_where_it_makes_sense(tmp_path: Path) -> None:
    correctness, faithfulness = Scripted(1.0, 1.0), Scripted(1.0)
    metrics = {
        "answer_correctness": JudgedMetric(("response", "reference"), correctness),
        "faithfulness": JudgedMetric(("response", "retrieved_contexts"), faithfulness),
    }
    answers = [
        answered("fine", "Yes [1].", gold=("yes", "aye"), passages=("We do.",)),
        answered("declined", "Sorry.", gold=("yes",), declined=True, passages=("We do.",)),
        answered("unanswerable", "Sorry.", answerable=False, declined=True, passages=("We do.",)),
        answered("failed", "Ye", gold=("yes",), failed=True, passages=("We do.",)),
    ]
    await judge(metrics, tmp_path).judge(answers, 1)
    assert correctness.asked == [
        {"response": "Yes.", "reference": "yes"},
        {"response": "Sorry.", "reference": "yes"},
    ]
    assert faithfulness.asked == [{"response": "Yes.", "retrieved_contexts": ["Hours\nWe do."]}]


async def test_nothing_retrieved_scores_zero_without_a_judge(tmp_path: Path) -> None:
    recall = JudgedMetric(("retrieved_contexts", "reference"), Scripted())
    judged = await judge({"context_recall": recall}, tmp_path).judge([answered("a", "Yes.", gold=("yes",))], 3)
    assert judged.scores() == {"context_recall": {"a": 0.0}}


def test_noise_of_the_mean_counts_only_verdicts_that_came() -> None:
    values = {("a", 1): 0.0, ("a", 2): 1.0, ("b", 1): 0.5}
    judged = Judged([Judgement(question, "m", repeat, value) for (question, repeat), value in values.items()])
    assert judged.figures()["m/noise"] == pytest.approx(0.5**0.5)
    assert judged.figures()["m/noise_of_mean"] == pytest.approx((0.25 + 0.5) ** 0.5 / 2)


async def test_without_a_judge_model_there_is_no_judge(settings: Settings) -> None:
    async with judge_of(settings, Letters(), at_once=1) as none:
        assert none is None


@pytest.mark.parametrize(("model", "says"), [("openai:gpt-4o-mini", "OPENAI_API_KEY"), ("gpt-4o-mini", "JUDGE_MODEL")])
async def test_a_judge_that_cannot_be_asked_says_what_to_set(settings: Settings, model: str, says: str) -> None:
    named = settings.model_copy(update={"judge_model": model, "openai_api_key": None})
    with pytest.raises(ConfigurationError, match=says):
        async with judge_of(named, Letters(), at_once=1):
            pass


@pytest.mark.parametrize("value", [5.0, -0.5])
async def test_a_verdict_beyond_its_scale_is_a_failure_by_name(tmp_path: Path, value: float) -> None:
    judged = await judge(relevancy(Scripted(value)), tmp_path).judge([answered("a", "Yes.")], 1)
    assert judged.scores() == {}
    assert [each.reason for each in judged.failures] == [f"the verdict {value:g} is not within 0 and 1"]
    again = await judge(relevancy(Scripted(0.5)), tmp_path).judge([answered("a", "Yes.")], 1)
    assert again.figures()["judge/asked"] == 1
