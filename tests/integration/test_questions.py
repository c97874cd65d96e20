"""Questions drafted from a real build: without a model, and by one at the other end of a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import NotFoundError
from core.settings import Settings
from evals.questions import draft
from tests.fakes import commands
from tests.fakes.judge_model import JudgeModel, judge_model
from tests.fakes.site import furnish, promote

FAQ = {
    "faq.md": ("Do you wrap presents?", "We do wrap presents, in sailcloth paper. Machines get a bow only."),
    "coffee.md": ("Returning coffee", "Opened coffee cannot be returned. The Osprey grinder costs £2,450."),
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = furnish(tmp_path / "home")
    promote(settings, FAQ)
    return settings


@pytest.fixture(scope="module")
def listening() -> Iterator[JudgeModel]:
    with judge_model() as model:
        yield model


async def test_pages_ask_and_answer(settings: Settings) -> None:
    drafted = await draft("demo", settings)
    assert {(each.question, each.answers[0], each.pages) for each in drafted.drafts} == {
        ("Do you wrap presents?", "We do wrap presents, in sailcloth paper.", ("faq.md",)),
        ("Can opened coffee be returned?", "Opened coffee cannot be returned.", ("coffee.md",)),
        ("How much does the Osprey grinder cost?", "£2,450", ("coffee.md",)),
    }
    figures = {"faq": 1, "rule": 1, "fact": 1, "drafted": 3, "pages": 2}
    assert drafted.report().figures == {f"questions/{name}": value for name, value in figures.items()}


async def test_a_site_without_a_build_or_without_material_says_so(settings: Settings) -> None:
    promote(settings, {"a.md": ("Hello", "Come in.")}, "bare")
    with pytest.raises(NotFoundError, match="by hand, or set FRONTDESK_JUDGE_MODEL"):
        await draft("bare", settings)
    with pytest.raises(NotFoundError, match="There is no site 'nowhere'"):
        await draft("nowhere", settings)


def test_the_command_drafts_refuses_to_overwrite_and_accepts(settings: Settings) -> None:
    home, folder = settings.home, settings.site_folder("demo")
    first = commands.run(home, "evals", "questions", "--json")
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    assert told["figures"]["questions/drafted"] == 3
    assert told["meta"]["draft"] == str(folder / "golden.draft.jsonl")

    again = commands.run(home, "evals", "questions")
    assert again.returncode == 2
    assert "--accept" in again.stderr

    file = folder / "golden.draft.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[1:]))  # the reviewer's work
    accepted = commands.run(home, "evals", "questions", "--accept", "--json")
    assert json.loads(accepted.stdout)["figures"] == {
        "questions/accepted": 2, "questions/known": 0, "questions/golden": 2
    }  # fmt: skip
    measured = commands.run(home, "evals", "retrieval", "--site", "demo", "--json")
    assert json.loads(measured.stdout)["figures"]["fused/hit@5"] == 1

    shown = commands.run(home, "evals", "questions", "--number", "9")  # what was accepted is not drafted again
    assert shown.returncode == 0, shown.stderr
    assert "Questions drafted: 1" in shown.stdout
    assert "--site demo --accept" in shown.stdout


async def test_a_model_writes_a_question_about_each_page(settings: Settings, listening: JudgeModel) -> None:
    def write(prompt: str, answer: Any) -> Any:
        if "entities" in answer:
            return {"entities": ["Osprey"]}
        return {"query": "What does an Osprey cost?", "answer": "£2,450"} if "Opened coffee" in prompt else "no JSON"

    listening.prompts.clear()
    listening.script = write
    drafted = await draft("demo", listening.settings(settings), number=2)
    assert [(each.question, each.answers, each.how, each.pages) for each in drafted.drafts] == [
        ("What does an Osprey cost?", ("£2,450",), "model", ("coffee.md",))
    ]
    assert drafted.meta["failed"][0].startswith("faq.md: ")
    assert drafted.meta["model"] == "openai:judge"
    assert any("Osprey" in prompt and "has not seen this page" in prompt for prompt in listening.prompts)


async def test_no_more_pages_than_questions_are_shown_to_the_model(settings: Settings, listening: JudgeModel) -> None:
    listening.prompts.clear()
    listening.script = lambda _prompt, answer: answer
    drafted = await draft("demo", listening.settings(settings), number=1)
    assert len(drafted.drafts) == 1
    assert len(listening.prompts) == 2


async def test_a_model_that_only_fails_is_an_error_with_its_reason(settings: Settings, listening: JudgeModel) -> None:
    listening.script = lambda _prompt, _answer: "no JSON"
    with pytest.raises(NotFoundError, match=r"wrote no question.*\.md: .*JSON"):
        await draft("demo", listening.settings(settings))
