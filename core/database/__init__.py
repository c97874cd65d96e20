"""The database: sites, builds and all else that must not be lost, on SQLite or PostgreSQL alike."""

from core.database.changes import Standing
from core.database.database import Database, database_exists, open_database
from core.database.named import named_build
from core.database.outbox import Batch, Queue
from core.database.summaries import Older
from core.database.turns import Begun
from core.database.upgrade import migrate

__all__ = [
    "Batch",
    "Begun",
    "Database",
    "Older",
    "Queue",
    "Standing",
    "database_exists",
    "migrate",
    "named_build",
    "open_database",
]
