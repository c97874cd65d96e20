"""Sites, their sources, and the pointer that says which build is live."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, RowMapping, delete, select, update

from core.database.engine import Transactions, insert_if_absent
from core.database.schema import builds, sites, sources
from core.errors import ConflictError, NotFoundError
from core.records import BuildStatus, Site, Source, new_id, now


class Sites:
    """The sites and their live builds."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def ensure(self, site: str, title: str = "") -> Site:
        """The site, created where there is none; an existing one keeps its title."""
        with self._transactions.write() as connection:
            insert_if_absent(connection, sites, asdict(Site(site, title)))
            return _site(connection, site)

    def get(self, site: str) -> Site:
        """The site; NotFoundError says how to create it."""
        with self._transactions.read() as connection:
            return _site(connection, site)

    def list(self) -> list[Site]:
        """All sites, by id."""
        with self._transactions.read() as connection:
            rows = connection.execute(select(sites)).mappings().all()
        return sorted((Site(**row) for row in rows), key=lambda site: site.id)

    def change(self, site: str, **columns: str | float | None) -> Site:
        """The site with its columns as given now; NotFoundError where there is none."""
        with self._transactions.write() as connection:
            connection.execute(update(sites).where(sites.c.id == site).values(columns))
            return _site(connection, site)

    def promote(self, site: str, build: str, *, expected: str | None, by: str) -> None:
        """Points the site at a finished build, if it still points at `expected`; else ConflictError."""
        with self._transactions.write() as connection:
            _move_pointer(connection, site, build, expected)
            _mark_promoted(connection, site, build, by)


def require_site(connection: Connection, site: str) -> None:
    """NotFoundError where there is no such site."""
    _site(connection, site)


def _site(connection: Connection, site: str) -> Site:
    row = connection.execute(select(sites).where(sites.c.id == site)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(
            f"There is no site {site!r}. Create it with `python -m pipelines index SOURCE --site {site}`."
        )
    return Site(**row)


def _move_pointer(connection: Connection, site: str, build: str, expected: str | None) -> None:
    still = sites.c.live_build.is_not_distinct_from(expected)
    moved = connection.execute(update(sites).where(sites.c.id == site, still).values(live_build=build))
    if not moved.rowcount:
        live = _site(connection, site).live_build
        raise ConflictError(
            f"Build {build!r} was not promoted: site {site!r} is on build {live!r} by now, not on {expected!r}. "
            "Index again to build on what is live."
        )


def _mark_promoted(connection: Connection, site: str, build: str, by: str) -> None:
    ready = builds.c.status.in_([BuildStatus.STAGED, BuildStatus.PROMOTED])
    named = (builds.c.id == build) & (builds.c.site == site)
    promoted = {"status": BuildStatus.PROMOTED, "promoted_at": now(), "promoted_by": by}
    if connection.execute(update(builds).where(named, ready).values(promoted)).rowcount:
        return
    status = connection.scalar(select(builds.c.status).where(named))
    if status is None:
        raise NotFoundError(f"Site {site!r} has no build {build!r}.")
    raise ConflictError(f"Build {build!r} of site {site!r} is {status}: only a staged build can go live.")


class Sources:
    """Where the documents of each site come from."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def ensure(self, site: str, uri: str, base_url: str | None = None) -> Source:
        """The site's source with this URI, registered where it was not; a base URL that is given replaces its own."""
        named = (sources.c.site == site) & (sources.c.uri == uri)
        with self._transactions.write() as connection:
            require_site(connection, site)
            insert_if_absent(connection, sources, asdict(Source(new_id(), site, uri, base_url)))
            if base_url is not None:
                connection.execute(update(sources).where(named).values(base_url=base_url))
            return _source(connection.execute(select(sources).where(named)).mappings().one())

    def remove(self, source: str) -> None:
        """Forgets the source, if it is there; the next build of its site holds none of its documents."""
        with self._transactions.write() as connection:
            connection.execute(delete(sources).where(sources.c.id == source))

    def of(self, site: str) -> list[Source]:
        """The site's sources, oldest first."""
        query = select(sources).where(sources.c.site == site).order_by(sources.c.created_at, sources.c.id)
        with self._transactions.read() as connection:
            return [_source(row) for row in connection.execute(query).mappings()]


def _source(row: RowMapping) -> Source:
    return Source(**row)
