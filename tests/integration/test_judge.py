"""RAGAS's metrics judged by a model at the other end of a real socket: verdicts, failures, and asking only once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from evals.answers import evaluate_site
from evals.results import load
from tests.fakes.judge_model import JudgeModel, by_schema, judge_model
from tests.fakes.site import furnish

JUDGED = ("faithfulness", "answer_relevancy", "answer_correctness", "context_precision", "context_recall")


@pytest.fixture(scope="module")
def listening() -> Iterator[JudgeModel]:
    with judge_model() as judge:
        yield judge


@pytest.fixture
def judge(listening: JudgeModel) -> JudgeModel:
    listening.script = by_schema
    listening.prompts.clear()
    return listening


@pytest.fixture
def settings(tmp_path: Path, judge: JudgeModel) -> Settings:
    return judge.settings(furnish(tmp_path / "home"))


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    rows = (
        {"_id": "hours", "question": "When do you open on Saturdays?", "answers": ["at ten"]},
        {"_id": "lime", "question": "What does the warranty not cover?", "answers": ["limescale"]},
        {"_id": "cup", "question": "Who won the cup in 1954?", "answers": [], "answerable": False},
    )
    file = tmp_path / "qa.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    return file


async def test_five_metrics_are_judged_three_times(settings: Settings, golden: Path, judge: JudgeModel) -> None:
    report = await evaluate_site(golden, "demo", settings)
    assert {name: report.figures[name] for name in ("faithfulness", "context_precision", "context_recall")} == {
        "faithfulness": 1,
        "context_precision": pytest.approx(1),
        "context_recall": 1,
    }
    assert report.figures["answer_relevancy"] == 0  # the plainest answer by schema calls every answer noncommittal
    assert 0 < report.figures["answer_correctness"] < 1
    assert report.figures["judge/judgements"] == report.figures["judge/asked"] == 5 * 2 * 3  # the cup was declined
    assert report.figures["judge/failed"] == 0
    assert report.figures["judge/tokens/input"] == report.figures["judge/tokens/output"] == len(judge.prompts)
    for name in JUDGED:
        assert report.figures[f"{name}/noise"] == 0
        assert name in report.intervals


async def test_a_second_run_asks_nothing(settings: Settings, golden: Path, judge: JudgeModel) -> None:
    first = await evaluate_site(golden, "demo", settings)
    asked = len(judge.prompts)
    second = await evaluate_site(golden, "demo", settings)
    assert len(judge.prompts) == asked > 0
    assert second.figures["judge/asked"] == 0
    assert {name: second.figures[name] for name in JUDGED} == {name: first.figures[name] for name in JUDGED}


async def test_a_judge_that_wavers_is_seen_wavering(settings: Settings, golden: Path, judge: JudgeModel) -> None:
    verdicts = count()

    def waver(_prompt: str, answer: Any) -> Any:
        if "classifications" in answer:
            answer["classifications"][0]["attributed"] = next(verdicts) % 2
        return answer

    judge.script = waver
    report = await evaluate_site(golden, "demo", settings, judgements=2, at_once=1)
    assert report.figures["context_recall"] == 0.5
    assert report.figures["context_recall/noise"] == pytest.approx(0.5**0.5)
    assert report.figures["faithfulness/noise"] == 0


async def test_timeouts_and_verdicts_without_a_number_are_failures_by_name(
    settings: Settings, golden: Path, judge: JudgeModel
) -> None:
    def fail(prompt: str, answer: Any) -> Any:
        if "noncommittal" in answer:
            return 2.0  # longer than the judge may take
        if answer.get("statements") == ["so it is"] and "limescale" in prompt:
            return {"statements": []}  # found in the answer: which RAGAS turns into nan, or takes for a perfect match
        return "not JSON" if "classifications" in answer else answer

    judge.script = fail
    quick = settings.model_copy(update={"model_seconds": 0.5})
    report = await evaluate_site(golden, "demo", quick, judgements=1)
    reasons = {line.split(", judgement")[0]: line.split(": ", 1)[1] for line in report.meta["judge_failed"]}
    assert reasons["hours, answer_relevancy"] == "Request timed out."
    assert reasons["lime, faithfulness"] == "the verdict is no number"
    assert reasons["lime, answer_correctness"] == "the judge found no statement"
    assert "JSON" in reasons["hours, context_recall"]
    assert report.figures["judge/failed"] == len(reasons) == 6
    assert not {"answer_relevancy", "context_recall"} & report.figures.keys()
    kept = load(str(report.meta["results"]), settings)
    assert kept.values("faithfulness") == {"hours": 1}

    judge.script = by_schema
    healed = await evaluate_site(golden, "demo", settings, judgements=1)
    assert healed.figures["judge/asked"] == 6
    assert healed.figures["judge/failed"] == 0


async def test_the_judge_sees_the_answer_its_passages_and_the_gold(
    settings: Settings, golden: Path, judge: JudgeModel
) -> None:
    await evaluate_site(golden, "demo", settings, judgements=1)
    asked = "\n".join(judge.prompts)
    assert "The warranty does not cover limescale." in asked
    assert "at ten" in asked
    assert "[1]" not in "".join(prompt.rpartition("input")[2] for prompt in judge.prompts)
    assert "1954" not in asked  # declined: nothing to judge
