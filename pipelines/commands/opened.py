"""What every command of this half takes and opens: the site, `--json`, the database and the stores beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from core.database import Database, open_database
from core.settings import Settings

if TYPE_CHECKING:
    from pipelines.stage import Stores

Site = Annotated[str | None, typer.Option(help="The site. [default: FRONTDESK_SITE]")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]


@contextmanager
def database_of(settings: Settings) -> Iterator[Database]:
    """The database, open while the block runs."""
    database = open_database(settings.database_location)
    try:
        yield database
    finally:
        database.close()


def stores_of(settings: Settings, database: Database) -> Stores:
    """The database with the knowledge and the tracker that the settings name."""
    from core.knowledge import Knowledge
    from core.tracking import Tracking
    from pipelines.stage import Stores

    return Stores(database, Knowledge(settings.knowledge_location), Tracking(settings.tracking_location))
