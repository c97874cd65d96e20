"""Builds: what each indexing of a site was made with, and what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from core.codec import plain
from core.database.engine import Transactions
from core.database.schema import builds, files, sites
from core.database.sites import require_site
from core.errors import ConflictError, NotFoundError
from core.grades import Grade
from core.records import Build, BuildStatus, IndexedFile

_COLUMNS = [builds.c[field.name] for field in fields(Build)]


class Builds:
    """The builds of all sites."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def create(self, build: Build) -> None:
        """Stores a new build."""
        row = plain(build) | {"created_at": build.created_at, "promoted_at": build.promoted_at}
        with self._transactions.write() as connection:
            require_site(connection, build.site)
            connection.execute(insert(builds).values(row))

    def finish(
        self,
        build: str,
        status: BuildStatus,
        counts: Mapping[str, float],
        seconds: Mapping[str, float],
        indexed: Sequence[IndexedFile] = (),
    ) -> None:
        """Records how a build came out, with every file it met; one that was promoted or dropped stays as it is."""
        outcome = {"status": status, "counts": plain(counts), "seconds": plain(seconds)}
        growing = builds.c.status.not_in([BuildStatus.PROMOTED, BuildStatus.DROPPED])
        with self._transactions.write() as connection:
            changed = connection.execute(update(builds).where(builds.c.id == build, growing).values(outcome)).rowcount
            if not changed:
                stored = _build(connection, build)
                raise ConflictError(f"Build {stored.id!r} is {stored.status} and cannot become {status}.")
            if indexed:
                connection.execute(insert(files), [asdict(file) | {"build": build} for file in indexed])

    def grade(self, build: str, grade: Grade) -> None:
        """Records what the gate said of the build, and its scores."""
        graded = {"verdict": grade.verdict, "scores": plain(grade.scores())}
        with self._transactions.write() as connection:
            if not connection.execute(update(builds).where(builds.c.id == build).values(graded)).rowcount:
                raise NotFoundError(f"There is no build {build!r}.")

    def files(self, build: str) -> list[IndexedFile]:
        """Every file that the build met, by source and path."""
        columns = [files.c[each.name] for each in fields(IndexedFile)]
        query = select(*columns).where(files.c.build == build).order_by(files.c.source, files.c.path)
        with self._transactions.read() as connection:
            return [IndexedFile(**row) for row in connection.execute(query).mappings()]

    def note_change(self, build: str, sequence: int, indexed: IndexedFile | str) -> None:
        """The build's table holds a change: the file it put, or the id of the document it erased."""
        erased = indexed if isinstance(indexed, str) else indexed.id
        with self._transactions.write() as connection:
            connection.execute(update(builds).where(builds.c.id == build).values(changes_applied=sequence))
            connection.execute(delete(files).where(files.c.build == build, files.c.id == erased))
            if isinstance(indexed, IndexedFile):
                connection.execute(insert(files).values(asdict(indexed) | {"build": build}))

    def drop(self, build: str) -> None:
        """Records that the build's table is gone; ConflictError while the build is live."""
        with self._transactions.write() as connection:
            stored = _build(connection, build)
            if connection.scalar(select(sites.c.live_build).where(sites.c.id == stored.site)) == build:
                raise ConflictError(f"Build {build!r} is live and cannot be dropped.")
            connection.execute(update(builds).where(builds.c.id == build).values(status=BuildStatus.DROPPED))
            connection.execute(delete(files).where(files.c.build == build))

    def get(self, build: str) -> Build:
        """The build, or NotFoundError."""
        with self._transactions.read() as connection:
            return _build(connection, build)

    def of(self, site: str) -> list[Build]:
        """The site's builds, newest first."""
        query = select(*_COLUMNS).where(builds.c.site == site).order_by(builds.c.sequence.desc())
        with self._transactions.read() as connection:
            return [_record(row) for row in connection.execute(query).mappings()]


def _build(connection: Connection, build: str) -> Build:
    row = connection.execute(select(*_COLUMNS).where(builds.c.id == build)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"There is no build {build!r}.")
    return _record(row)


def _record(row: RowMapping) -> Build:
    data: dict[str, Any] = dict(row)
    return Build(**data | {"status": BuildStatus(data["status"])})
