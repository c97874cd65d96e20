"""The change log, the files of a build, and leases, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from typing import Any

import pytest

from core.database import Database, Standing, open_database
from core.errors import ConflictError, NotFoundError
from core.records import BuildStatus, Change, Document, IndexedFile
from tests.fakes.race import race
from tests.fakes.records import build

PAGE = Document("d1", "uploads", "häuser.md", "Häuser", "/häuser", "Öffnet um 9 🏠.", "ab", {"author": "me"})


@pytest.fixture(autouse=True)
def demo(database: Database) -> None:
    database.sites.ensure("demo")
    database.sites.ensure("other")


def test_changes_come_back_in_their_order_and_only_those_that_are_later(database: Database) -> None:
    first = database.changes.append("demo", Change("d1", PAGE))
    database.changes.append("other", Change("d1", None))
    second = database.changes.append("demo", Change("d1", None))
    assert [change.sequence for change in database.changes.after("demo", 0)] == [first, second]
    put, erased = database.changes.after("demo", 0)
    assert (put.document, erased.document) == (PAGE, None)
    assert database.changes.after("demo", first) == [erased]


def test_a_document_is_erased_until_it_is_put_again(database: Database) -> None:
    database.changes.append("demo", Change("d1", None))
    database.changes.append("other", Change("d2", None))
    assert database.changes.standing("demo") == Standing(erased=frozenset({"d1"}))
    database.changes.append("demo", Change("d1", PAGE))
    assert database.changes.standing("demo") == Standing(put=frozenset({"d1"}))


def test_a_change_of_an_unknown_site_is_refused(database: Database) -> None:
    with pytest.raises(NotFoundError):
        database.changes.append("nowhere", Change("d1", None))


def test_a_build_keeps_its_files_and_follows_changes(database: Database) -> None:
    made = build()
    database.builds.create(made)
    files = [IndexedFile("d1", "s1", "a.md", "ab", chunks=2), IndexedFile("d2", "s1", "b.pdf", "", "failed", "why")]
    database.builds.finish(made.id, BuildStatus.STAGED, {}, {}, files)
    assert database.builds.files(made.id) == files
    newer = IndexedFile("d1", "s1", "a.md", "cd", chunks=3)
    database.builds.note_change(made.id, 7, newer)
    database.builds.note_change(made.id, 8, "d2")
    assert database.builds.files(made.id) == [newer]
    assert database.builds.get(made.id).changes_applied == 8


def test_a_dropped_build_stays_on_record_and_a_live_one_is_not_dropped(database: Database) -> None:
    made = build()
    database.builds.create(made)
    database.builds.finish(made.id, BuildStatus.STAGED, {"chunks/embedded": 3}, {}, [IndexedFile("d1", "s1", "a", "")])
    database.sites.promote("demo", made.id, expected=None, by="a test")
    with pytest.raises(ConflictError, match="is live"):
        database.builds.drop(made.id)
    other = build()
    database.builds.create(other)
    database.builds.finish(other.id, BuildStatus.STAGED, {}, {})
    database.sites.promote("demo", other.id, expected=made.id, by="a test")
    database.builds.drop(made.id)
    dropped = database.builds.get(made.id)
    assert (dropped.status, dropped.counts, dropped.promoted_by) == (
        BuildStatus.DROPPED,
        {"chunks/embedded": 3},
        "a test",
    )
    assert database.builds.files(made.id) == []
    with pytest.raises(ConflictError):
        database.sites.promote("demo", made.id, expected=other.id, by="a test")


def test_a_lease_has_one_holder_who_may_prolong_it(database: Database) -> None:
    database.leases.take("work", "me", 60)
    database.leases.take("work", "me", 60)
    with pytest.raises(ConflictError, match="work is under way already: me holds it until"):
        database.leases.take("work", "you", 60)
    database.leases.take("other work", "you", 60)
    database.leases.release("work", "you")  # not yours
    with pytest.raises(ConflictError):
        database.leases.take("work", "you", 60)
    database.leases.release("work", "me")
    database.leases.take("work", "you", 60)


def test_a_lease_that_expired_is_free(database: Database) -> None:
    database.leases.take("work", "dead", -1)
    database.leases.take("work", "me", 60)
    with pytest.raises(ConflictError):
        database.leases.take("work", "dead", 60)


def _take(location: str, holder: str) -> bool:
    database = open_database(location)
    try:
        database.leases.take("work", holder, 60)
    except ConflictError:
        return False
    finally:
        database.close()
    return True


def test_of_many_who_want_a_lease_at_once_one_gets_it(database: Database, location: str) -> None:
    entries: list[tuple[Any, ...]] = [(location, f"process {number}") for number in range(4)]
    assert sum(race(_take, entries)) == 1
