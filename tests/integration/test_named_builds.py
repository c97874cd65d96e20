"""Builds by the names people give them: one meaning each, within one site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.database import Database, named_build
from core.errors import InvalidInputError, NotFoundError
from core.records import Build, BuildStatus
from tests.fakes.records import build

Make = Callable[..., Build]


@pytest.fixture
def make(database: Database) -> Make:
    def make(name: str, status: BuildStatus = BuildStatus.STAGED, *, live: bool = False, site: str = "demo") -> Build:
        before = database.sites.ensure(site).live_build
        made = replace(build(site), id=name)
        database.builds.create(made)
        database.builds.finish(name, BuildStatus.STAGED if live else status, {}, {})
        if live:
            database.sites.promote(site, name, expected=before, by="a test")
        return made

    return make


def test_live_is_what_answers_and_staged_the_newest_that_never_did(database: Database, make: Make) -> None:
    make("old", live=True)
    make("now", live=True)
    make("first")
    make("second")
    assert named_build(database, "demo", "live").id == "now"
    assert named_build(database, "demo", "staged").id == "second"


def test_previous_is_what_answered_before_the_live_one(database: Database, make: Make) -> None:
    make("oldest", live=True)
    make("never")
    make("now", live=True)
    make("newer", live=True)
    database.sites.promote("demo", "now", expected="newer", by="a rollback")
    assert named_build(database, "demo", "previous").id == "oldest"


def test_previous_is_never_a_build_that_was_rolled_back_from(database: Database, make: Make) -> None:
    make("good", live=True)
    make("bad", live=True)
    database.sites.promote("demo", "good", expected="bad", by="a rollback")
    make("next", live=True)
    assert named_build(database, "demo", "previous").id == "good"


@pytest.mark.parametrize("name", ["live", "staged", "previous"])
def test_a_site_without_one_is_told_what_to_do(database: Database, name: str) -> None:
    database.sites.ensure("demo")
    with pytest.raises(NotFoundError, match=r"pipelines index SOURCE --site demo"):
        named_build(database, "demo", name)


def test_the_first_build_has_none_before_it(database: Database, make: Make) -> None:
    make("only", live=True)
    with pytest.raises(NotFoundError, match="only is the oldest"):
        named_build(database, "demo", "previous")


def test_either_end_of_an_id_will_do_while_one_build_has_it(database: Database, make: Make) -> None:
    make("abc1")
    make("abd2")
    make("ab")
    assert named_build(database, "demo", "abc").id == named_build(database, "demo", "c1").id == "abc1"
    assert named_build(database, "demo", "ab").id == "ab"
    with pytest.raises(InvalidInputError, match="3 builds of site demo have 'a'"):
        named_build(database, "demo", "a")


def test_a_build_of_another_site_is_none_of_this_one(database: Database, make: Make) -> None:
    make("mine")
    make("theirs", site="other")
    for name in ("theirs", "nothing", ""):
        with pytest.raises(NotFoundError, match="status --site demo"):
            named_build(database, "demo", name)


@pytest.mark.parametrize("status", [BuildStatus.FAILED, BuildStatus.DROPPED])
def test_a_build_without_a_whole_table_is_refused(database: Database, make: Make, status: BuildStatus) -> None:
    make("broken", status)
    with pytest.raises(InvalidInputError, match=f"is {status}"):
        named_build(database, "demo", "broken")
