"""Builds by what people call them: `live`, `staged`, `previous`, an id, or how an id begins or ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from core.database.database import Database
from core.errors import InvalidInputError, NotFoundError
from core.records import Build, BuildStatus, Site

_WHOLE = (BuildStatus.STAGED, BuildStatus.PROMOTED)  # of the others there is no table, or half of one


def named_build(database: Database, site: str, name: str) -> Build:
    """The site's build of that name, with a whole table; else an error that says what to do."""
    known, builds = database.sites.get(site), database.builds.of(site)
    if name in _ROLES:
        return _ROLES[name](known, builds)
    found = _called(name, builds)
    if not found:
        raise NotFoundError(
            f"Site {site} has no build {name!r}. `python -m pipelines status --site {site}` lists those it has."
        )
    if len(found) > 1:
        raise InvalidInputError(
            f"{len(found)} builds of site {site} have {name!r} at an end of their id: name more of it."
        )
    if found[0].status not in _WHOLE:
        raise InvalidInputError(
            f"Build {found[0].id} of site {site} is {found[0].status}: only a build that is staged or was promoted "
            "can be used."
        )
    return found[0]


def _called(name: str, builds: Sequence[Build]) -> list[Build]:
    """The one whose id it is, else all whose id begins or ends with it."""
    exact = [build for build in builds if build.id == name]
    return exact or [build for build in builds if name and (build.id.startswith(name) or build.id.endswith(name))]


def _live(site: Site, builds: Sequence[Build]) -> Build:
    for build in builds:
        if build.id == site.live_build:
            return build
    raise NotFoundError(
        f"Site {site.id} has no live build. Make one: python -m pipelines index SOURCE --site {site.id}"
    )


def _staged(site: Site, builds: Sequence[Build]) -> Build:
    """The newest that has never answered."""
    for build in builds:
        if build.status is BuildStatus.STAGED:
            return build
    raise NotFoundError(
        f"Site {site.id} has no staged build. Make one: python -m pipelines index SOURCE --site {site.id} --stage"
    )


def _previous(site: Site, builds: Sequence[Build]) -> Build:
    """Of those that answered and are older than the live one, the last to answer: one rolled back from is passed by."""
    live = _live(site, builds)
    older = [build for build in builds[builds.index(live) + 1 :] if build.status is BuildStatus.PROMOTED]
    if older:
        return max(older, key=lambda build: build.promoted_at or build.created_at)
    raise NotFoundError(
        f"Site {site.id} has no build to roll back to: {live.id} is the oldest that answered and still has its table."
    )


_ROLES: Mapping[str, Callable[[Site, Sequence[Build]], Build]] = {
    "live": _live,
    "staged": _staged,
    "previous": _previous,
}
