"""The ready-made views: what they say of conversations that can be counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from duckdb import DuckDBPyRelation

from core.conversations import Conversations, views
from core.conversations.schema import FEEDBACK
from core.database import Batch
from core.records import Session, Turn, TurnStatus, Usage
from tests.fakes.records import answered, question

MORNING = datetime(2026, 5, 4, 8, tzinfo=UTC)
MEASURES = {"turns", "sessions", "declined", "aborted", "failed", "up", "down"} | {
    "p50_ms",
    "p95_ms",
    "input_tokens",
    "output_tokens",
    "cost",
}


def turn(name: str, session: str = "a/1", at: datetime = MORNING, ms: float = 100, **fields: object) -> Turn:
    site, person = session.split("/")
    asked = question(name, Session(site, person, f"s{person}"), created_at=at)
    facts = {"cost": 0.0, "usage": Usage(10, 5), "build": f"{site}-{at:%d}"} | fields
    return answered(asked, ended_at=at + timedelta(milliseconds=ms), **facts)


def said(turn: Turn, rating: str | None, comment: str, minutes: int) -> dict[str, object]:
    rated_at = turn.created_at + timedelta(minutes=minutes)
    return {"turn_id": turn.id, "site": "a", "rating": rating, "comment": comment, "rated_at": rated_at}


TURNS = (
    turn("fast", ms=100, cost=0.01),
    turn("again", ms=300, cost=0.03),
    turn("gap", "a/2", declined=True, ms=200),
    turn("broken", "a/2", status=TurnStatus.FAILED, ms=60_000),
    turn("other", "b/1", at=MORNING + timedelta(days=1), ms=900, cost=0.02),
    turn("left", "b/1", at=MORNING + timedelta(days=1), status=TurnStatus.ABORTED),
)
FAST, AGAIN, GAP, *_ = TURNS
RATINGS = [
    said(FAST, "up", "", 1),
    said(AGAIN, "up", "", 1),
    said(AGAIN, "down", "Wrong price.", 2),
    said(GAP, "up", "", 9),
]


@pytest.fixture
def turns(tmp_path: Path) -> DuckDBPyRelation:
    conversations = Conversations(str(tmp_path))
    conversations.write(Batch("b", TURNS[:4]))
    conversations.write(Batch("c", TURNS[4:]))
    for number, rating in enumerate(reversed(RATINGS)):  # in whatever order they come, the latest counts
        folder = tmp_path / "feedback" / "date=2026-05-04"
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist([rating], FEEDBACK), folder / f"{number}.parquet")
    return conversations.relation()


def named(relation: DuckDBPyRelation, *names: str) -> list[tuple[object, ...]]:
    return relation.select(*names).fetchall()


def test_a_turn_has_its_latest_rating_and_most_have_none(turns: DuckDBPyRelation) -> None:
    rated = turns.filter("rating IS NOT NULL").order("question")
    assert named(rated, "question", "rating", "comment") == [
        ("again", "down", "Wrong price."),
        ("fast", "up", None),
        ("gap", "up", None),
    ]
    assert turns.count("*").fetchall() == [(6,)]


def test_a_rating_that_was_taken_back_is_none(tmp_path: Path) -> None:
    conversations = Conversations(str(tmp_path))
    conversations.write(Batch("b", (FAST,)))
    folder = tmp_path / "feedback" / "date=2026-05-04"
    folder.mkdir(parents=True)
    rows = [said(FAST, "down", "No!", 1), said(FAST, None, "", 2)]
    pq.write_table(pa.Table.from_pylist(rows, FEEDBACK), folder / "b.parquet")
    assert named(conversations.relation(), "rating", "comment") == [(None, None)]


def test_days_are_counted(turns: DuckDBPyRelation) -> None:
    days = views.per_day(turns)
    counted = ("turns", "sessions", "declined", "aborted", "failed", "up", "down", "p50_ms")
    assert named(days, "date", *counted) == [
        (date(2026, 5, 4), 4, 2, 1, 0, 1, 2, 1, 200.0),
        (date(2026, 5, 5), 2, 1, 0, 1, 0, 0, 0, 900.0),
    ]
    [(tokens, written, cost)] = named(days.limit(1), "input_tokens", "output_tokens", "cost")
    assert (tokens, written, cost) == (40, 20, pytest.approx(0.04))


def test_sites_come_the_busiest_first(turns: DuckDBPyRelation) -> None:
    assert named(views.per_site(turns), "site", "turns", "failed") == [("a", 4, 1), ("b", 2, 0)]


def test_builds_come_as_they_answered(turns: DuckDBPyRelation) -> None:
    assert named(views.by_build(turns), "site", "build", "turns") == [("a", "a-04", 4), ("b", "b-05", 2)]


def test_declined_and_disliked_turns_are_found_with_their_words(turns: DuckDBPyRelation) -> None:
    assert named(views.declined(turns), "question", "search") == [("gap", GAP.search)]
    assert named(views.disliked(turns), "question", "answer", "comment") == [("again", AGAIN.answer, "Wrong price.")]


def test_slow_and_costly_turns_come_the_worst_first(turns: DuckDBPyRelation) -> None:
    assert named(views.slow(turns, 2), "question", "ms") == [("other", 900.0), ("again", 300.0)]
    assert named(views.costly(turns, 2), "question", "cost") == [("again", 0.03), ("other", 0.02)]


def test_a_view_is_of_what_is_left_of_the_turns_and_two_do_not_disturb_each_other(turns: DuckDBPyRelation) -> None:
    every, one = views.per_day(turns), views.per_day(turns.filter("site = 'b'"))
    assert len(one.fetchall()) == 1
    assert len(every.fetchall()) == 2


@pytest.mark.parametrize("view", ["per_day", "per_site", "by_build", "declined", "disliked", "slow", "costly"])
def test_every_view_has_its_columns_before_anything_was_asked_and_says_what_it_is(tmp_path: Path, view: str) -> None:
    ask = getattr(views, view)
    empty = ask(Conversations(str(tmp_path)).relation())
    assert empty.pl().is_empty()
    assert "site" in empty.columns or set(empty.columns) >= MEASURES
    assert ask.__doc__.endswith(".")


def test_who_does_not_ask_for_ratings_does_not_pay_for_them(turns: DuckDBPyRelation) -> None:
    assert "Join" not in turns.aggregate("site, count(*), sum(cost)", "site").explain()
    assert "Join" in turns.aggregate("site, count(rating)", "site").explain()
