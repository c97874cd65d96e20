"""The real stores of a test's own home, as an indexing takes them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.database import migrate, open_database
from core.knowledge import Knowledge
from core.settings import Settings
from core.tracking import Tracking
from pipelines.stage import Stores


@pytest.fixture
def stores(settings: Settings) -> Iterator[Stores]:
    """Database, knowledge and tracking, all new."""
    migrate(settings.database_location)
    database = open_database(settings.database_location)
    yield Stores(database, Knowledge(settings.knowledge_location), Tracking(settings.tracking_location))
    database.close()
