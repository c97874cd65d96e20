"""Turns: opened once, closed once, remembered in order; on SQLite and PostgreSQL alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from math import nan

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from core.database import Database, open_database
from core.database.engine import connect
from core.database.schema import outbox
from core.errors import ConflictError, NotFoundError
from core.records import Message, Session, Turn, TurnStatus, now
from tests.fakes.race import race
from tests.fakes.records import SESSION, answered, question


@pytest.fixture(autouse=True)
def demo(database: Database) -> None:
    database.sites.ensure("demo")


def exported(database: Database) -> list[str]:
    """The ids of the turns that wait in the outbox, each as often as it is there."""
    batch = database.outbox.claim(1000)
    return [turn.id for turn in batch.turns] if batch else []


def ask(database: Database, text: str, session: Session = SESSION, *, answer: bool = True) -> Turn:
    turn = database.turns.open(question(text, session))
    if answer:
        assert database.turns.close(answered(turn))
    return turn


def test_a_question_is_stored_before_it_is_answered(database: Database) -> None:
    asked = question()
    assert database.turns.open(asked) == asked == database.turns.get(asked.id)
    assert exported(database) == []


def test_a_closed_turn_comes_back_with_all_that_explains_it(database: Database) -> None:
    closed = answered(database.turns.open(question()))
    assert database.turns.close(closed) is True
    stored = database.turns.get(closed.id)
    assert stored == closed
    assert stored.created_at.tzinfo is UTC
    assert stored.ended_at is not None
    assert stored.ended_at.tzinfo is UTC
    assert exported(database) == [closed.id]


def test_the_same_turn_sent_twice_is_one_turn(database: Database) -> None:
    first = database.turns.open(question("first"))
    again = replace(first, question="another", created_at=now())
    assert database.turns.open(again) == first
    closed = answered(first)
    database.turns.close(closed)
    assert database.turns.open(again) == closed
    assert exported(database) == [first.id]


@pytest.mark.parametrize("other", [Session("demo", "visitor-1", "s2"), Session("demo", "visitor-2", "session-1")])
def test_a_turn_of_another_session_is_refused_and_leaves_nothing(database: Database, other: Session) -> None:
    mine = database.turns.open(question())
    with pytest.raises(ConflictError, match="another session") as refusal:
        database.turns.open(replace(mine, session=other, question="theirs"))
    assert refusal.value.param == "turn_id"
    assert database.turns.get(mine.id) == mine
    assert database.turns.history(other, 10) == []


def test_a_question_to_a_site_that_does_not_exist_is_not_found(database: Database) -> None:
    with pytest.raises(NotFoundError, match="--site nowhere"):
        database.turns.open(question(session=Session("nowhere", "p", "s")))


def test_a_turn_is_closed_only_once(database: Database) -> None:
    done = answered(database.turns.open(question()))
    assert database.turns.close(done) is True
    assert database.turns.close(replace(done, status=TurnStatus.FAILED, answer="late")) is False
    assert database.turns.get(done.id) == done
    assert exported(database) == [done.id]


def test_closing_changes_neither_the_question_nor_its_session(database: Database) -> None:
    asked = database.turns.open(question())
    late = replace(asked, question="x", created_at=now(), session=Session("demo", "other", "other"))
    database.turns.close(answered(late, answer="yes"))
    assert database.turns.get(asked.id) == answered(asked, answer="yes")


def test_a_close_without_an_end_ends_now(database: Database) -> None:
    asked = database.turns.open(question())
    before = now()
    database.turns.close(replace(asked, status=TurnStatus.FAILED, error="no model"))
    stored = database.turns.get(asked.id)
    assert stored.ended_at is not None
    assert before <= stored.ended_at <= now()
    assert stored.error == "no model"


def test_a_turn_that_was_never_opened_cannot_be_closed_silently(database: Database) -> None:
    with pytest.raises(NotFoundError):
        database.turns.close(answered(question()))
    with pytest.raises(ValueError, match="not as open"):
        database.turns.close(database.turns.open(question()))
    for unknown in ("none", "no\0ne"):
        with pytest.raises(NotFoundError):
            database.turns.get(unknown)


def test_a_turn_whose_outbox_row_cannot_be_written_stays_open(database: Database, location: str) -> None:
    asked = database.turns.open(question())
    transactions = connect(location)
    with transactions.write() as connection:
        connection.execute(insert(outbox).values(turn_id=asked.id))
    with pytest.raises(IntegrityError):
        database.turns.close(answered(asked))
    assert database.turns.get(asked.id) == asked
    transactions.engine.dispose()


def test_strange_text_is_kept_rather_than_lost(database: Database) -> None:
    asked = database.turns.open(question("a\0b\ud83d"))
    assert asked.question == "a\ufffdb\ufffd"
    assert database.turns.close(answered(asked, answer="\0", error="\udfff", timings={"x": nan}))
    stored = database.turns.get(asked.id)
    assert (stored.answer, stored.error) == ("\ufffd", "\ufffd")
    assert str(stored.timings["x"]) == "nan"


def test_instants_are_the_same_whatever_zone_they_came_in(database: Database) -> None:
    there = datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    asked = database.turns.open(question(created_at=there))
    assert asked.created_at == there
    assert asked.created_at.isoformat() == "2026-03-28T17:30:00.123456+00:00"
    with pytest.raises(Exception, match="has no time zone"):
        database.turns.open(question(created_at=datetime(2026, 1, 1)))  # noqa: DTZ001  the mistake in question


def test_history_is_the_last_messages_of_done_turns_oldest_first(database: Database) -> None:
    for text in ("1", "2", "3"):
        ask(database, text)
    ask(database, "open", answer=False)
    failed = ask(database, "failed", answer=False)
    database.turns.close(replace(failed, status=TurnStatus.FAILED))
    ask(database, "other", Session("demo", "visitor-1", "other"))
    whole = [m for t in "123" for m in (Message("user", t), Message("assistant", f"Answer to {t}"))]
    assert database.turns.history(SESSION, 10) == whole
    assert database.turns.history(SESSION, 4) == whole[-4:]
    assert database.turns.history(SESSION, 3) == whole[-3:]
    assert database.turns.history(SESSION, 0) == []


def test_what_the_guard_answered_is_no_history(database: Database) -> None:
    ask(database, "When do you open?")
    refused = ask(database, " ", answer=False)
    assert database.turns.close(answered(refused, answer="Please type a question.", declined=True, model=""))
    assert [message.content for message in database.turns.history(SESSION, 2)] == [
        "When do you open?",
        "Answer to When do you open?",
    ]


def test_history_is_in_order_within_one_microsecond(database: Database) -> None:
    moment = now()
    asked = [database.turns.open(question(str(n), created_at=moment)) for n in range(12)]
    for turn in reversed(asked):  # the order of asking counts, not that of answering
        database.turns.close(answered(turn))
    said = [m.content for m in database.turns.history(SESSION, 100) if m.role == "user"]
    assert said == [str(n) for n in range(12)]


def test_a_person_without_the_session_does_not_see_it(database: Database) -> None:
    ask(database, "secret")
    assert database.turns.history(Session("demo", "visitor-2", SESSION.id), 10) == []


def test_turns_that_lost_their_host_are_aborted_and_exported(database: Database) -> None:
    early = now() - timedelta(hours=1)
    lost = database.turns.open(question("lost", created_at=early))
    done = database.turns.open(question("done", created_at=early))
    database.turns.close(answered(done))
    young = database.turns.open(question("young"))
    assert database.turns.abort_stale(now() - timedelta(minutes=5)) == 1
    assert database.turns.abort_stale(now() - timedelta(minutes=5)) == 0
    aborted = database.turns.get(lost.id)
    assert aborted.status is TurnStatus.ABORTED
    assert aborted.ended_at is not None
    assert aborted.error
    assert database.turns.close(answered(lost)) is False
    assert database.turns.get(young.id) == young
    assert sorted(exported(database)) == sorted([lost.id, done.id])


def test_many_threads_share_one_database(database: Database) -> None:
    with ThreadPoolExecutor(8) as threads:
        asked = list(threads.map(lambda n: ask(database, str(n)), range(40)))
    assert sorted(exported(database)) == sorted(turn.id for turn in asked)
    assert len(database.turns.history(SESSION, 1000)) == 80


def test_of_processes_that_close_at_once_one_succeeds_for_each_turn(database: Database, location: str) -> None:
    turns = [database.turns.open(question(str(n))).id for n in range(25)]
    results = race(_close_all, [(location, turns, name) for name in ("a", "b", "c")])
    assert [sum(closed) for closed in zip(*results, strict=True)] == [1] * len(turns)
    assert sorted(exported(database)) == sorted(turns)
    for turn, closed in zip(turns, zip(*results, strict=True), strict=True):
        assert database.turns.get(turn).answer == "abc"[closed.index(True)]


def _close_all(location: str, turns: list[str], answer: str) -> list[bool]:
    database = open_database(location)
    try:
        return [database.turns.close(answered(database.turns.get(turn), answer=answer)) for turn in turns]
    finally:
        database.close()


def test_processes_that_open_the_same_turns_agree_on_each(database: Database, location: str) -> None:
    turns = [question(str(n)) for n in range(25)]
    results = race(_open_all, [(location, turns, name) for name in ("a", "b", "c")])
    assert results[0] == results[1] == results[2]
    assert {stored.question for stored in results[0]} <= {"a", "b", "c"}


def _open_all(location: str, turns: list[Turn], text: str) -> list[Turn]:
    database = open_database(location)
    try:
        return [database.turns.open(replace(turn, question=text)) for turn in turns]
    finally:
        database.close()
