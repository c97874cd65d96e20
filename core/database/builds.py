"""Builds: what each indexing of a site was made with, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from core.codec import plain
from core.database.engine import Transactions
from core.database.schema import builds
from core.database.sites import require_site
from core.errors import ConflictError, NotFoundError
from core.records import Build, BuildStatus

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

    def finish(self, build: str, status: BuildStatus, counts: Mapping[str, int], seconds: Mapping[str, float]) -> None:
        """Records how a build came out; one that was promoted does not change any more."""
        outcome = {"status": status, "counts": plain(counts), "seconds": plain(seconds)}
        unpromoted = builds.c.status != BuildStatus.PROMOTED
        with self._transactions.write() as connection:
            changed = connection.execute(
                update(builds).where(builds.c.id == build, unpromoted).values(outcome)
            ).rowcount
            if not changed:
                stored = _build(connection, build)
                raise ConflictError(f"Build {stored.id!r} is {stored.status} and cannot become {status}.")

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
