"""Summaries: what waits to be taken in, who may replace one, and how they are forgotten; on both stores alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.database import Database
from core.records import Session, Summary, TurnStatus
from tests.fakes.records import SESSION, answered, question


@pytest.fixture(autouse=True)
def demo(database: Database) -> None:
    database.sites.ensure("demo")


def ask(database: Database, *texts: str, session: Session = SESSION) -> None:
    for text in texts:
        assert database.turns.close(answered(database.turns.open(question(text, session))))


def waiting(database: Database, keep: int, limit: int = 100) -> list[str]:
    return [each.question for each in database.summaries.older(SESSION, keep, limit).waiting]


def test_only_what_is_older_than_the_last_turns_waits_oldest_first(database: Database) -> None:
    assert waiting(database, 2) == []
    ask(database, "1", "2")
    assert waiting(database, 2) == []
    ask(database, "3", "4")
    assert waiting(database, 2) == ["1", "2"]
    assert waiting(database, 2, limit=1) == ["1"]
    assert waiting(database, 0) == ["1", "2", "3", "4"]


def test_what_is_covered_waits_no_more(database: Database) -> None:
    ask(database, "1", "2", "3")
    first = database.summaries.older(SESSION, 1, 1)
    assert first.summary == Summary()
    summary = Summary("about 1", first.waiting[-1].sequence)
    assert database.summaries.replace(SESSION, first.summary, summary)
    rest = database.summaries.older(SESSION, 1, 10)
    assert rest.summary == summary
    assert [(each.question, each.answer) for each in rest.waiting] == [("2", "Answer to 2")]


def test_turns_of_other_sessions_or_that_failed_never_wait(database: Database) -> None:
    ask(database, "theirs", session=Session("demo", "visitor-1", "session-2"))
    ask(database, "1")
    failed = database.turns.open(question("failed"))
    database.turns.close(answered(failed, status=TurnStatus.FAILED))
    guarded = database.turns.open(question(""))
    database.turns.close(answered(guarded, model=""))
    assert waiting(database, 0) == ["1"]


def test_a_turn_that_is_still_open_is_not_passed_over(database: Database) -> None:
    """It ends below what would be covered, and would be in no summary."""
    ask(database, "1")
    slow = database.turns.open(question("slow"))
    ask(database, "3", "4", "5")
    assert waiting(database, 1) == ["1"]
    database.turns.close(answered(slow))
    assert waiting(database, 1) == ["1", "slow", "3", "4"]


def test_of_two_that_read_the_same_summary_one_replaces_it(database: Database) -> None:
    ask(database, "1", "2")
    none, first = Summary(), Summary("first", 1)
    for old, new in ((none, first), (first, Summary("second", 2))):
        with ThreadPoolExecutor() as threads:
            tries = [threads.submit(database.summaries.replace, SESSION, old, new) for _ in range(4)]
        assert sorted(each.result() for each in tries) == [False, False, False, True]
    assert database.summaries.older(SESSION, 0, 1).summary.text == "second"


def test_erasing_forgets_all_sessions_of_the_person_on_the_site(database: Database) -> None:
    other = Session("demo", "visitor-1", "session-2")
    stranger = Session("demo", "visitor-2", "session-1")
    for session in (SESSION, other, stranger):
        ask(database, "1", session=session)
        database.summaries.replace(session, Summary(), Summary("Told: My name is Ann.", 1))
    assert database.summaries.erase("demo", "visitor-1") == 2
    assert database.summaries.older(SESSION, 1, 1).summary == Summary()
    assert database.summaries.older(stranger, 1, 1).summary.text == "Told: My name is Ann."
