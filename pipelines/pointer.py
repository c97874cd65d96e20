"""Moves a site's pointer: a build follows the change log as far as it goes, is checked, and then answers.

Knows neither how a build was made nor whether it is any good.
"""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable

from core.database import Database
from core.errors import ConflictError, NotFoundError
from core.knowledge import BuildTable, Knowledge
from core.records import Build, BuildStatus, Change
from pipelines.lease import held

PATIENCE = 60.0  # seconds that who publishes waits for another; a change takes milliseconds, and a promotion seconds

Apply = Callable[[Build, BuildTable, Change], None]  # makes one change to a build's table, and notes it


def publishing(site: str) -> str:
    """The lease under which a site's pointer moves and its live table changes."""
    return f"Publishing on site {site}"


def promote(
    site: str,
    build: str,
    database: Database,
    knowledge: Knowledge,
    apply: Apply,
    *,
    expected: str | None,
    by: str,
) -> None:
    """The build answers from now on, with every change that was made since it began.

    ConflictError where the site's pointer is not on `expected` any more, None being no build; IntegrityError where
    the build's table is not whole.
    """
    with held(database, publishing(site), wait=PATIENCE):
        record = database.builds.get(build)
        if record.site != site:
            raise NotFoundError(f"Site {site!r} has no build {build!r}.")
        if record.status not in (BuildStatus.STAGED, BuildStatus.PROMOTED):
            raise ConflictError(f"Build {build!r} is {record.status}: only a staged build can go live.")
        table = follow(record, database, knowledge, apply)
        table.verify(sum(file.chunks for file in database.builds.files(build)))
        database.sites.promote(site, build, expected=expected, by=by)


def operator(what: str) -> str:
    """Who promotes a build by hand, for the record."""
    return f"{what} by {getpass.getuser()} on {socket.gethostname()}"


def follow(build: Build, database: Database, knowledge: Knowledge, apply: Apply) -> BuildTable:
    """The build's table, after it took every change of the log that it lacks."""
    table = knowledge.open(build.table)
    for change in database.changes.after(build.site, build.changes_applied):
        apply(build, table, change)
    if not table.is_indexed():  # nor is what was put while the build was live before
        table.build_indices()
        table.index_vectors()
    return table
