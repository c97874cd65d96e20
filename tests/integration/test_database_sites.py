"""Sites, sources, builds and the pointer, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from core.database import Database, open_database
from core.errors import ConflictError, NotFoundError
from core.records import Build, BuildStatus, now
from tests.fakes.race import race
from tests.fakes.records import build


def staged(database: Database, **fields: Any) -> str:
    made = build(**fields)
    database.builds.create(made)
    database.builds.finish(made.id, BuildStatus.STAGED, {}, {})
    return made.id


def test_a_site_is_created_once_and_keeps_its_title(database: Database) -> None:
    first = database.sites.ensure("demo", "Demo shop")
    assert database.sites.ensure("demo", "Another") == first == database.sites.get("demo")
    assert (first.title, first.model, first.live_build) == ("Demo shop", None, None)
    assert first.created_at.tzinfo is UTC


def test_sites_are_listed_by_id_whatever_the_store_sorts_by(database: Database) -> None:
    for name in ("b", "a", "B", "ä"):
        database.sites.ensure(name)
    assert [site.id for site in database.sites.list()] == ["B", "a", "b", "ä"]


@pytest.mark.parametrize("name", ["nowhere", "no\0where"])
def test_an_unknown_site_is_answered_with_the_command_that_creates_it(database: Database, name: str) -> None:
    for ask in (database.sites.get, lambda site: database.sources.ensure(site, "/docs")):
        with pytest.raises(NotFoundError, match=r"python -m pipelines index SOURCE --site no"):
            ask(name)
    with pytest.raises(NotFoundError):
        database.builds.create(build(name))


def test_a_source_is_registered_once_per_site(database: Database) -> None:
    for site in ("one", "two"):
        database.sites.ensure(site)
    first = database.sources.ensure("one", "/docs", "https://x")
    other = database.sources.ensure("one", "/more")
    assert database.sources.ensure("one", "/docs") == first
    assert database.sources.ensure("two", "/docs").id != first.id
    assert database.sources.of("one") == [first, other]


def test_a_base_url_that_is_given_later_replaces_the_first(database: Database) -> None:
    database.sites.ensure("demo")
    first = database.sources.ensure("demo", "/docs", "https://x")
    assert database.sources.ensure("demo", "/docs", "https://y").base_url == "https://y"
    assert [source.id for source in database.sources.of("demo")] == [first.id]


def test_a_build_comes_back_as_it_was_created(database: Database) -> None:
    database.sites.ensure("demo")
    made = build()
    database.builds.create(made)
    assert database.builds.get(made.id) == made


def test_a_finished_build_says_what_it_did(database: Database) -> None:
    database.sites.ensure("demo")
    made = build()
    database.builds.create(made)
    database.builds.finish(made.id, BuildStatus.STAGED, {"documents/added": 3}, {"embed": 0.25})
    finished = database.builds.get(made.id)
    assert finished.status is BuildStatus.STAGED
    assert (finished.counts, finished.seconds) == ({"documents/added": 3}, {"embed": 0.25})


def test_builds_are_listed_newest_first_even_within_one_microsecond(database: Database) -> None:
    database.sites.ensure("demo")
    moment = now()
    made: list[Build] = [build(created_at=moment) for _ in range(20)]
    for one in made:
        database.builds.create(one)
    assert database.builds.of("demo") == made[::-1]
    assert database.builds.of("other") == []


def test_a_build_that_does_not_exist_is_not_found(database: Database) -> None:
    with pytest.raises(NotFoundError):
        database.builds.get("none")
    with pytest.raises(NotFoundError):
        database.builds.finish("none", BuildStatus.STAGED, {}, {})


def test_promotion_moves_the_pointer_and_marks_the_build(database: Database) -> None:
    database.sites.ensure("demo")
    first, second = staged(database), staged(database)
    database.sites.promote("demo", first, expected=None, by="a test")
    assert database.sites.get("demo").live_build == first
    promoted = database.builds.get(first)
    assert promoted.status is BuildStatus.PROMOTED
    assert promoted.promoted_at is not None
    database.sites.promote("demo", second, expected=first, by="test")
    database.sites.promote("demo", first, expected=second, by="test")  # a rollback
    assert database.sites.get("demo").live_build == first


def test_a_pointer_that_moved_meanwhile_is_not_moved_again(database: Database) -> None:
    database.sites.ensure("demo")
    first, second = staged(database), staged(database)
    database.sites.promote("demo", first, expected=None, by="a test")
    with pytest.raises(ConflictError, match=f"on build '{first}' by now, not on None"):
        database.sites.promote("demo", second, expected=None, by="a test")
    assert database.sites.get("demo").live_build == first
    assert database.builds.get(second).status is BuildStatus.STAGED


def test_only_a_staged_build_of_the_site_can_go_live(database: Database) -> None:
    for site in ("demo", "other"):
        database.sites.ensure(site)
    unfinished, foreign = build(), staged(database, site="other")
    database.builds.create(unfinished)
    with pytest.raises(ConflictError, match="is building"):
        database.sites.promote("demo", unfinished.id, expected=None, by="a test")
    for unknown in (foreign, "none"):
        with pytest.raises(NotFoundError, match="has no build"):
            database.sites.promote("demo", unknown, expected=None, by="a test")
    with pytest.raises(NotFoundError):
        database.sites.promote("nowhere", unfinished.id, expected=None, by="a test")
    assert database.sites.get("demo").live_build is None


def test_a_promoted_build_does_not_change_any_more(database: Database) -> None:
    database.sites.ensure("demo")
    live = staged(database)
    database.sites.promote("demo", live, expected=None, by="a test")
    with pytest.raises(ConflictError, match="is promoted and cannot become failed"):
        database.builds.finish(live, BuildStatus.FAILED, {}, {})


def test_a_build_that_was_dropped_as_its_maker_seemed_gone_is_never_staged(database: Database) -> None:
    database.sites.ensure("demo")
    unfinished = build()
    database.builds.create(unfinished)
    database.builds.drop(unfinished.id)
    with pytest.raises(ConflictError, match="is dropped and cannot become staged"):
        database.builds.finish(unfinished.id, BuildStatus.STAGED, {}, {})


def test_of_four_processes_that_promote_at_once_exactly_one_wins(database: Database, location: str) -> None:
    database.sites.ensure("demo")
    builds = [staged(database) for _ in range(4)]
    won = race(_promote, [(location, name) for name in builds])
    assert sorted(won) == [False, False, False, True]
    assert database.sites.get("demo").live_build == builds[won.index(True)]
    assert [database.builds.get(name).status is BuildStatus.PROMOTED for name in builds] == won


def _promote(location: str, name: str) -> bool:
    database = open_database(location)
    try:
        database.sites.promote("demo", name, expected=None, by="a test")
    except ConflictError:
        return False
    else:
        return True
    finally:
        database.close()
