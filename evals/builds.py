"""The build of a site that is measured, by any name that people give it."""

from __future__ import annotations

from contextlib import closing

from core.database import named_build, open_database
from core.records import Build
from core.settings import Settings


def site_build(site: str, settings: Settings, name: str = "live") -> Build:
    """The site's build called `live`, `staged`, `previous`, or by its id."""
    with closing(open_database(settings.database_location)) as database:
        return named_build(database, site, name)
