"""Replaying what visitors asked: as it was asked, on two builds, with what changed first, and without a trace."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.conversations import Conversations
from core.database import Batch, open_database
from core.errors import InvalidInputError, NotFoundError
from core.records import Message, Session, Turn, TurnStatus, new_id
from core.settings import Settings
from evals.comparison import compare
from evals.replay import replay
from evals.results import load
from evals.visitors import last_questions
from tests.fakes import commands
from tests.fakes.models import ScriptedWriter
from tests.fakes.records import answered
from tests.fakes.site import PAGES, furnish, stage

OPENS = "When do you open on Saturdays?"
CUP = "Who won the cup in 1954?"
LATER = {page: text for page, text in PAGES.items() if page != "hours.md"} | {
    "cup.md": ("The cup", "West Germany won the cup in 1954.")
}
DAY = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return furnish(tmp_path / "home")


def turn(text: str, minute: int = 0, session: str = "s1", **fields: object) -> Turn:
    """A visitor's turn that ended, asked at that minute."""
    asked = Turn(new_id(), Session("demo", session, session), text, created_at=DAY + timedelta(minutes=minute))
    return answered(asked, **fields)


def happened(settings: Settings, *turns: Turn) -> None:
    with closing(open_database(settings.database_location)) as database:
        for each in turns:
            database.turns.open(each)
            database.turns.close(each)


def asked(settings: Settings, last: int = 100, messages: int = 10) -> list[tuple[str, list[Message]]]:
    conversations = Conversations(settings.conversations_location)
    with closing(open_database(settings.database_location)) as database:
        found = last_questions("demo", last, database, conversations, messages)
    return [(each.text, list(each.history)) for each in found]


def said(*questions: str) -> list[Message]:
    return [line for text in questions for line in (Message("user", text), Message("assistant", f"Answer to {text}"))]


def test_questions_come_newest_first_with_what_had_been_said_before_them(settings: Settings) -> None:
    happened(settings, turn("a", 0), turn("other", 1, session="s2"), turn("b", 2), turn("c", 3))
    assert asked(settings) == [("c", said("a", "b")), ("b", said("a")), ("other", []), ("a", [])]
    assert asked(settings, last=1, messages=2) == [("c", said("b"))]


def test_what_was_not_answered_is_no_question_and_in_no_history(settings: Settings) -> None:
    aborted, failed = turn("aborted", 1, status=TurnStatus.ABORTED), turn("failed", 2, status=TurnStatus.FAILED)
    happened(settings, turn("a", 0), aborted, failed, turn("", 3, model=""), turn("b", 4, declined=True))
    assert asked(settings) == [("b", said("a")), ("a", [])]


def test_the_same_question_is_asked_once_unless_something_else_came_before_it(settings: Settings) -> None:
    happened(settings, turn("hi", 0), turn("hi", 1, session="s2"), turn("hi", 2))
    assert asked(settings) == [("hi", said("hi")), ("hi", [])]


def test_what_only_parquet_holds_is_asked_too_and_nothing_twice(settings: Settings) -> None:
    recent = turn("c", 10, session="s2")
    exported = [turn("a", 0), turn("aborted", 1, status=TurnStatus.ABORTED), turn("b", 2), recent]
    elsewhere = answered(Turn(new_id(), Session("other", "s", "s"), "elsewhere", created_at=DAY))
    Conversations(settings.conversations_location).write(Batch("old", (*exported, elsewhere)))
    happened(settings, recent)
    assert asked(settings) == [("c", []), ("b", said("a")), ("a", [])]
    assert asked(settings, last=2, messages=1) == [("c", []), ("b", said("a")[1:])]


def test_nobody_asked_anything_yet(settings: Settings) -> None:
    with pytest.raises(NotFoundError, match="Nobody has asked site demo anything yet"):
        asked(settings)


async def test_what_came_out_otherwise_comes_first(settings: Settings) -> None:
    happened(
        settings, turn(OPENS, 0, "s1"), turn("From what order value is shipping free?", 1, "s2"), turn(CUP, 2, "s3")
    )
    stage(settings, LATER)
    found = await replay("demo", settings)
    *flipped, same = found.changes
    assert {change.question: change.what for change in flipped} == {
        OPENS: "answered → declined",
        CUP: "declined → answered",
    }
    assert (same.what, same.answers) == ("same answer", 1)
    figures = found.figures()
    assert (figures["flipped/declined"], figures["flipped/answered"], figures["questions"]) == (1, 1, 3)
    assert (figures["declined/a"], figures["declined/b"], figures["failed/a"], figures["failed/b"]) == (1, 1, 0, 0)
    assert figures["answers/same"] == pytest.approx(1 / 3)
    assert 0 < figures["pages/overlap"] < 1


async def test_it_is_kept_for_a_comparison_and_becomes_no_conversation(settings: Settings) -> None:
    happened(settings, turn(OPENS))
    staged = stage(settings, LATER)
    found = await replay("demo", settings)
    a, b = (load(name, settings) for name in found.results)
    assert b.meta["build"] == staged.id
    assert b.meta["embedding_model"] == staged.embedding_model
    assert [flip.what for flip in compare(a, b).flips] == ["declines now"]
    assert a.values("groundedness").keys() == {a.rows[0].id}
    assert asked(settings) == [(OPENS, [])]


async def test_a_follow_up_is_replayed_with_its_history(settings: Settings) -> None:
    happened(settings, turn("How is shipping?", 0), turn("When is it free?", 1))
    stage(settings, LATER)
    writer = ScriptedWriter()
    await replay("demo", settings, last=1, writer=writer)
    assert [(question, list(history)) for question, _, history, _ in writer.asked] == [
        ("When is it free?", said("How is shipping?"))
    ] * 2


async def test_a_build_is_not_compared_with_itself(settings: Settings) -> None:
    happened(settings, turn(OPENS))
    with pytest.raises(InvalidInputError, match="live and live are one build"):
        await replay("demo", settings, build="live")


def test_the_command_prints_both_forms(settings: Settings) -> None:
    happened(settings, turn(OPENS))
    stage(settings, LATER)
    shown = commands.run(settings.home, "evals", "replay")
    assert shown.returncode == 0, shown.stderr
    assert "1 of the last 1 questions come out otherwise" in shown.stdout
    told = json.loads(commands.run(settings.home, "evals", "replay", "--json").stdout)
    assert told["figures"]["flipped/declined"] == 1
    assert told["meta"]["changes"][0]["question"] == OPENS
