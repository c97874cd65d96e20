"""What a site's owner decides, on SQLite and PostgreSQL alike: tier, cap and what was spent, pinned answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from core.database import Database
from core.database.engine import connect
from core.errors import NotFoundError
from core.records import Pin, Session, TurnStatus, new_id
from tests.fakes.records import answered, question

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MIDNIGHT = NOON - timedelta(hours=12)


def spend(database: Database, cost: float, *, site: str = "demo", asked: datetime = NOON) -> None:
    database.sites.ensure(site)
    turn = question(session=Session(site, "p", "s"), created_at=asked)
    database.turns.open(turn)
    database.turns.close(answered(turn, cost=cost))


def pin(site: str = "demo", asked: str = "Do you ship to Norway?", answer: str = "Yes.") -> Pin:
    return Pin(new_id(), site, asked, answer, "https://shop.example/shipping")


def test_what_an_owner_changes_is_kept_and_the_rest_stays(database: Database) -> None:
    first = database.sites.ensure("demo", "Demo")
    database.sites.ensure("other")
    changed = database.sites.change("demo", tier="paid", cap=2.5)
    assert changed == replace(first, tier="paid", cap=2.5) == database.sites.get("demo")
    assert database.sites.change("demo", tier=None, model="local") == replace(first, cap=2.5, model="local")
    assert database.sites.get("other").cap is None
    with pytest.raises(NotFoundError):
        database.sites.change("nowhere", tier="paid")


def test_a_days_spending_is_that_of_the_sites_own_turns_since_then(database: Database) -> None:
    for cost in (0.25, 0.5, 0.0):
        spend(database, cost)
    spend(database, 8, site="other")
    spend(database, 16, asked=MIDNIGHT - timedelta(microseconds=1))
    spend(database, 1, asked=MIDNIGHT)
    assert database.turns.spent("demo", MIDNIGHT) == 1.75
    assert database.turns.spent("nowhere", MIDNIGHT) == 0


def test_an_interrupted_turn_counts_with_what_it_has_cost(database: Database) -> None:
    database.sites.ensure("demo")
    turn = question(created_at=NOON)
    database.turns.open(turn)
    assert database.turns.spent("demo", MIDNIGHT) == 0
    database.turns.close(replace(turn, status=TurnStatus.ABORTED, cost=0.5))
    assert database.turns.spent("demo", MIDNIGHT) == 0.5


def test_spending_is_summed_from_an_index_alone(database: Database, location: str) -> None:
    spend(database, 1)
    if not location.startswith("sqlite"):
        pytest.skip("PostgreSQL scans a table of one row whatever its indices")
    transactions = connect(location)
    with transactions.read() as connection:
        query = "SELECT sum(cost) FROM turns WHERE site = 'demo' AND created_at >= '2026' AND cost > 0"
        assert "COVERING INDEX turns_paid" in str(connection.execute(text(f"EXPLAIN QUERY PLAN {query}")).all())
    transactions.engine.dispose()


def test_a_question_that_is_pinned_again_has_the_new_answer(database: Database) -> None:
    for site in ("demo", "other"):
        database.sites.ensure(site)
    first, other, foreign = pin(), pin(asked="Do you repair?"), pin("other")
    for each in (first, other, foreign):
        database.pins.put(each)
    assert database.pins.of("demo") == [first, other]
    newer = pin(answer="Not any more.")
    database.pins.put(newer)
    assert database.pins.of("demo") == [other, newer]
    assert database.pins.of("other") == [foreign]


def test_a_pin_is_removed_by_its_own_site_alone(database: Database) -> None:
    database.sites.ensure("demo")
    kept = pin()
    database.pins.put(kept)
    with pytest.raises(NotFoundError, match="sites pins other"):
        database.pins.remove("other", kept.id)
    database.pins.remove("demo", kept.id)
    assert database.pins.of("demo") == []
    with pytest.raises(NotFoundError):
        database.pins.put(pin("nowhere"))
