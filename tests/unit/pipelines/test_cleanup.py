"""Which builds are dropped, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.records import Build, BuildStatus, now
from pipelines.cleanup import superfluous
from tests.fakes.records import build

LONG_AGO = now() - timedelta(days=1)


def made(status: BuildStatus, *, ago: timedelta = timedelta(days=2)) -> Build:
    at = now() - ago
    return replace(build(), status=status, created_at=at, promoted_at=at if status is BuildStatus.PROMOTED else None)


def test_the_live_build_and_the_last_promoted_stay() -> None:
    builds = [made(BuildStatus.PROMOTED, ago=timedelta(days=days)) for days in range(2, 7)]
    assert superfluous(builds, builds[0].id, 3, LONG_AGO) == builds[3:]


def test_a_live_build_stays_however_old_it_is() -> None:
    builds = [made(BuildStatus.PROMOTED) for _ in range(5)]
    assert builds[4] not in superfluous(builds, builds[4].id, 1, LONG_AGO)


def test_what_is_young_stays_for_its_readers() -> None:
    young = [made(BuildStatus.PROMOTED, ago=timedelta(minutes=n)) for n in range(5)]
    assert superfluous(young, young[0].id, 1, LONG_AGO) == []


def test_the_build_that_answered_until_just_now_stays_for_its_readers() -> None:
    live = made(BuildStatus.PROMOTED, ago=timedelta(seconds=1))
    left, older = (made(BuildStatus.PROMOTED, ago=timedelta(days=days)) for days in (2, 3))
    assert superfluous([live, left, older], live.id, 1, LONG_AGO) == [older]
    assert superfluous([live, left, older], live.id, 1, now()) == [left, older]


def test_after_a_rollback_it_is_the_newer_one_that_has_readers_yet() -> None:
    left, live = made(BuildStatus.PROMOTED, ago=timedelta(days=2)), made(BuildStatus.PROMOTED, ago=timedelta(days=3))
    rolled_back = replace(live, promoted_at=now())
    assert superfluous([left, rolled_back], live.id, 1, LONG_AGO) == []


def test_a_build_that_was_rolled_back_to_stays_before_the_one_it_took_over_from() -> None:
    bad, good = made(BuildStatus.PROMOTED, ago=timedelta(days=5)), made(BuildStatus.PROMOTED, ago=timedelta(days=6))
    good = replace(good, promoted_at=now() - timedelta(days=4))
    live = made(BuildStatus.PROMOTED, ago=timedelta(days=3))
    assert superfluous([live, bad, good], live.id, 2, LONG_AGO) == [bad]


def test_a_staged_or_failed_build_goes_after_the_grace() -> None:
    old = [made(BuildStatus.FAILED), made(BuildStatus.STAGED)]
    assert superfluous([made(BuildStatus.STAGED, ago=timedelta(hours=1)), *old], None, 3, LONG_AGO) == old


def test_the_newest_build_stays_while_it_waits_for_a_promotion_by_hand() -> None:
    refused, before = made(BuildStatus.STAGED), made(BuildStatus.STAGED)
    assert superfluous([refused, before], None, 3, LONG_AGO) == [before]


def test_it_stays_when_a_later_run_failed() -> None:
    refused = made(BuildStatus.STAGED)
    assert refused not in superfluous([made(BuildStatus.FAILED), refused, made(BuildStatus.PROMOTED)], None, 3, now())


def test_what_a_killed_run_left_goes_at_once() -> None:
    left = made(BuildStatus.BUILDING, ago=timedelta(seconds=5))
    assert superfluous([left], None, 3, LONG_AGO) == [left]


def test_what_is_dropped_is_not_dropped_again() -> None:
    assert superfluous([made(BuildStatus.DROPPED)], None, 3, LONG_AGO) == []
