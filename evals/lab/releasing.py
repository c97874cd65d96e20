"""From changed pages to a staged build, and from there to the one that answers: `index --stage`, then `promote`."""

from __future__ import annotations

from contextlib import closing

from core.database import open_database
from core.knowledge import Knowledge
from core.records import Build
from core.settings import Settings
from core.tracking import Tracking
from evals.grade import light
from pipelines.index import index
from pipelines.pointer import operator
from pipelines.pointer import promote as publish
from pipelines.stage import Stores, changes_of, models_of, unwatched


def stage(site: str, settings: Settings) -> None:
    """A new build of what changed in the site's sources, graded and not yet live; none where nothing changed."""
    with closing(open_database(settings.database_location)) as database:
        stores = Stores(database, Knowledge(settings.knowledge_location), Tracking(settings.tracking_location))
        grade = light(site, settings, stores)
        index(site, settings, stores, models_of(settings), unwatched, grade=grade, go_live=False, by="lab.stage")


def promote(build: Build, settings: Settings) -> None:
    """The build answers from now on."""
    with closing(open_database(settings.database_location)) as database:
        knowledge = Knowledge(settings.knowledge_location)
        apply = changes_of(settings, Stores(database, knowledge, Tracking(settings.tracking_location))).apply
        live = database.sites.get(build.site).live_build
        publish(build.site, build.id, database, knowledge, apply, expected=live, by=operator("lab.promote"))
