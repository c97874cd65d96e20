"""Drops the tables of builds that nobody needs any more; what they were stays on record.

Kept are the live build, the last few that answered before it, the newest while it waits for a promotion by hand, and
whatever was made, promoted or left within a grace for its readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from core.database import Database
from core.errors import ConflictError
from core.knowledge import Knowledge
from core.records import Build, BuildStatus, now


def drop_old(site: str, database: Database, knowledge: Knowledge, *, keep: int, grace: timedelta) -> list[str]:
    """Drops what is old, and what a run that died left behind; returns the builds whose tables are gone.

    To be called by the one process that may build for the site.
    """
    live = database.sites.get(site).live_build
    for build in superfluous(database.builds.of(site), live, keep, now() - grace):
        with suppress(ConflictError):  # somebody has just rolled back to it
            database.builds.drop(build.id)
    there = set(knowledge.tables())
    # On record first: a build whose table is gone can never go live. What a crash left in between goes now.
    gone = [build for build in database.builds.of(site) if build.status is BuildStatus.DROPPED and build.table in there]
    for build in gone:
        knowledge.drop(build.table)
    return [build.id for build in gone]


def superfluous(builds: Sequence[Build], live: str | None, keep: int, before: datetime) -> list[Build]:
    """Of builds, newest first, those to be dropped; `keep` promoted ones stay, and all from `before` on."""
    promoted = [build for build in builds if build.status is BuildStatus.PROMOTED]
    promoted.sort(key=_last_moment, reverse=True)  # a build that was rolled back to counts as what answered since
    whole = [build for build in builds if build.status in (BuildStatus.STAGED, BuildStatus.PROMOTED)]
    awaited = [build for build in whole[:1] if build.status is BuildStatus.STAGED]  # somebody may promote it yet
    kept = {live, *(build.id for build in [*promoted[:keep], *awaited, *_just_left(promoted, live, before)])}
    return [build for build in builds if build.id not in kept and _is_over(build, before)]


def _just_left(promoted: Sequence[Build], live: str | None, before: datetime) -> list[Build]:
    """The build that answered until the live one took its place, where that was not long ago: it has readers yet."""
    has_moved = bool(promoted) and promoted[0].id == live and _last_moment(promoted[0]) >= before
    return list(promoted[1:2]) if has_moved else []


def _last_moment(build: Build) -> datetime:
    return max(build.created_at, build.promoted_at or build.created_at)


def _is_over(build: Build, before: datetime) -> bool:
    match build.status:
        case BuildStatus.DROPPED:
            return False
        case BuildStatus.BUILDING:  # by a process that is gone: only one builds at a time
            return True
        case _:
            return _last_moment(build) < before
