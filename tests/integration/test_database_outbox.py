"""The outbox: every ended turn in one batch, whose name never changes; on SQLite and PostgreSQL alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from threading import Event
from time import sleep

import pytest
from sqlalchemy import event, insert

from core.database import Batch, Database, migrate, open_database
from core.database.engine import connect
from core.database.outbox import Outbox
from core.database.schema import outbox
from core.records import Turn
from tests.fakes.race import race
from tests.fakes.records import answered, question


@pytest.fixture(autouse=True)
def demo(request: pytest.FixtureRequest) -> None:
    if "database" in request.fixturenames:
        request.getfixturevalue("database").sites.ensure("demo")


def ended(database: Database, *texts: str) -> list[Turn]:
    turns = [answered(database.turns.open(question(text))) for text in texts]
    assert all(database.turns.close(turn) for turn in turns)
    return turns


def finish(database: Database) -> list[Batch]:
    """Claims and marks until nothing is left."""
    batches = []
    while batch := database.outbox.claim(10):
        batches.append(batch)
        database.outbox.mark_exported(batch.name)
    return batches


def test_nothing_waits_at_first(database: Database) -> None:
    database.turns.open(question())
    assert database.outbox.claim(10) is None


def test_a_batch_holds_whole_turns_in_the_order_they_ended(database: Database) -> None:
    turns = ended(database, "1", "2", "3")
    batch = database.outbox.claim(2)
    assert batch is not None
    assert list(batch.turns) == turns[:2]


def test_an_unfinished_batch_is_handed_out_again_before_any_new_one(database: Database) -> None:
    ended(database, "1", "2")
    first = database.outbox.claim(1)
    ended(database, "3")
    assert first is not None
    assert database.outbox.claim(100) == first
    database.outbox.mark_exported(first.name)
    database.outbox.mark_exported(first.name)
    rest = database.outbox.claim(100)
    assert rest is not None
    assert [turn.question for turn in rest.turns] == ["2", "3"]
    database.outbox.mark_exported(rest.name)
    assert database.outbox.claim(100) is None


def test_marking_a_batch_marks_no_other(database: Database) -> None:
    ended(database, "1")
    batch = database.outbox.claim(1)
    database.outbox.mark_exported("turns-none")
    assert database.outbox.claim(1) == batch


def test_batches_of_another_database_have_other_names(sqlite_location: str) -> None:
    names = []
    for location in (sqlite_location, f"{sqlite_location}.second"):
        migrate(location)
        database = open_database(location)
        database.sites.ensure("demo")
        ended(database, "1")
        names += [batch.name for batch in finish(database)]
        database.close()
    assert [name.rpartition("-")[0] for name in names] == ["turns-000000000001-000000000001"] * 2
    assert names[0] != names[1]


def test_a_turn_that_commits_late_under_a_lower_number_is_not_passed_over(postgres_location: str) -> None:
    """PostgreSQL gives out numbers in one order and commits in another."""
    migrate(postgres_location)
    database = open_database(postgres_location)
    database.sites.ensure("demo")
    slow, quick = (database.turns.open(question(text)) for text in ("slow", "quick"))
    transactions = connect(postgres_location)
    with transactions.write() as connection:
        connection.execute(insert(outbox).values(turn_id=slow.id))
        database.turns.close(answered(quick))
        assert [turn.id for batch in finish(database) for turn in batch.turns] == [quick.id]
    assert [turn.id for batch in finish(database) for turn in batch.turns] == [slow.id]
    transactions.engine.dispose()
    database.close()


def test_a_claim_waits_for_another_that_is_under_way(database: Database, location: str) -> None:
    turns = ended(database, "1", "2", "3")
    transactions = connect(location)
    chosen = Event()

    @event.listens_for(transactions.engine, "before_cursor_execute")
    def dawdle(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("UPDATE outbox"):
            chosen.set()
            sleep(0.3)

    with ThreadPoolExecutor() as threads:
        first = threads.submit(Outbox(transactions).claim, 2)
        chosen.wait()
        second = database.outbox.claim(3)
    assert first.result() == second
    assert second is not None
    assert list(second.turns) == turns[:2]
    transactions.engine.dispose()


def test_memory_and_export_take_the_same_turns_and_know_nothing_of_each_other(database: Database) -> None:
    turns = ended(database, "1", "2", "3")
    assert database.outbox.unremembered(2) == turns[:2]
    assert database.outbox.mark_remembered([turn.id for turn in turns[:2]]) == {turn.id for turn in turns[:2]}
    assert database.outbox.unremembered(2) == turns[2:]
    assert [turn for batch in finish(database) for turn in batch.turns] == turns
    assert database.outbox.unremembered(2) == turns[2:]


def test_memory_learns_which_of_its_turns_are_gone(database: Database) -> None:
    [turn] = ended(database, "1")
    assert database.outbox.mark_remembered([turn.id, "erased"]) == {turn.id}


def test_several_exporters_at_once_agree_on_every_batch(database: Database, location: str) -> None:
    turns = ended(database, *map(str, range(95)))
    claimed = race(_finish, [(location,)] * 3)
    batches = {name: ids for claims in claimed for name, ids in claims}
    assert all(batches[name] == ids for claims in claimed for name, ids in claims)
    assert sorted(chain(*batches.values())) == sorted(turn.id for turn in turns)
    assert database.outbox.claim(10) is None


def _finish(location: str) -> list[tuple[str, list[str]]]:
    database = open_database(location)
    try:
        return [(batch.name, [turn.id for turn in batch.turns]) for batch in finish(database)]
    finally:
        database.close()
