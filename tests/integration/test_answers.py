"""Answers measured end to end: a real site, the real agent, figures, results on disk, and no trace of a visitor."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.database import open_database
from core.errors import InvalidInputError, ModelError, NotFoundError
from core.records import Message, Passage, Pin, Usage, new_id
from core.settings import Settings
from evals.answer_measures import Scores
from evals.answers import evaluate_corpus, evaluate_site
from evals.rehearsal import Answered
from evals.results import load
from serving.agent import Closing
from tests.fakes import commands
from tests.fakes.models import ScriptedWriter
from tests.fakes.site import PAGES, furnish, promote

QUESTIONS: tuple[Mapping[str, object], ...] = (
    {"_id": "hours", "question": "When do you open on Saturdays?", "answers": ["at ten", "10 a.m."]},
    {"_id": "lime", "question": "What does the warranty not cover?", "answers": ["limescale"]},
    {"_id": "ship", "question": "From what order value is shipping free?", "answers": ["90 dollars"]},
    {"_id": "cup", "question": "Who won the cup in 1954?", "answers": [], "answerable": False},
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return furnish(tmp_path / "home")


@pytest.fixture
def golden(settings: Settings) -> Path:
    file = settings.site_folder("demo") / "golden.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(json.dumps(row) for row in QUESTIONS))
    return file


async def test_every_question_is_asked_and_measured(settings: Settings, golden: Path) -> None:
    report = await evaluate_site(golden, "demo", settings)
    figures = report.figures
    assert figures["contains_gold"] == pytest.approx(2 / 3)
    assert figures["declined/precision"] == figures["declined/recall"] == 1
    assert (figures["false_refusals"], figures["answerable/answered"], figures["unanswerable/declined"]) == (0, 3, 1)
    assert (figures["groundedness"] > 0.9, figures["unsupported"]) == (True, 0)  # it quotes
    assert figures["rouge_recall"] > figures["rouge_score"] > 0
    assert 0 < figures["semantic_similarity"] < 1
    assert figures["seconds"] > 0
    assert figures["tokens/output"] == figures["answers/failed"] == 0
    low, high = report.intervals["contains_gold"]
    assert low <= 2 / 3 <= high
    assert (report.meta["questions"], report.meta["model"]) == (4, "extractive")
    json.loads(report.to_json())


async def test_pinned_answers_are_golden_and_given(settings: Settings, golden: Path) -> None:
    database = open_database(settings.database_location)
    for asked, answer in (("Do you ship to Norway?", "Yes, by sea."), (str(QUESTIONS[0]["question"]), "At noon.")):
        database.pins.put(Pin(new_id(), "demo", asked, answer))
    database.close()
    report = await evaluate_site(golden, "demo", settings)
    given = {row.question: row.given for row in load(str(report.meta["results"]), settings).rows}
    assert given["Do you ship to Norway?"] == "Yes, by sea."
    assert given[str(QUESTIONS[0]["question"])] == "At noon."
    assert len(given) == len(QUESTIONS) + 1
    assert report.figures["contains_gold"] == pytest.approx(2 / 4)


async def test_results_are_kept_question_by_question(settings: Settings, golden: Path) -> None:
    report = await evaluate_site(golden, "demo", settings)
    kept = load(str(report.meta["results"]), settings)
    assert [row.id for row in kept.rows] == ["hours", "lime", "ship", "cup"]
    assert kept.values("contains_gold") == {"hours": 1, "lime": 1, "ship": 0}
    lime = kept.rows[1]
    assert "limescale" in lime.given
    assert lime.details["pages"][0] == "warranty.md"


async def test_nothing_asked_becomes_a_conversation(settings: Settings, golden: Path) -> None:
    turns = ScriptedWriter(closing=Closing(usage=Usage(70, 9)))
    report = await evaluate_site(golden, "demo", settings, writer=turns)
    paid = 3 / 4  # the question that has nothing to do with the site is refused before a model is asked
    assert (report.figures["tokens/input"], report.figures["tokens/output"]) == (70 * paid, 9 * paid)
    database = open_database(settings.database_location)
    assert database.outbox.claim(10) is None
    for name in ("hours", "cup"):
        with pytest.raises(NotFoundError):
            database.turns.get(name)
    database.close()


async def test_a_follow_up_is_asked_with_its_history_and_alone_with_it(settings: Settings, tmp_path: Path) -> None:
    said = [{"role": "user", "content": "How is shipping?"}, {"role": "assistant", "content": "By post."}]
    file = tmp_path / "qa.jsonl"
    alone = "When is shipping free?"
    rows = ({"_id": "1", "question": "When is it free?", "history": said}, {"_id": "2", "question": alone})
    file.write_text("\n".join(json.dumps(row) for row in rows))
    writer = ScriptedWriter()
    await evaluate_site(file, "demo", settings, writer=writer)
    histories = {question: list(history) for question, _, history, _ in writer.asked}
    assert histories["When is it free?"] == [Message("user", "How is shipping?"), Message("assistant", "By post.")]
    assert histories[alone] == []


async def test_a_failure_is_counted_and_named_and_the_rest_is_measured(settings: Settings, golden: Path) -> None:
    report = await evaluate_site(golden, "demo", settings, writer=Sulking("ship"))
    assert report.figures["answers/failed"] == 1
    assert report.meta["failed"] == ["ship: model_unavailable: No."]
    assert report.figures["contains_gold"] == 0.5  # of hours and lime; ship is in no average
    kept = load(str(report.meta["results"]), settings)
    assert kept.rows[2].given == "✗ model_unavailable: No."


async def test_several_are_asked_at_once_and_no_more_than_said(settings: Settings, golden: Path) -> None:
    counted = Counting()
    await evaluate_site(golden, "demo", settings, writer=counted, at_once=2)
    assert counted.most == 2


async def test_a_build_that_is_not_live_can_be_asked(settings: Settings, golden: Path) -> None:
    database = open_database(settings.database_location)
    old = database.sites.get("demo").live_build
    database.close()
    promote(settings, {**PAGES, "hours.md": ("Opening hours", "On Saturdays the shop stays closed.")})
    assert old
    live = await evaluate_site(golden, "demo", settings)
    before = await evaluate_site(golden, "demo", settings, build=old)
    assert before.meta["build"] == old
    assert live.figures["contains_gold"] < before.figures["contains_gold"]
    with pytest.raises(NotFoundError, match="no build"):
        await evaluate_site(golden, "demo", settings, build="other")


async def test_without_a_site_the_corpus_beside_the_questions_answers(settings: Settings, tmp_path: Path) -> None:
    rows = ({"_id": page, "title": title, "text": text} for page, (title, text) in PAGES.items())
    (tmp_path / "corpus.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    (tmp_path / "qa.jsonl").write_text("\n".join(json.dumps(row) for row in QUESTIONS))
    for questions in (tmp_path, tmp_path / "qa.jsonl"):
        report = await evaluate_corpus(questions, settings)
        assert report.figures["contains_gold"] == pytest.approx(2 / 3)
    assert load(str(report.meta["results"]), settings).rows[1].details["pages"][0] == "warranty.md"
    database = open_database(settings.database_location)
    assert [site.id for site in database.sites.list()] == ["demo"]
    database.close()


async def test_another_score_takes_part_like_the_rest(settings: Settings, golden: Path) -> None:
    async def groundedness(answers: Sequence[Answered]) -> Scores:
        return {"groundedness": {each.question.id: 0.5 for each in answers if each.contexts}}

    report = await evaluate_site(golden, "demo", settings, scorers=[groundedness])
    assert report.figures["groundedness"] == 0.5
    assert load(str(report.meta["results"]), settings).measures == ("groundedness",)


async def test_questions_of_one_id_are_refused(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "qa.jsonl"
    file.write_text('{"_id": "1", "question": "a"}\n{"_id": "1", "question": "b"}')
    with pytest.raises(InvalidInputError, match="'1'"):
        await evaluate_site(file, "demo", settings)


async def test_no_question_at_all_is_refused_and_leaves_no_results(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "qa.jsonl"
    file.write_text("")
    with pytest.raises(InvalidInputError, match="holds no question"):
        await evaluate_site(file, "demo", settings)
    assert not (settings.home / "evals").exists()


async def test_a_site_that_does_not_exist_is_told_before_its_questions_are(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no site 'nowhere'"):
        await evaluate_site(tmp_path / "missing.jsonl", "nowhere", settings)


def test_the_commands_evaluate_and_compare(settings: Settings, golden: Path) -> None:
    names = []
    for _ in range(2):
        evaluated = commands.run(settings.home, "evals", "answers", "--json")
        assert evaluated.returncode == 0, evaluated.stderr
        names.append(json.loads(evaluated.stdout)["meta"]["results"])
    compared = commands.run(settings.home, "evals", "compare", *names, "--json")
    assert json.loads(compared.stdout)["figures"]["contains_gold/difference"] == 0
    assert "0 of 4 questions flipped" in commands.run(settings.home, "evals", "compare", *names).stdout
    refused = commands.run(settings.home, "evals", "compare", names[0], "nothing")
    assert refused.returncode == 2
    assert "nothing" in refused.stderr


@dataclass
class Counting:
    """A writer that knows how many it writes for at any time."""

    now: int = 0
    most: int = 0
    name: str = "counting"
    met: asyncio.Event = field(default_factory=asyncio.Event)  # two at a time, once

    async def write(
        self, question: str, passages: Sequence[Passage], history: Sequence[Message], policy: str, /
    ) -> AsyncGenerator[str | Closing, None]:
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now > 1:
            self.met.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.met.wait(), 5)
        yield "Yes."
        self.now -= 1
        yield Closing()


@dataclass
class Sulking:
    """Answers with what it was given, but not to one kind of question."""

    about: str
    name: str = "sulking"

    async def write(
        self, question: str, passages: Sequence[Passage], history: Sequence[Message], policy: str, /
    ) -> AsyncGenerator[str | Closing, None]:
        if self.about in question:
            yield "We"
            raise ModelError("No.")
        yield "It is limescale, I think."
        yield Closing()
